-- Definer functions decide on session_user, the login itself, which SET ROLE cannot change.

-- The answer stored under a key, for the person whose act it was.
CREATE FUNCTION public.act_answer(p_key uuid) RETURNS TABLE (order_hash text, answer jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.order_hash, n.answer FROM public.act_answers n
  JOIN public.acts a ON a.key = n.key WHERE n.key = p_key AND a.person = session_user;
$$;

-- People by document prefix or by words in any order. Searching stands on a table granted to nobody:
-- bounded here, so that no role can page through the registry by raw SQL. A sealed patient answers to
-- the whole document alone, and to whom they concern. Planned once a connection: no plan depends on what
-- is looked for, and planning costs as much as finding.
CREATE FUNCTION public.search_people(p_words text[], p_document text, p_limit integer)
RETURNS TABLE (patient_id uuid, rank integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  most integer := least(greatest(p_limit, 1), 50);
  keys text[] := ARRAY(SELECT '3' || left(w, 3) FROM unnest(p_words) w WHERE length(w) >= 3);
BEGIN
  IF p_document <> '' THEN
    RETURN QUERY
      SELECT d.patient_id, min(CASE WHEN d.number = p_document THEN 0 ELSE 1 END)::integer AS r
      FROM public.patient_documents d JOIN public.patients p ON p.patient_id = d.patient_id
      WHERE d.number >= p_document AND d.number < p_document || chr(1114111) AND d.valid
        AND (NOT p.sealed OR d.number = p_document OR charts.may_see_sealed(p.patient_id))
      GROUP BY d.patient_id ORDER BY r, min(d.number), d.patient_id LIMIT most;
  ELSIF cardinality(keys) > 0 THEN
    RETURN QUERY
      SELECT s.patient_id, (
          SELECT sum(CASE WHEN w = ANY (s.n) THEN 0 ELSE 1 END) FROM unnest(p_words) w)::integer AS r
      FROM public.patient_search s JOIN public.patients p ON p.patient_id = s.patient_id
      WHERE s.n @> keys AND NOT EXISTS (
        SELECT 1 FROM unnest(p_words) w
        WHERE NOT EXISTS (SELECT 1 FROM unnest(s.n) t WHERE starts_with(t, w)))
        AND (NOT p.sealed OR charts.may_see_sealed(p.patient_id))
      ORDER BY r, cardinality(s.n), s.patient_id LIMIT most;
  END IF;
END $$;
