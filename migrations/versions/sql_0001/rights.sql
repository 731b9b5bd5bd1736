-- What people hold: roles and single permissions per clinic, and the group roles that follow from them.

-- The group of the database behind each role, and behind a permission given singly (clinic/rights.py).
CREATE FUNCTION access.group_map() RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '{"roles": {"admisionista": "k_admision", "secretaria": "k_secretaria", "medico": "k_medico",
      "enfermeria": "k_enfermeria", "laboratorio": "k_laboratorio", "resultados": "k_resultados",
      "gestion": "k_gestion", "administrador": "k_admin", "privacidad": "k_privacidad"},
    "permissions": {"user.manage": "k_admin", "site.read": "k_staff", "site.manage": "k_admin",
      "room.manage": "k_secretaria", "agenda.manage": "k_secretaria", "agenda.own": "k_medico",
      "patient.read": "k_gestion", "patient.write": "k_admision", "patient.merge": "k_gestion", "turn.read": "k_gestion",
      "turn.book": "k_admision", "turn.overbook": "k_secretaria", "turn.overbook_beyond": "k_gestion",
      "turn.admit": "k_admision",
      "turn.call": "k_admision", "turn.attend": "k_medico", "turn.triage": "k_enfermeria",
      "day.close": "k_secretaria", "vitals.write": "k_enfermeria", "chart.read": "k_enfermeria",
      "chart.break_glass": "k_enfermeria", "chart.copy": "k_resultados",
      "care.relate": "k_secretaria", "note.write": "k_medico", "attachment.write": "k_enfermeria",
      "history.export": "k_resultados", "template.manage": "k_gestion", "report.read": "k_gestion",
      "import.run": "k_importacion", "patient.seal": "k_privacidad",
      "privacy.review": "k_privacidad", "audit.read": "k_privacidad", "audit.seal": "k_sello"}}'::jsonb;
$$;

