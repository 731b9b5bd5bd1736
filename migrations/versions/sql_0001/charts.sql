-- Charts: leases, care relations, break-glass; policies on what is read by key.
-- Functions decide on session_user, the login itself, which SET ROLE cannot change. What they refuse
-- carries the name of a constraint, as a table's refusal would.

CREATE SCHEMA charts AUTHORIZATION k_owner;

-- The person behind the session; nobody where the login is closed or has expired.
CREATE FUNCTION charts.me() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.person_id FROM public.logins l
  WHERE l.username = substr(session_user, 3) AND starts_with(session_user, 'u_')
    AND access.is_open(l.username);
$$;

CREATE FUNCTION charts.is_member(p_group text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_has_role(session_user, p_group, 'MEMBER');
$$;

-- The charts that this session may read now, all of one person's: evaluated once per query by the row policies.
CREATE FUNCTION charts.leased() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH held AS (
    SELECT l.patient_id FROM public.chart_leases l
    WHERE l.login = session_user AND l.until > clock_timestamp() AND charts.me() IS NOT NULL
  ), standing AS (
    SELECT coalesce(p.merged_into, h.patient_id) AS id
    FROM held h LEFT JOIN public.patients p ON p.patient_id = h.patient_id
  )
  SELECT coalesce(array_agg(f.id), '{}') FROM (
    SELECT s.id FROM standing s
    UNION SELECT p.patient_id FROM standing s JOIN public.patients p ON p.merged_into = s.id) f;
$$;

-- The notes under these charts that wait for a co-signature which this person may give: a doctor of the clinic
-- where it was written (or, written elsewhere, of one where its author is a doctor), under nobody's supervision,
-- of the author's specialty where both have one.
CREATE FUNCTION charts.awaiting(p_person bigint, p_patients uuid[]) RETURNS SETOF public.notes
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.* FROM public.notes n
  JOIN public.records r ON r.patient_id = n.patient_id AND r.id = n.record_id
  JOIN public.people a ON a.id = n.author_id
  JOIN public.people me ON me.id = p_person AND coalesce(me.supervised_until <= clock_timestamp(), true)
  WHERE n.supervised AND n.author_id <> p_person AND (p_patients IS NULL OR n.patient_id = ANY (p_patients))
    AND (a.specialty IS NULL OR me.specialty IS NULL OR a.specialty = me.specialty)
    AND EXISTS (SELECT FROM public.clinic_roles c
      WHERE c.person_id = p_person AND c.role = 'medico' AND (c.until IS NULL OR c.until > clock_timestamp())
        AND (c.clinic_id = r.clinic_id OR r.clinic_id IS NULL AND EXISTS (
          SELECT FROM public.clinic_roles o
          WHERE o.person_id = n.author_id AND o.clinic_id = c.clinic_id AND o.role = 'medico')))
    AND NOT EXISTS (SELECT FROM public.cosignatures s
      WHERE s.patient_id = n.patient_id AND s.note_id = n.id AND s.verdict = 'cofirmada');
$$;

-- Turn today, a visit within 30 days, a draft not yet signed, a standing relation, or a supervised note to be
-- co-signed or just co-signed, under any of one person's charts.
CREATE FUNCTION charts.attends(p_person bigint, p_patients uuid[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
      SELECT 1 FROM public.turns t
      WHERE t.patient_id = ANY (p_patients) AND t.doctor_id = p_person AND t.voided_reason IS NULL
        AND t.state <> 'cancelado' AND t.day = (clock_timestamp() AT TIME ZONE t.zone)::date)
    OR EXISTS (
      SELECT 1 FROM public.visits v
      WHERE v.patient_id = ANY (p_patients) AND v.doctor_id = p_person
        AND v.started_at > clock_timestamp() - interval '30 days' AND v.late_reason IS NULL)
    OR EXISTS (
      SELECT 1 FROM public.turn_events e
      WHERE e.patient_id = ANY (p_patients) AND e.person_id = p_person AND e.to_state = 'en_curso'
        AND e.at > clock_timestamp() - interval '30 days')
    OR EXISTS (
      SELECT 1 FROM public.note_drafts d WHERE d.patient_id = ANY (p_patients) AND d.author = session_user)
    OR EXISTS (
      SELECT 1 FROM public.care_relations c
      WHERE c.patient_id = ANY (p_patients) AND c.person_id = p_person AND c.since <= current_date
        AND (c.until IS NULL OR c.until >= current_date) AND c.ended_at IS NULL)
    OR EXISTS (
      SELECT 1 FROM public.cosignatures s
      WHERE s.patient_id = ANY (p_patients) AND s.person_id = p_person
        AND s.at > clock_timestamp() - interval '30 days')
    OR EXISTS (SELECT 1 FROM charts.awaiting(p_person, p_patients));
$$;

-- A turn today, or an open visit, at a clinic where the person holds the role.
CREATE FUNCTION charts.is_expected(p_person bigint, p_patients uuid[], p_roles text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM public.turns t
    JOIN public.clinic_roles r ON r.clinic_id = t.clinic_id AND r.person_id = p_person AND r.role = ANY (p_roles)
      AND (r.until IS NULL OR r.until > clock_timestamp())
    WHERE t.patient_id = ANY (p_patients) AND t.voided_reason IS NULL AND t.state <> 'cancelado'
      AND t.day = (clock_timestamp() AT TIME ZONE t.zone)::date);
$$;

CREATE FUNCTION charts.is_related(p_patient uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT charts.me() IS NOT NULL AND (
    (charts.is_member('k_medico') AND charts.attends(charts.me(), m.ids))
    OR (charts.is_member('k_enfermeria')
        AND (charts.attends(charts.me(), m.ids)
             OR charts.is_expected(charts.me(), m.ids, ARRAY['enfermeria']))))
  FROM (SELECT public.patient_members(p_patient) AS ids) m;
$$;

-- Whether a sealed patient's row may be seen: by carers, at the counter that expects them, with a lease.
CREATE FUNCTION charts.may_see_sealed(p_patient uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT charts.is_member('k_privacidad') AND charts.me() IS NOT NULL
    OR p_patient = ANY (charts.leased())
    OR charts.is_related(p_patient)
    OR charts.is_expected(charts.me(), public.patient_members(p_patient),
                          ARRAY['admisionista', 'secretaria', 'medico', 'enfermeria']);
$$;

-- The limit of the widest role held.
CREATE FUNCTION charts.demand_pace() RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM public.chart_leases l
      WHERE l.login = session_user AND l.opened_at > clock_timestamp() - interval '1 hour')
     >= (SELECT coalesce(max(m.charts_per_hour), 0) FROM public.chart_limits m WHERE charts.is_member(m.group_role))
  THEN
    RAISE EXCEPTION 'too many charts within an hour' USING ERRCODE = '42501', CONSTRAINT = 'charts_hourly';
  END IF;
END $$;

-- The act of an opening, unless the desk wrote it under the same key already.
CREATE FUNCTION charts.write_act(p_act uuid, p_what text, p_purpose text, p_patient uuid, p_role text,
                                 p_host text, p_clinic bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.acts (key, role, host, clinic_id, patient_id, what, purpose, outcome)
  VALUES (p_act, p_role, left(p_host, 120), nullif(p_clinic, 0), p_patient, p_what, p_purpose, 'done')
  ON CONFLICT (key) DO NOTHING;
$$;

CREATE FUNCTION charts.grant_lease(p_patient uuid, p_purpose text, p_for interval) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM public.chart_leases l WHERE l.login = session_user AND l.until < clock_timestamp() - interval '1 day';
  INSERT INTO public.chart_leases (login, patient_id, purpose, opened_at, until)
  VALUES (session_user, p_patient, p_purpose, clock_timestamp(), clock_timestamp() + p_for)
  ON CONFLICT (login, patient_id) DO UPDATE
    SET purpose = excluded.purpose, opened_at = excluded.opened_at, until = excluded.until;
$$;

-- Enter a chart: a live lease on any of the person's slides, else a care relation opens a new one, with its act.
-- A lease by break-glass ends after its half hour, whatever is read under it.
CREATE FUNCTION charts.enter(p_act uuid, p_patient uuid, p_purpose text, p_role text, p_host text,
                             p_clinic bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  held public.chart_leases;
BEGIN
  SELECT * INTO held FROM public.chart_leases l
    WHERE l.login = session_user AND l.patient_id = ANY (public.patient_members(p_patient))
      AND l.until > clock_timestamp()
    ORDER BY l.until DESC LIMIT 1;
  IF FOUND AND charts.me() IS NOT NULL THEN
    IF held.purpose <> 'BTG' AND held.until < clock_timestamp() + interval '10 minutes' THEN
      UPDATE public.chart_leases SET until = clock_timestamp() + interval '15 minutes'
        WHERE login = session_user AND patient_id = held.patient_id;
    END IF;
    RETURN;
  END IF;
  IF NOT charts.is_related(p_patient) THEN
    RAISE EXCEPTION 'no care relation' USING ERRCODE = '42501', CONSTRAINT = 'charts_relation';
  END IF;
  PERFORM charts.demand_pace();
  PERFORM charts.write_act(p_act, 'chart.open', p_purpose, p_patient, p_role, p_host, p_clinic);
  PERFORM charts.grant_lease(p_patient, 'TREAT', interval '15 minutes');
END $$;

-- An opening without a care relation: pace, act, lease, and the reason for somebody of privacy to read.
CREATE FUNCTION charts.open_apart(p_act uuid, p_patient uuid, p_what text, p_purpose text, p_class text,
                                  p_reason text, p_role text, p_host text, p_clinic bigint, p_for interval)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.patients p WHERE p.patient_id = p_patient) THEN
    RAISE EXCEPTION 'no such patient' USING ERRCODE = '23503', CONSTRAINT = 'charts_patient';
  END IF;
  PERFORM charts.demand_pace();
  PERFORM charts.write_act(p_act, p_what, p_purpose, p_patient, p_role, p_host, p_clinic);
  PERFORM charts.grant_lease(p_patient, p_purpose, p_for);
  INSERT INTO public.chart_alerts (act, login, patient_id, class, reason, at)
  VALUES (p_act, session_user, p_patient, p_class, btrim(p_reason), clock_timestamp());
  RETURN clock_timestamp() + p_for;
END $$;

-- By emergency: half an hour, an alert, and somebody will look at it.
CREATE FUNCTION charts.break_glass(p_act uuid, p_patient uuid, p_class text, p_reason text, p_role text,
                                   p_host text, p_clinic bigint) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF charts.me() IS NULL OR NOT (charts.is_member('k_medico') OR charts.is_member('k_enfermeria')) THEN
    RAISE EXCEPTION 'no right to break the glass' USING ERRCODE = '42501';
  END IF;
  IF p_class = 'copia' THEN
    RAISE EXCEPTION 'no emergency' USING ERRCODE = '23514', CONSTRAINT = 'chart_alerts_class_ck';
  END IF;
  RETURN charts.open_apart(p_act, p_patient, 'chart.break_glass', 'BTG', p_class, p_reason, p_role, p_host,
                           p_clinic, interval '30 minutes');
END $$;

-- A copy on request: who delivers histories opens one for the errand, and says for whom.
CREATE FUNCTION charts.open_copy(p_act uuid, p_patient uuid, p_reason text, p_role text, p_host text,
                                 p_clinic bigint) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF charts.me() IS NULL OR NOT charts.is_member('k_resultados') THEN
    RAISE EXCEPTION 'no right to copies' USING ERRCODE = '42501';
  END IF;
  RETURN charts.open_apart(p_act, p_patient, 'chart.copy', 'COPY', 'copia', p_reason, p_role, p_host, p_clinic,
                           interval '15 minutes');
END $$;

-- Lock, logout, disable: whatever was open is closed.
CREATE FUNCTION charts.leave() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.chart_leases SET until = clock_timestamp()
  WHERE login = session_user AND until > clock_timestamp();
$$;

-- The identity of sealed patients whose rows the policy hides: enough to ask for the chart, no more.
CREATE FUNCTION charts.sealed_faces(p_ids uuid[])
RETURNS TABLE (asked uuid, patient_id uuid, chart_number bigint, given text, family text, sex text, birth date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.id, p.patient_id, p.chart_number, p.given, p.family, p.sex, p.birth
  FROM unnest(p_ids[1:50]) a (id) JOIN public.patients p ON p.patient_id = public.patient_standing(a.id)
  WHERE p.sealed AND charts.me() IS NOT NULL;
$$;

-- An alert's review: by another person than whose opening it was.
CREATE FUNCTION charts.review(p_alert bigint, p_outcome text, p_comment text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF charts.me() IS NULL OR NOT charts.is_member('k_privacidad') THEN
    RAISE EXCEPTION 'reviews belong to privacy' USING ERRCODE = '42501';
  END IF;
  IF EXISTS (SELECT 1 FROM public.chart_alerts a WHERE a.id = p_alert AND a.login = session_user) THEN
    RAISE EXCEPTION 'own alert' USING ERRCODE = '42501', CONSTRAINT = 'charts_own_alert';
  END IF;
  UPDATE public.chart_alerts SET reviewed_by = session_user, reviewed_at = clock_timestamp(),
      outcome = p_outcome, comment = nullif(btrim(p_comment), '')
    WHERE id = p_alert AND (reviewed_at IS NULL OR outcome = 'aclarar');
  RETURN FOUND;
END $$;

-- The clinics where the session's person holds a role.
CREATE FUNCTION charts.my_clinics() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT r.clinic_id), '{}') FROM public.clinic_roles r
  WHERE r.person_id = charts.me() AND (r.until IS NULL OR r.until > clock_timestamp());
$$;

-- The same for one role.
CREATE FUNCTION charts.clinics_as(p_role text) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(r.clinic_id), '{}') FROM public.clinic_roles r
  WHERE r.person_id = charts.me() AND r.role = p_role AND (r.until IS NULL OR r.until > clock_timestamp());
$$;

-- Clinical tables are read by key, so a policy costs one call per query and no index.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['records', 'notes', 'diagnoses', 'vitals', 'prescriptions', 'prescription_items',
                              'results', 'observations', 'treatments', 'treatment_ends', 'follow_ups'] LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY %I ON public.%I FOR SELECT TO k_medico, k_enfermeria, k_resultados
                    USING (patient_id = ANY ((SELECT charts.leased())::uuid[]))', name || '_leased', name);
    EXECUTE format('CREATE POLICY %I ON public.%I FOR INSERT TO k_medico, k_enfermeria
                    WITH CHECK (patient_id = ANY ((SELECT charts.leased())::uuid[]))', name || '_written', name);
  END LOOP;
END $$;

-- What was entered under another person's chart and belongs to one that is open.
CREATE FUNCTION charts.moved_in() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(m.entry_id), '{}') FROM public.misfiled m
  WHERE m.patient_id = ANY (charts.leased()) AND m.way = 'in' AND m.kind <> 'turn';
$$;
CREATE POLICY records_moved ON records FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY notes_moved ON notes FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (record_id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY diagnoses_moved ON diagnoses FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (record_id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY treatments_moved ON treatments FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (record_id = ANY ((SELECT charts.moved_in())::uuid[]));
-- What came with an entry is ended in the chart it belongs to, and read there as ended.
CREATE FUNCTION charts.treatments_moved_in() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(t.id), '{}') FROM public.misfiled m
  JOIN public.treatments t ON t.patient_id = m.other_id AND t.record_id = m.entry_id
  WHERE m.patient_id = ANY (charts.leased()) AND m.way = 'in' AND m.kind = 'record';
$$;
CREATE POLICY treatment_ends_moved ON treatment_ends FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (treatment_id = ANY ((SELECT charts.treatments_moved_in())::uuid[]));
CREATE POLICY treatment_ends_moved_written ON treatment_ends FOR INSERT TO k_medico
  WITH CHECK (treatment_id = ANY ((SELECT charts.treatments_moved_in())::uuid[]));
CREATE POLICY follow_ups_moved ON follow_ups FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (record_id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY results_moved ON results FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY vitals_moved ON vitals FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY prescriptions_moved ON prescriptions FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY prescription_items_moved ON prescription_items FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (prescription_id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY observations_moved ON observations FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (result_id = ANY ((SELECT charts.moved_in())::uuid[]));
ALTER TABLE misfiled ENABLE ROW LEVEL SECURITY;
CREATE POLICY misfiled_leased ON misfiled FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
CREATE POLICY misfiled_turns ON misfiled FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion
  USING (kind = 'turn');

-- What is written in somebody's name is written by that somebody.
CREATE POLICY notes_own ON notes AS RESTRICTIVE FOR INSERT TO k_medico WITH CHECK (author_id = (SELECT charts.me()));
-- An entry may tell of another doctor, where it is no visit's: it is told by who enters it.
CREATE POLICY records_own ON records AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (entered_by = (SELECT charts.me()) AND visit_id IS NULL
    OR entered_by IS NULL AND doctor_id = (SELECT charts.me()));
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY visits_seen ON visits FOR SELECT TO k_medico, k_enfermeria, k_resultados USING (true);
CREATE POLICY visits_own ON visits FOR INSERT TO k_medico WITH CHECK (doctor_id = (SELECT charts.me()));
CREATE POLICY visits_ended ON visits FOR UPDATE TO k_medico
  USING (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));
-- Who resolves what a closed day left over reads no visit: the visit of a turn that has ended ends with it.
CREATE FUNCTION charts.end_visit(p_patient uuid, p_turn uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.visits v SET ended_at = greatest(v.started_at, t.state_at)
  FROM public.turns t
  WHERE t.patient_id = p_patient AND t.id = p_turn AND t.state IN ('finalizado', 'cancelado')
    AND t.clinic_id = ANY (charts.my_clinics())
    AND v.patient_id = p_patient AND v.turn_id = p_turn AND v.ended_at IS NULL;
$$;
CREATE POLICY treatment_ends_own ON treatment_ends AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (person_id = (SELECT charts.me()));
-- Not in the chart that its entry has left.
CREATE POLICY treatment_ends_here ON treatment_ends AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (treatment_id = ANY ((SELECT charts.treatments_moved_in())::uuid[]) OR NOT EXISTS (
    SELECT FROM treatments t
    JOIN misfiled m ON m.patient_id = t.patient_id AND m.entry_id = t.record_id AND m.way = 'out'
    WHERE t.patient_id = treatment_ends.patient_id AND t.id = treatment_ends.treatment_id));
CREATE POLICY vitals_own ON vitals AS RESTRICTIVE FOR INSERT TO k_medico, k_enfermeria
  WITH CHECK (person_id = (SELECT charts.me()));

-- A sealed patient's row is seen by whom it concerns. Searching goes through definer functions.
ALTER TABLE patients ENABLE ROW LEVEL SECURITY;
CREATE POLICY patients_seen ON patients FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad
  USING (NOT sealed OR charts.may_see_sealed(patient_id));
CREATE POLICY patients_registered ON patients FOR INSERT TO k_admision, k_secretaria, k_medico
  WITH CHECK (NOT sealed AND merged_into IS NULL);
CREATE POLICY patients_edited ON patients FOR UPDATE TO k_admision, k_secretaria, k_medico, k_privacidad
  USING (NOT sealed OR charts.may_see_sealed(patient_id));

-- What was changed is seen by whoever sees the patient, and written with the change: of the version that stands.
ALTER TABLE patient_edits ENABLE ROW LEVEL SECURITY;
CREATE POLICY patient_edits_seen ON patient_edits FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad
  USING (EXISTS (SELECT FROM patients p WHERE p.patient_id = patient_edits.patient_id));
CREATE POLICY patient_edits_made ON patient_edits FOR INSERT TO k_admision, k_secretaria, k_medico, k_privacidad
  WITH CHECK (EXISTS (SELECT FROM patients p
    WHERE p.patient_id = patient_edits.patient_id AND p.version = patient_edits.version));

ALTER TABLE fact_edits ENABLE ROW LEVEL SECURITY;
CREATE POLICY fact_edits_seen ON fact_edits FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad
  USING (EXISTS (SELECT FROM patients p WHERE p.patient_id = fact_edits.patient_id));
CREATE POLICY fact_edits_made ON fact_edits FOR INSERT TO k_admision, k_secretaria, k_medico, k_enfermeria
  WITH CHECK (EXISTS (SELECT FROM patients p WHERE p.patient_id = fact_edits.patient_id));

-- Where a turn stood before a move is written with it, and by nobody else.
ALTER TABLE turn_moves ENABLE ROW LEVEL SECURITY;
CREATE POLICY turn_moves_seen ON turn_moves FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY turn_moves_made ON turn_moves FOR INSERT TO k_admision, k_secretaria, k_medico
  WITH CHECK (EXISTS (SELECT 1 FROM turn_events e
    WHERE e.patient_id = turn_moves.patient_id AND e.turn_id = turn_moves.turn_id AND e.seq = turn_moves.seq
      AND e.how = 'move' AND e.person_id = (SELECT charts.me())));

-- Whether nobody has written down that a patient died; nothing else of them is told.
CREATE FUNCTION public.is_living(p_patient uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN NOT EXISTS (SELECT FROM public.patients p
    WHERE p.patient_id = ANY (public.patient_members(p_patient)) AND p.deceased_on IS NOT NULL);
END $$;

-- The same as a refusal: asked once a turn's time is claimed, since a death entered meanwhile claims it too.
CREATE FUNCTION public.demand_living(p_patient uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT public.is_living(p_patient) THEN
    RAISE EXCEPTION 'the patient has died' USING ERRCODE = '23514', CONSTRAINT = 'patients_living';
  END IF;
END $$;

-- A step of a turn and an admission are their doer's own.
ALTER TABLE turn_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY turn_events_seen ON turn_events FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY turn_events_own ON turn_events FOR INSERT TO k_admision, k_secretaria, k_medico, k_enfermeria
  WITH CHECK (person_id = (SELECT charts.me()));
ALTER TABLE admissions ENABLE ROW LEVEL SECURITY;
CREATE POLICY admissions_seen ON admissions FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY admissions_own ON admissions FOR INSERT TO k_admision, k_secretaria
  WITH CHECK (person_id = (SELECT charts.me()) AND public.is_living(patient_id));

-- Triage, transfers and closings too are their doer's own; the counter gives the first level alone.
ALTER TABLE triage_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY triage_events_seen ON triage_events FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY triage_events_own ON triage_events FOR INSERT TO k_medico, k_enfermeria
  WITH CHECK (person_id = (SELECT charts.me()));
CREATE POLICY triage_events_first ON triage_events FOR INSERT TO k_admision, k_secretaria
  WITH CHECK (person_id = (SELECT charts.me()) AND seq = 1);
ALTER TABLE transfers ENABLE ROW LEVEL SECURITY;
CREATE POLICY transfers_seen ON transfers FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY transfers_own ON transfers FOR INSERT TO k_admision, k_secretaria, k_medico, k_enfermeria
  WITH CHECK (person_id = (SELECT charts.me()));
ALTER TABLE day_closings ENABLE ROW LEVEL SECURITY;
CREATE POLICY day_closings_seen ON day_closings FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY day_closings_own ON day_closings FOR INSERT TO k_secretaria
  WITH CHECK (person_id = (SELECT charts.me()) AND clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));

-- A turn is changed by whoever works at its clinic; before the patient has come, moved, confirmed and
-- cancelled by whoever gives turns in the network, and by management with the block that it suspends.
ALTER TABLE turns ENABLE ROW LEVEL SECURITY;
CREATE POLICY turns_seen ON turns FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY turns_made ON turns FOR INSERT TO k_admision, k_secretaria, k_medico
  WITH CHECK (public.is_living(patient_id));
CREATE POLICY turns_overbooked ON turns FOR INSERT TO k_gestion
  WITH CHECK (kind = 'overbook' AND public.is_living(patient_id)
    AND clinic_id = ANY ((SELECT charts.clinics_as('gestion'))::bigint[]));
CREATE POLICY turn_events_managed ON turn_events FOR INSERT TO k_gestion
  WITH CHECK (person_id = (SELECT charts.me()));
CREATE POLICY turns_moved ON turns FOR UPDATE TO k_admision, k_secretaria, k_medico, k_enfermeria
  USING (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));
CREATE POLICY turns_arranged ON turns FOR UPDATE TO k_admision, k_secretaria, k_medico
  USING (state IN ('registrado', 'confirmado', 'cancelado'))
  WITH CHECK (state IN ('registrado', 'confirmado', 'cancelado'));
-- Management arranges where it manages; elsewhere the turns of a doctor whose leave it granted or lifted, on
-- the days of that leave.
CREATE POLICY turns_managed ON turns FOR UPDATE TO k_gestion
  USING (state IN ('registrado', 'confirmado', 'cancelado')
    AND (clinic_id = ANY ((SELECT charts.clinics_as('gestion'))::bigint[])
      OR EXISTS (SELECT 1 FROM agenda_exceptions e
        WHERE e.kind = 'licencia' AND e.doctor_id = turns.doctor_id
          AND (SELECT charts.me()) IN (e.made_by, e.lifted_by)
          AND turns.day >= e.first_day AND (e.last_day IS NULL OR turns.day <= e.last_day))))
  WITH CHECK (state IN ('registrado', 'confirmado', 'cancelado'));

-- Overbooks: counted up to the block's limit by whoever may give them, beyond it by management alone.
ALTER TABLE block_places ENABLE ROW LEVEL SECURITY;
CREATE POLICY block_places_seen ON block_places FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
-- A place goes as its turn goes: cancelled, absent, voided, or standing elsewhere by now.
CREATE POLICY block_places_freed ON block_places FOR DELETE
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_gestion
  USING (NOT EXISTS (SELECT 1 FROM turns t
    WHERE t.patient_id = block_places.patient_id AND t.id = block_places.turn_id
      AND t.voided_reason IS NULL AND t.state NOT IN ('cancelado', 'ausente')
      AND (t.kind = 'walk_in' OR (t.block_id = block_places.block_id AND t.day = block_places.day
        AND (t.kind = 'overbook') = (block_places.pool = 'overbook')))));
CREATE POLICY block_places_taken ON block_places FOR INSERT TO k_admision, k_medico WITH CHECK (pool <> 'overbook');
CREATE POLICY block_places_overbooked ON block_places FOR INSERT TO k_secretaria
  WITH CHECK (pool <> 'overbook' OR n <= (SELECT b.overbooks FROM agenda_blocks b WHERE b.id = block_id));
CREATE POLICY block_places_beyond ON block_places FOR INSERT TO k_gestion WITH CHECK (pool = 'overbook');

-- Who waits, and who went without: entered and moved on in one's own name.
ALTER TABLE waitlist ENABLE ROW LEVEL SECURITY;
CREATE POLICY waitlist_seen ON waitlist FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY waitlist_own ON waitlist FOR INSERT TO k_admision, k_secretaria, k_medico
  WITH CHECK (asked_of = (SELECT charts.me()));
CREATE POLICY waitlist_moved ON waitlist FOR UPDATE TO k_admision, k_secretaria, k_medico
  USING (resolution IS NULL) WITH CHECK (changed_by = (SELECT charts.me()));
ALTER TABLE waitlist_offers ENABLE ROW LEVEL SECURITY;
CREATE POLICY waitlist_offers_seen ON waitlist_offers FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY waitlist_offers_own ON waitlist_offers FOR INSERT TO k_admision, k_secretaria, k_medico
  WITH CHECK (offered_by = (SELECT charts.me()) AND answer IS NULL);
CREATE POLICY waitlist_offers_answered ON waitlist_offers FOR UPDATE TO k_admision, k_secretaria, k_medico
  USING (answer IS NULL) WITH CHECK (answered_by = (SELECT charts.me()));
ALTER TABLE unmet_demand ENABLE ROW LEVEL SECURITY;
CREATE POLICY unmet_demand_seen ON unmet_demand FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY unmet_demand_own ON unmet_demand FOR INSERT TO k_admision, k_secretaria, k_medico
  WITH CHECK (person_id = (SELECT charts.me()));

-- What else is known of a person is seen, and written, by whom their row is seen. A consent and a document
-- taken from somebody are their writer's own.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['phones', 'contacts', 'coverages', 'authorisations', 'consents', 'former_documents'] LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY %I ON public.%I FOR SELECT TO k_admision, k_secretaria, k_medico, k_enfermeria,
                    k_laboratorio, k_resultados, k_gestion, k_privacidad
                    USING (EXISTS (SELECT FROM public.patients p WHERE p.patient_id = %I.patient_id))',
                    name || '_seen', name, name);
    EXECUTE format('CREATE POLICY %I ON public.%I FOR INSERT TO k_admision, k_secretaria, k_medico
                    WITH CHECK (EXISTS (SELECT FROM public.patients p WHERE p.patient_id = %I.patient_id))',
                    name || '_written', name, name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['phones', 'contacts', 'coverages'] LOOP
    EXECUTE format('CREATE POLICY %I ON public.%I FOR UPDATE TO k_admision, k_secretaria, k_medico
                    USING (EXISTS (SELECT FROM public.patients p WHERE p.patient_id = %I.patient_id))',
                    name || '_ended', name, name);
  END LOOP;
END $$;
-- Who was merged into whom, and why, is seen with the person.
ALTER TABLE patient_merges ENABLE ROW LEVEL SECURITY;
CREATE POLICY patient_merges_seen ON patient_merges FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad
  USING (EXISTS (SELECT FROM patients p WHERE p.patient_id = patient_merges.patient_id));
CREATE POLICY consents_own ON consents AS RESTRICTIVE FOR INSERT TO k_admision, k_secretaria, k_medico
  WITH CHECK (person_id = (SELECT charts.me()));
CREATE POLICY former_documents_own ON former_documents AS RESTRICTIVE FOR INSERT TO k_admision, k_secretaria, k_medico
  WITH CHECK (person_id = (SELECT charts.me()));
