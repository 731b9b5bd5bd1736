-- Definer functions decide on session_user, the login itself, which SET ROLE cannot change.

CREATE SCHEMA gate AUTHORIZATION k_owner;
CREATE SCHEMA access AUTHORIZATION k_owner;

-- What a login needs before it can be tried: the argon2id salt. An unknown name gets one too,
-- always the same, so that names cannot be told apart here.
CREATE FUNCTION gate.begin(p_username text, p_origin text) RETURNS TABLE (salt bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(
    (SELECT l.salt FROM public.logins l WHERE l.username = p_username),
    (SELECT substr(sha256(g.secret || convert_to(p_username, 'UTF8')), 1, 16) FROM public.gate_secret g));
$$;

-- The answer stored under a key, for the person whose act it was.
CREATE FUNCTION public.act_answer(p_key uuid) RETURNS TABLE (order_hash text, answer jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.order_hash, n.answer FROM public.act_answers n
  JOIN public.acts a ON a.key = n.key WHERE n.key = p_key AND a.person = session_user;
$$;

-- People by document prefix or by words in any order. Searching stands on a table granted to nobody:
-- bounded here, so that no role can page through the registry by raw SQL.
CREATE FUNCTION public.search_people(p_words text[], p_document text, p_limit integer)
RETURNS TABLE (patient_id uuid, rank integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  most integer := least(greatest(p_limit, 1), 50);
  keys text[] := ARRAY(SELECT '3' || left(w, 3) FROM unnest(p_words) w WHERE length(w) >= 3);
BEGIN
  IF p_document <> '' THEN
    RETURN QUERY
      SELECT d.patient_id, min(CASE WHEN d.number = p_document THEN 0 ELSE 1 END)::integer AS r
      FROM public.patient_documents d
      WHERE d.number >= p_document AND d.number < p_document || chr(1114111) AND d.valid
      GROUP BY d.patient_id ORDER BY r, min(d.number), d.patient_id LIMIT most;
  ELSIF cardinality(keys) > 0 THEN
    RETURN QUERY
      SELECT s.patient_id, (
          SELECT sum(CASE WHEN w = ANY (s.n) THEN 0 ELSE 1 END) FROM unnest(p_words) w)::integer AS r
      FROM public.patient_search s
      WHERE s.n @> keys AND NOT EXISTS (
        SELECT 1 FROM unnest(p_words) w
        WHERE NOT EXISTS (SELECT 1 FROM unnest(s.n) t WHERE starts_with(t, w)))
      ORDER BY r, cardinality(s.n), s.patient_id LIMIT most;
  END IF;
END $$;

-- Logins: roles of the cluster, made and changed here alone. Callers hold k_admin, or own the database.
CREATE FUNCTION access.demand_admin() RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT (pg_has_role(session_user, 'k_admin', 'MEMBER') OR pg_has_role(session_user, 'k_owner', 'MEMBER')) THEN
    RAISE EXCEPTION 'administration of logins needs k_admin' USING ERRCODE = '42501';
  END IF;
END $$;

CREATE FUNCTION access.create_login(p_username text, p_person bigint, p_salt bytea, p_verifier text,
                                    p_must_change boolean, p_is_demo boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.demand_admin();
  IF p_verifier !~ '^SCRAM-SHA-256\$\d+:' THEN
    RAISE EXCEPTION 'a verifier is needed, never a password' USING ERRCODE = '22023';
  END IF;
  -- A role of that name left over from another database of the cluster is not taken over.
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'u_' || p_username) THEN
    RAISE EXCEPTION 'the role exists' USING ERRCODE = '23505', CONSTRAINT = 'logins_pk';
  END IF;
  INSERT INTO public.logins (username, person_id, salt, must_change, is_demo)
    VALUES (p_username, p_person, p_salt, p_must_change, p_is_demo);
  EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT 20 PASSWORD %L', 'u_' || p_username, p_verifier);
END $$;

CREATE FUNCTION access.reset_login(p_username text, p_salt bytea, p_verifier text, p_must_change boolean)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.demand_admin();
  IF p_verifier !~ '^SCRAM-SHA-256\$\d+:' THEN
    RAISE EXCEPTION 'a verifier is needed, never a password' USING ERRCODE = '22023';
  END IF;
  UPDATE public.logins SET salt = p_salt, must_change = p_must_change WHERE username = p_username;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such login' USING ERRCODE = 'P0002';
  END IF;
  EXECUTE format('ALTER ROLE %I PASSWORD %L', 'u_' || p_username, p_verifier);
END $$;

-- Disabling also ends the sessions that are open. Only a member of a role may end its sessions
-- (pg_signal_backend is not an owner's to give where the owner is no superuser): so for a moment k_roles is.
CREATE FUNCTION access.enable_login(p_username text, p_enabled boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.demand_admin();
  UPDATE public.logins SET disabled_at = CASE WHEN p_enabled THEN NULL ELSE clock_timestamp() END
    WHERE username = p_username;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such login' USING ERRCODE = 'P0002';
  END IF;
  EXECUTE format('ALTER ROLE %I %s', 'u_' || p_username, CASE WHEN p_enabled THEN 'LOGIN' ELSE 'NOLOGIN' END);
  IF NOT p_enabled THEN
    EXECUTE format('GRANT %I TO k_roles', 'u_' || p_username);
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = 'u_' || p_username AND pid <> pg_backend_pid();
    EXECUTE format('REVOKE %I FROM k_roles', 'u_' || p_username);
  END IF;
END $$;

-- One's own new password. Not ALTER ROLE by the person: the server's log would keep the verifier.
CREATE FUNCTION access.change_own(p_salt bytea, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_verifier !~ '^SCRAM-SHA-256\$\d+:' THEN
    RAISE EXCEPTION 'a verifier is needed, never a password' USING ERRCODE = '22023';
  END IF;
  UPDATE public.logins SET salt = p_salt, must_change = false WHERE username = substr(session_user, 3);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such login' USING ERRCODE = 'P0002';
  END IF;
  EXECUTE format('ALTER ROLE %I PASSWORD %L', session_user, p_verifier);
END $$;

-- The group roles of a login follow its rows in clinic_roles.
CREATE FUNCTION access.sync_groups(p_username text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  names jsonb := '{"admisionista":"k_admision","secretaria":"k_secretaria","medico":"k_medico",
    "enfermeria":"k_enfermeria","laboratorio":"k_laboratorio","resultados":"k_resultados",
    "gestion":"k_gestion","administrador":"k_admin","privacidad":"k_privacidad"}';
  role_name text;
  group_name text;
  held boolean;
  due boolean;
BEGIN
  PERFORM access.demand_admin();
  FOR role_name, group_name IN SELECT key, value FROM jsonb_each_text(names) LOOP
    due := EXISTS (SELECT 1 FROM public.clinic_roles r JOIN public.logins l ON l.person_id = r.person_id
                   WHERE l.username = p_username AND r.role = role_name);
    held := EXISTS (SELECT 1 FROM pg_auth_members m
                    WHERE m.roleid = group_name::regrole AND m.member = ('"u_' || p_username || '"')::regrole);
    IF due AND NOT held THEN
      EXECUTE format('GRANT %I TO %I', group_name, 'u_' || p_username);
    ELSIF held AND NOT due THEN
      EXECUTE format('REVOKE %I FROM %I', group_name, 'u_' || p_username);
    END IF;
  END LOOP;
END $$;
