-- Sessions: who is in, since when and from where; ending them, and closing a login.

-- The login's role of the cluster itself: open or shut, and until when the server takes its password.
CREATE FUNCTION access.role_open(p_username text, p_open boolean, p_until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('ALTER ROLE %I %s VALID UNTIL %L', 'u_' || p_username,
                 CASE WHEN p_open THEN 'LOGIN' ELSE 'NOLOGIN' END, coalesce(p_until::text, 'infinity'));
END $$;

-- End server processes of one login; NULL: all of them. Never the caller's own. Only a member of a role may end its sessions
-- (pg_signal_backend is not an owner's to give where the owner is no superuser): so for a moment k_roles is.
CREATE FUNCTION access.cut(p_username text, p_pids integer[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone integer;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('clinicdesk.cut', 0));
  EXECUTE format('GRANT %I TO k_roles', 'u_' || p_username);
  SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid)) INTO gone FROM pg_stat_activity a
    WHERE a.usename = 'u_' || p_username AND a.pid <> pg_backend_pid()
      AND (p_pids IS NULL OR a.pid = ANY (p_pids));
  EXECUTE format('REVOKE %I FROM k_roles', 'u_' || p_username);
  RETURN gone;
END $$;

-- End one session of a login, or all; whoever ends all their own keeps the one they ask from.
CREATE FUNCTION access.end_sessions(p_username text, p_session uuid, p_why text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mine uuid := (SELECT l.session_id FROM public.session_lines l WHERE l.pid = pg_backend_pid());
  ended integer;
  pids integer[];
BEGIN
  IF p_session IS NOT NULL OR session_user = 'u_' || p_username THEN
    pids := ARRAY(SELECT l.pid FROM public.session_lines l JOIN public.sessions s ON s.id = l.session_id
                  WHERE s.username = p_username AND (p_session IS NULL OR s.id = p_session)
                    AND s.id IS DISTINCT FROM mine);
  END IF;
  UPDATE public.sessions s SET ended_at = clock_timestamp(), ended_by = session_user, why = p_why
    WHERE s.username = p_username AND s.ended_at IS NULL AND (p_session IS NULL OR s.id = p_session)
      AND s.id IS DISTINCT FROM mine;
  GET DIAGNOSTICS ended = ROW_COUNT;
  PERFORM access.cut(p_username, pids);
  RETURN ended;
END $$;

CREATE FUNCTION access.end_session(p_username text, p_session uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.person_changed(p_username, false);
  RETURN access.end_sessions(p_username, p_session, 'ended');
END $$;

-- Which sessions have a connection now: the server knows, whatever their rows say.
CREATE FUNCTION access.live_sessions() RETURNS TABLE (session_id uuid, lines bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.session_id, count(*) FROM public.session_lines l
  JOIN public.sessions s ON s.id = l.session_id AND s.ended_at IS NULL
  JOIN pg_stat_activity a ON a.pid = l.pid AND a.usename = 'u_' || s.username
    AND a.datname = current_database()
  GROUP BY l.session_id;
$$;

-- One's own sessions, and the end of the others.
CREATE FUNCTION access.my_sessions()
RETURNS TABLE (id uuid, host text, role text, clinic_id bigint, started_at timestamptz, lines bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.id, s.host, s.role, s.clinic_id, s.started_at, v.lines
  FROM public.sessions s JOIN access.live_sessions() v ON v.session_id = s.id
  WHERE s.username = substr(session_user, 3);
$$;

CREATE FUNCTION access.end_own(p_session uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN access.end_sessions(access.demand_open(), p_session, 'own');
END $$;

-- Open or shut a login. Shutting it takes its groups away in the same transaction: a connection that
-- authenticated a moment before the commit finds nothing granted; `sweep` ends it.
CREATE FUNCTION access.enable_login(p_username text, p_enabled boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.person_changed(p_username, p_enabled);
  UPDATE public.logins l SET disabled_at = CASE WHEN p_enabled THEN NULL ELSE clock_timestamp() END
    WHERE l.username = p_username;
  PERFORM access.role_open(p_username, p_enabled, l.expires_at) FROM public.logins l WHERE l.username = p_username;
  PERFORM access.follow_rights(p_username);
  PERFORM access.demand_an_administrator();
  IF NOT p_enabled THEN
    PERFORM access.end_sessions(p_username, NULL, 'disabled');
  END IF;
END $$;

-- Until when a login may be used; NULL: for good. The server itself refuses the password afterwards.
CREATE FUNCTION access.expire_login(p_username text, p_until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.person_changed(p_username, true);
  UPDATE public.logins l SET expires_at = p_until WHERE l.username = p_username;
  PERFORM access.role_open(p_username, l.disabled_at IS NULL, p_until)
    FROM public.logins l WHERE l.username = p_username;
  PERFORM access.follow_rights(p_username);
  PERFORM access.demand_an_administrator();
  IF p_until <= clock_timestamp() THEN
    PERFORM access.end_sessions(p_username, NULL, 'expired');
  END IF;
END $$;

-- End whatever connections logins have that are closed by now. Asked for after a login has been closed,
-- and by everybody who comes in; it tells how many it ended.
CREATE FUNCTION access.sweep() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(sum(access.cut(l.username, NULL)), 0)::integer FROM public.logins l
  WHERE NOT access.is_open(l.username)
    AND EXISTS (SELECT 1 FROM pg_stat_activity a
                WHERE a.usename = 'u_' || l.username AND a.datname = current_database());
$$;

-- The login of who asks, locked: whoever closes it at this moment is waited for, then obeyed.
CREATE FUNCTION access.demand_open() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me text := substr(session_user, 3);
BEGIN
  PERFORM 1 FROM public.logins l WHERE l.username = me FOR SHARE;
  IF NOT access.is_open(me) THEN
    RAISE EXCEPTION 'this login is closed' USING ERRCODE = '42501', CONSTRAINT = 'session_ended';
  END IF;
  RETURN me;
END $$;

-- Coming in: once for each login, from the first connection. Tells the session's id and the login before.
CREATE FUNCTION access.enter(p_host text, p_role text, p_clinic bigint)
RETURNS TABLE (session_id uuid, last_at timestamptz, last_host text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me text := access.demand_open();
BEGIN
  PERFORM access.demand_role(me, p_role, p_clinic);
  PERFORM access.follow_rights(me);
  PERFORM access.sweep();
  SELECT s.started_at, s.host INTO last_at, last_host FROM public.sessions s
    WHERE s.username = me ORDER BY s.started_at DESC LIMIT 1;
  session_id := gen_random_uuid();
  INSERT INTO public.sessions (id, username, host, role, clinic_id)
    VALUES (session_id, me, left(p_host, 120), p_role, p_clinic);
  PERFORM access.note_line(session_id);
  PERFORM access.note_act('login', session_id);
  RETURN NEXT;
END $$;

-- Another role of the same person in the same session.
CREATE FUNCTION access.switch_role(p_session uuid, p_role text, p_clinic bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me text := access.demand_open();
BEGIN
  PERFORM access.demand_role(me, p_role, p_clinic);
  UPDATE public.sessions s SET role = p_role, clinic_id = p_clinic
    WHERE s.id = p_session AND s.username = me AND s.ended_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this session has ended' USING ERRCODE = '42501', CONSTRAINT = 'session_ended';
  END IF;
  PERFORM access.note_act('session.switch', p_session);
END $$;

CREATE FUNCTION access.demand_role(p_username text, p_role text, p_clinic bigint) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
      SELECT 1 FROM public.logins l JOIN public.clinic_roles r ON r.person_id = l.person_id
      WHERE l.username = p_username AND r.role = p_role AND r.clinic_id = p_clinic
        AND (r.until IS NULL OR r.until > clock_timestamp())
      UNION ALL
      SELECT 1 FROM public.logins l JOIN public.personal_rights g ON g.person_id = l.person_id
      WHERE l.username = p_username AND l.kind = 'service' AND p_role = 'servicio' AND g.clinic_id = p_clinic) THEN
    RAISE EXCEPTION 'that role is not held there' USING ERRCODE = '42501', CONSTRAINT = 'role_not_held';
  END IF;
END $$;

-- Another connection of a session that goes on: refused once the session or its login has ended, and after
-- its twelve hours (with a little for what is saved at their end).
CREATE FUNCTION access.resume(p_session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me text := access.demand_open();
BEGIN
  PERFORM 1 FROM public.sessions s
    WHERE s.id = p_session AND s.username = me AND s.ended_at IS NULL
      AND s.started_at > clock_timestamp() - interval '12 hours 5 minutes' FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this session has ended' USING ERRCODE = '42501', CONSTRAINT = 'session_ended';
  END IF;
  PERFORM access.note_line(p_session);
END $$;

-- Going out, by oneself: a second time changes nothing.
CREATE FUNCTION access.leave(p_session uuid, p_why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE public.sessions s SET ended_at = clock_timestamp(), ended_by = session_user, why = p_why
    WHERE s.id = p_session AND s.username = substr(session_user, 3) AND s.ended_at IS NULL;
  IF FOUND THEN
    DELETE FROM public.session_lines l WHERE l.session_id = p_session;
    PERFORM access.note_act('session.logout', p_session);
  END IF;
END $$;

CREATE FUNCTION access.note_line(p_session uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.session_lines (pid, session_id) VALUES (pg_backend_pid(), p_session)
  ON CONFLICT ON CONSTRAINT session_lines_pk DO UPDATE SET session_id = excluded.session_id;
$$;

-- An act of the session itself: the database is told nothing about it that it does not know.
CREATE FUNCTION access.note_act(p_what text, p_session uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.acts (key, role, host, clinic_id, what, purpose, outcome, session)
  SELECT gen_random_uuid(), s.role, s.host, s.clinic_id, p_what, 'OPER', 'done', s.id
  FROM public.sessions s WHERE s.id = p_session;
$$;
