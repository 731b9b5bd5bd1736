-- Definer functions decide on session_user, the login itself, which SET ROLE cannot change.

-- The answer stored under a key, for the person whose act it was.
CREATE FUNCTION public.act_answer(p_key uuid) RETURNS TABLE (order_hash text, answer jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.order_hash, n.answer FROM public.act_answers n
  JOIN public.acts a ON a.key = n.key WHERE n.key = p_key AND a.person = session_user;
$$;
