-- Logins and their roles of the cluster. Definer functions decide on session_user, the login itself,
-- which SET ROLE cannot change.

CREATE SCHEMA access AUTHORIZATION k_owner;

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