-- A right of one's own counts where one also holds a role; a script's account has no role at all.
CREATE FUNCTION access.groups_due(p_username text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH me AS (
    SELECT l.person_id, l.kind FROM public.logins l
    WHERE l.username = p_username AND access.is_open(p_username)
  ), held AS (
    SELECT r.clinic_id, r.role FROM public.clinic_roles r JOIN me ON me.person_id = r.person_id
    WHERE me.kind = 'person' AND (r.until IS NULL OR r.until > clock_timestamp())
  ), given AS (
    SELECT g.permission FROM public.personal_rights g JOIN me ON me.person_id = g.person_id
    WHERE g.effect = 'grant' AND (g.until IS NULL OR g.until > clock_timestamp())
      AND (me.kind = 'service' OR g.clinic_id IN (SELECT held.clinic_id FROM held))
  ), due (name) AS (
    SELECT access.group_map() -> 'roles' ->> held.role FROM held
    UNION SELECT access.group_map() -> 'permissions' ->> given.permission FROM given
  )
  SELECT coalesce(array_agg(due.name ORDER BY due.name), '{}') FROM due WHERE due.name IS NOT NULL;
$$;

CREATE FUNCTION access.groups_held(p_username text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(g.rolname::text ORDER BY g.rolname::text), '{}')
  FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
  WHERE u.rolname = 'u_' || p_username AND g.rolname IN (
    SELECT value FROM jsonb_each_text(access.group_map() -> 'roles')
    UNION SELECT value FROM jsonb_each_text(access.group_map() -> 'permissions'));
$$;

-- The group roles of a login follow its rows. A closed login holds none: whatever connection of it is still
-- open is refused at its next statement, before anybody has ended it. For other definer functions alone.
CREATE FUNCTION access.follow_rights(p_username text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  due text[] := access.groups_due(p_username);
  held text[] := access.groups_held(p_username);
  name text;
BEGIN
  IF due = held THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('clinicdesk.groups', 0));
  held := access.groups_held(p_username);
  FOR name IN SELECT unnest(due) EXCEPT SELECT unnest(held) LOOP
    EXECUTE format('GRANT %I TO %I', name, 'u_' || p_username);
  END LOOP;
  FOR name IN SELECT unnest(held) EXCEPT SELECT unnest(due) LOOP
    EXECUTE format('REVOKE %I FROM %I', name, 'u_' || p_username);
  END LOOP;
END $$;

CREATE FUNCTION access.sync_groups(p_username text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.demand_admin();
  PERFORM access.follow_rights(p_username);
END $$;

-- The person behind a login that somebody else may change. Nobody gives themselves anything: who
-- administers asks another administrator.
CREATE FUNCTION access.person_changed(p_username text, p_gives boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found bigint;
BEGIN
  PERFORM access.demand_admin();
  SELECT l.person_id INTO found FROM public.logins l WHERE l.username = p_username FOR UPDATE;
  IF found IS NULL THEN
    RAISE EXCEPTION 'no such login' USING ERRCODE = 'P0002', CONSTRAINT = 'login_unknown';
  END IF;
  IF p_gives AND session_user = 'u_' || p_username THEN
    RAISE EXCEPTION 'nobody gives themselves rights' USING ERRCODE = '42501', CONSTRAINT = 'own_rights';
  END IF;
  RETURN found;
END $$;

-- After a change that takes something away: somebody must be left who administers without an end date.
-- The lock makes two that would take each other's place wait for one another.
CREATE FUNCTION access.demand_an_administrator() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('clinicdesk.administrators', 0));
  IF NOT pg_has_role(session_user, 'k_owner', 'MEMBER') AND NOT EXISTS (
    SELECT 1 FROM public.logins l JOIN public.clinic_roles r ON r.person_id = l.person_id
    WHERE l.disabled_at IS NULL AND l.expires_at IS NULL AND r.role = 'administrador' AND r.until IS NULL
      AND NOT EXISTS (SELECT 1 FROM public.personal_rights g
                      WHERE g.person_id = r.person_id AND g.clinic_id = r.clinic_id
                        AND g.permission = 'user.manage' AND g.effect = 'deny')) THEN
    RAISE EXCEPTION 'the last administrator' USING ERRCODE = '23514', CONSTRAINT = 'last_administrator';
  END IF;
END $$;

CREATE FUNCTION access.give_role(p_username text, p_clinic bigint, p_role text, p_until timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_person bigint := access.person_changed(p_username, true);
BEGIN
  IF EXISTS (SELECT 1 FROM public.logins l WHERE l.username = p_username AND l.kind = 'service') THEN
    RAISE EXCEPTION 'a script has no role' USING ERRCODE = '23514', CONSTRAINT = 'service_has_no_role';
  END IF;
  INSERT INTO public.clinic_roles (person_id, clinic_id, role, until) VALUES (v_person, p_clinic, p_role, p_until)
    ON CONFLICT ON CONSTRAINT clinic_roles_pk DO UPDATE SET until = excluded.until;
  PERFORM access.follow_rights(p_username);
  PERFORM access.demand_an_administrator();
END $$;

-- Whoever loses something begins anew: their sessions end, so that no desk goes on with what it knew.
CREATE FUNCTION access.take_role(p_username text, p_clinic bigint, p_role text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_person bigint := access.person_changed(p_username, false);
BEGIN
  DELETE FROM public.clinic_roles r WHERE r.person_id = v_person AND r.clinic_id = p_clinic AND r.role = p_role;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM access.follow_rights(p_username);
  PERFORM access.demand_an_administrator();
  PERFORM access.end_sessions(p_username, NULL, 'rights');
  RETURN true;
END $$;

-- One permission at one clinic: given or denied, the last word standing. A denial ends sessions too.
CREATE FUNCTION access.set_right(p_username text, p_clinic bigint, p_permission text, p_effect text,
                                 p_until timestamptz, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_person bigint := access.person_changed(p_username, p_effect = 'grant');
BEGIN
  IF p_effect = 'grant' AND NOT EXISTS (
      SELECT 1 FROM public.logins l LEFT JOIN public.clinic_roles r
        ON r.person_id = l.person_id AND r.clinic_id = p_clinic
        AND (r.until IS NULL OR r.until > clock_timestamp())
      WHERE l.username = p_username AND (l.kind = 'service' OR r.role IS NOT NULL)) THEN
    RAISE EXCEPTION 'no role at that clinic' USING ERRCODE = '23514', CONSTRAINT = 'role_before_right';
  END IF;
  INSERT INTO public.personal_rights (person_id, clinic_id, permission, effect, until, reason, set_by, set_at)
    VALUES (v_person, p_clinic, p_permission, p_effect, p_until, p_reason, session_user, clock_timestamp())
    ON CONFLICT ON CONSTRAINT personal_rights_pk DO UPDATE SET effect = excluded.effect,
      until = excluded.until, reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at;
  PERFORM access.follow_rights(p_username);
  PERFORM access.demand_an_administrator();
  IF p_effect = 'deny' THEN
    PERFORM access.end_sessions(p_username, NULL, 'rights');
  END IF;
END $$;

-- Neither given nor denied any more. To lift a denial is to give.
CREATE FUNCTION access.clear_right(p_username text, p_clinic bigint, p_permission text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_person bigint := access.person_changed(p_username, false);
  was text;
BEGIN
  DELETE FROM public.personal_rights g
    WHERE g.person_id = v_person AND g.clinic_id = p_clinic AND g.permission = p_permission
    RETURNING g.effect INTO was;
  IF was = 'deny' THEN
    PERFORM access.person_changed(p_username, true);
  ELSIF was = 'grant' THEN
    PERFORM access.end_sessions(p_username, NULL, 'rights');
  END IF;
  PERFORM access.follow_rights(p_username);
  RETURN was;
END $$;

-- What the person who asks holds of their own: nobody reads another's denials from here.
CREATE FUNCTION access.my_rights() RETURNS TABLE (clinic_id bigint, permission text, effect text, until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.clinic_id, g.permission, g.effect, g.until
  FROM public.personal_rights g JOIN public.logins l ON l.person_id = g.person_id
  WHERE l.username = substr(session_user, 3) ORDER BY g.clinic_id, g.permission;
$$;

-- Until when what somebody signs waits for a co-signature; NULL: not any more. Nobody says it of themselves.
CREATE FUNCTION access.supervise(p_username text, p_until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE public.people p SET supervised_until = p_until WHERE p.id = access.person_changed(p_username, true);
END $$;
