-- Logins and their roles of the cluster. Definer functions decide on session_user, the login itself,
-- which SET ROLE cannot change.

CREATE SCHEMA access AUTHORIZATION k_owner;

-- Whether a login may be used now.
CREATE FUNCTION access.is_open(p_username text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM public.logins l WHERE l.username = p_username AND l.disabled_at IS NULL
                   AND (l.expires_at IS NULL OR l.expires_at > clock_timestamp()));
$$;

-- Who administers people: by role at any clinic or by a right of their own, unless denied there. The rows
-- decide, not membership of k_admin, which other permissions bring too.
CREATE FUNCTION access.administers(p_username text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT access.is_open(p_username) AND EXISTS (
    SELECT 1 FROM public.logins l JOIN public.clinic_roles r ON r.person_id = l.person_id
    LEFT JOIN public.personal_rights g ON g.person_id = r.person_id AND g.clinic_id = r.clinic_id
      AND g.permission = 'user.manage' AND (g.until IS NULL OR g.until > clock_timestamp())
    WHERE l.username = p_username AND (r.until IS NULL OR r.until > clock_timestamp())
      AND coalesce(g.effect = 'grant', r.role = 'administrador'));
$$;

-- Logins: roles of the cluster, made and changed here alone. Callers administer, or own the database.
CREATE FUNCTION access.demand_admin() RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT (access.administers(substr(session_user, 3)) OR pg_has_role(session_user, 'k_owner', 'MEMBER')) THEN
    RAISE EXCEPTION 'administration of logins needs k_admin' USING ERRCODE = '42501';
  END IF;
END $$;

-- Nobody but the database's owner (init, demo) gives a person a password. Administration makes the login without
-- one and hands out a code: so it never knows what opens it. The password of a script is its administrators'.
CREATE FUNCTION access.create_login(p_username text, p_person bigint, p_salt bytea, p_verifier text,
                                    p_must_change boolean, p_is_demo boolean,
                                    p_kind text DEFAULT 'person') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.demand_admin();
  IF p_verifier IS NOT NULL THEN
    PERFORM access.demand_verifier(p_verifier);
    IF p_kind <> 'service' AND NOT pg_has_role(session_user, 'k_owner', 'MEMBER') THEN
      RAISE EXCEPTION 'a password is its own person''s' USING ERRCODE = '42501';
    END IF;
  END IF;
  -- A role of that name left over from another database of the cluster is not taken over.
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'u_' || p_username) THEN
    RAISE EXCEPTION 'the role exists' USING ERRCODE = '23505', CONSTRAINT = 'logins_pk';
  END IF;
  INSERT INTO public.logins (username, person_id, salt, must_change, is_demo, kind)
    VALUES (p_username, p_person, p_salt, p_must_change, p_is_demo, p_kind);
  EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT 20 PASSWORD %L', 'u_' || p_username, p_verifier);
END $$;

CREATE FUNCTION access.demand_verifier(p_verifier text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_verifier !~ '^SCRAM-SHA-256\$\d+:' THEN
    RAISE EXCEPTION 'a verifier is needed, never a password' USING ERRCODE = '22023';
  END IF;
END $$;

-- A single-use code for a person, good for a day; what was handed out before and not used is void. One that
-- comes with the login itself is its way in; of any other the person is told.
CREATE FUNCTION access.issue_code(p_username text, p_hash bytea) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  good_until timestamptz := clock_timestamp() + interval '24 hours';
BEGIN
  PERFORM access.demand_admin();
  DELETE FROM public.recovery_codes c WHERE c.username = p_username
    AND (c.used_at IS NULL OR c.used_at < clock_timestamp() - interval '30 days');
  INSERT INTO public.recovery_codes (hash, username, expires_at, is_first)
    VALUES (p_hash, p_username, good_until,
            EXISTS (SELECT FROM public.logins l WHERE l.username = p_username AND l.created_at >= now()));
  RETURN good_until;
END $$;

-- For the gate, when a code has been used, and for the account of a script.
CREATE FUNCTION access.replace_password(p_username text, p_salt bytea, p_verifier text, p_must_change boolean)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.demand_verifier(p_verifier);
  UPDATE public.logins SET salt = p_salt, must_change = p_must_change WHERE username = p_username;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such login' USING ERRCODE = 'P0002';
  END IF;
  EXECUTE format('ALTER ROLE %I PASSWORD %L', 'u_' || p_username, p_verifier);
END $$;

-- Another password for the account of a script, whose administrators keep its file. Never a person's.
CREATE FUNCTION access.reset_service(p_username text, p_salt bytea, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.demand_admin();
  IF NOT EXISTS (SELECT FROM public.logins l WHERE l.username = p_username AND l.kind = 'service') THEN
    RAISE EXCEPTION 'a password is its own person''s' USING ERRCODE = '42501';
  END IF;
  PERFORM access.replace_password(p_username, p_salt, p_verifier, false);
END $$;

-- One's own new password. Not ALTER ROLE by the person: the server's log would keep the verifier.
CREATE FUNCTION access.change_own(p_salt bytea, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT starts_with(session_user, 'u_') THEN
    RAISE EXCEPTION 'no such login' USING ERRCODE = 'P0002';
  END IF;
  PERFORM access.replace_password(substr(session_user, 3), p_salt, p_verifier, false);
END $$;
