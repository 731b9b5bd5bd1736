-- The gate: what may be asked before anybody has logged in, by k_gate alone.

CREATE SCHEMA gate AUTHORIZATION k_owner;

-- What a login needs before it can be tried: the argon2id salt. An unknown name gets one too,
-- always the same, so that names cannot be told apart here.
CREATE FUNCTION gate.begin(p_username text, p_origin text) RETURNS TABLE (salt bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(
    (SELECT l.salt FROM public.logins l WHERE l.username = p_username),
    (SELECT substr(sha256(g.secret || convert_to(p_username, 'UTF8')), 1, 16) FROM public.gate_secret g));
$$;
