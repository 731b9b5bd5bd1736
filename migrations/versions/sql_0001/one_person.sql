-- One person under several charts: a merge retires one and leaves every row where it stands, so that taking
-- it back is exact. `patients.merged_into` names the one that stands for all of them, whatever was merged into
-- what; `patient_merges` says what was. Both are written here alone.

-- The entry that stands for a person: itself, unless it was merged.
CREATE FUNCTION public.patient_standing(p_patient uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT p.merged_into FROM public.patients p WHERE p.patient_id = p_patient), p_patient);
$$;

-- All entries of the person: the one that stands first, then those merged into it.
CREATE FUNCTION public.patient_members(p_patient uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT ARRAY[s.id] || ARRAY(
    SELECT p.patient_id FROM public.patients p WHERE p.merged_into = s.id ORDER BY p.chart_number)
  FROM (SELECT public.patient_standing(p_patient) AS id) s;
$$;

-- Turns to come of two people that are at the same time: what keeps them from being one.
CREATE FUNCTION public.merge_overlaps(p_one uuid, p_other uuid)
RETURNS TABLE (patient_id uuid, turn_id uuid, chart_number bigint, starts_at timestamptz, zone text, doctor text,
               clinic text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH claimed AS (
    SELECT b.turn_id, b.patient_id, b.during, p.patient_id AS side
    FROM public.patients p JOIN public.bookings b ON b.resource = int8range(-p.chart_number, -p.chart_number, '[]')
    WHERE p.patient_id IN (p_one, p_other) AND b.active AND upper(b.during) > clock_timestamp()
  )
  SELECT DISTINCT t.patient_id, t.id, q.chart_number, t.starts_at, t.zone, d.family, c.name
  FROM claimed one JOIN claimed other ON one.side <> other.side AND one.during && other.during
  JOIN public.turns t ON t.patient_id = one.patient_id AND t.id = one.turn_id
  JOIN public.patients q ON q.patient_id = one.patient_id
  JOIN public.people d ON d.id = t.doctor_id
  JOIN public.clinics c ON c.id = t.clinic_id
  ORDER BY t.starts_at, q.chart_number;
$$;

CREATE FUNCTION public.demand_merger() RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF charts.me() IS NULL OR NOT (charts.is_member('k_secretaria') OR charts.is_member('k_gestion')) THEN
    RAISE EXCEPTION 'no right to merge' USING ERRCODE = '42501';
  END IF;
END $$;

-- One merge at a time, and nobody claims meanwhile for either chart; resources are locked as the program does.
CREATE FUNCTION public.lock_charts(p_one bigint, p_other bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  folded integer;
BEGIN
  PERFORM pg_advisory_xact_lock(7304, 0);
  FOR folded IN SELECT f FROM unnest(ARRAY[-p_one & 2147483647, -p_other & 2147483647]) f ORDER BY f LOOP
    PERFORM pg_advisory_xact_lock(7301, folded);
  END LOOP;
END $$;

-- Claims of some people's turns that end after an instant go from one chart's resource to another's; the
-- database refuses those that overlap. Rows are put elsewhere, not changed: on Citus a resource is a place.
CREATE FUNCTION public.claims_follow(p_patients uuid[], p_from bigint, p_to bigint, p_since timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH taken AS (
    DELETE FROM public.bookings b
    WHERE b.resource = int8range(-p_from, -p_from, '[]') AND b.patient_id = ANY (p_patients)
      AND upper(b.during) > p_since
    RETURNING b.id, b.patient_id, b.turn_id, b.during, b.active
  )
  INSERT INTO public.bookings (resource, resource_id, id, patient_id, turn_id, during, active)
  SELECT int8range(-p_to, -p_to, '[]'), -p_to, k.id, k.patient_id, k.turn_id, k.during, k.active FROM taken k;
$$;

-- Two entries are one person. From now on the retired chart's resource is claimed for ever by its own
-- retirement (`p_id`): whoever has read it as a patient before cannot give it a time any more.
CREATE FUNCTION public.merge_patients(p_id uuid, p_survivor uuid, p_retired uuid, p_reason text, p_act uuid)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept public.patients;
  gone public.patients;
  moment timestamptz := clock_timestamp();
BEGIN
  PERFORM public.demand_merger();
  SELECT * INTO kept FROM public.patients p WHERE p.patient_id = p_survivor;
  SELECT * INTO gone FROM public.patients p WHERE p.patient_id = p_retired;
  IF kept.patient_id IS NULL OR gone.patient_id IS NULL THEN
    RAISE EXCEPTION 'no such patient' USING ERRCODE = '23503', CONSTRAINT = 'patient_merges_patient_fk';
  END IF;
  PERFORM public.lock_charts(kept.chart_number, gone.chart_number);
  SELECT * INTO kept FROM public.patients p WHERE p.patient_id = p_survivor FOR NO KEY UPDATE;
  SELECT * INTO gone FROM public.patients p WHERE p.patient_id = p_retired FOR NO KEY UPDATE;
  IF kept.merged_into IS NOT NULL OR gone.merged_into IS NOT NULL THEN
    RAISE EXCEPTION 'merged already' USING ERRCODE = '23514', CONSTRAINT = 'patient_merges_standing';
  END IF;
  IF kept.sealed <> gone.sealed THEN
    RAISE EXCEPTION 'one of them is sealed' USING ERRCODE = '23514', CONSTRAINT = 'patient_merges_sealed';
  END IF;
  IF kept.sealed AND NOT (charts.may_see_sealed(p_survivor) AND charts.may_see_sealed(p_retired)) THEN
    RAISE EXCEPTION 'sealed' USING ERRCODE = '42501', CONSTRAINT = 'patient_merges_hidden';
  END IF;
  INSERT INTO public.patient_merges (patient_id, id, seq, survivor_id, way, reason, survivor_before, retired_before,
                                     at, person_id, act)
  SELECT p_retired, p_id, count(*) + 1, p_survivor, 'merge', btrim(p_reason), to_jsonb(kept), to_jsonb(gone), moment,
         charts.me(), p_act
  FROM public.patient_merges m WHERE m.patient_id = p_retired;
  PERFORM public.claims_follow(public.patient_members(p_retired), gone.chart_number, kept.chart_number, moment);
  INSERT INTO public.bookings (resource, resource_id, id, patient_id, turn_id, during, active)
  VALUES (int8range(-gone.chart_number, -gone.chart_number, '[]'), -gone.chart_number, p_id, p_retired, p_id,
          tstzrange(moment, NULL), true);
  UPDATE public.patients SET merged_into = p_survivor WHERE patient_id = p_retired OR merged_into = p_retired;
END $$;

-- They are two after all: rows and claims as they stood, those merged into the retired one before go with it.
-- Gives the columns of the survivor that were changed meanwhile, which stay so.
CREATE FUNCTION public.unmerge_patients(p_id uuid, p_retired uuid, p_reason text, p_act uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept public.patients;
  gone public.patients;
  stands public.patient_merges;
  leaving uuid[];
BEGIN
  PERFORM public.demand_merger();
  PERFORM pg_advisory_xact_lock(7304, 0);
  SELECT * INTO gone FROM public.patients p WHERE p.patient_id = p_retired FOR NO KEY UPDATE;
  SELECT * INTO kept FROM public.patients p WHERE p.patient_id = gone.merged_into;
  IF kept.patient_id IS NULL THEN
    RAISE EXCEPTION 'not merged' USING ERRCODE = '23514', CONSTRAINT = 'patient_merges_none';
  END IF;
  IF gone.sealed AND NOT charts.may_see_sealed(p_retired) THEN
    RAISE EXCEPTION 'sealed' USING ERRCODE = '42501', CONSTRAINT = 'patient_merges_hidden';
  END IF;
  PERFORM public.lock_charts(kept.chart_number, gone.chart_number);
  SELECT * INTO stands FROM public.patient_merges m WHERE m.patient_id = p_retired ORDER BY m.seq DESC LIMIT 1;
  WITH RECURSIVE tree AS (
    SELECT p_retired AS id
    UNION
    SELECT m.patient_id FROM tree t JOIN public.patient_merges m ON m.survivor_id = t.id AND m.way = 'merge'
    WHERE NOT EXISTS (SELECT FROM public.patient_merges u WHERE u.patient_id = m.patient_id AND u.undoes_id = m.id)
  )
  SELECT array_agg(t.id) INTO leaving FROM tree t;
  INSERT INTO public.patient_merges (patient_id, id, seq, survivor_id, way, undoes_id, reason, survivor_before,
                                     retired_before, at, person_id, act)
  VALUES (p_retired, p_id, stands.seq + 1, stands.survivor_id, 'unmerge', stands.id, btrim(p_reason), to_jsonb(kept),
          to_jsonb(gone), clock_timestamp(), charts.me(), p_act);
  UPDATE public.patients SET merged_into = CASE WHEN patient_id <> p_retired THEN p_retired END
  WHERE patient_id = ANY (leaving);
  DELETE FROM public.bookings b
  WHERE b.resource = int8range(-gone.chart_number, -gone.chart_number, '[]') AND b.turn_id = stands.id;
  PERFORM public.claims_follow(leaving, kept.chart_number, gone.chart_number, '-infinity');
  RETURN ARRAY(
    SELECT n.key FROM jsonb_each(to_jsonb(kept)) n JOIN jsonb_each(stands.survivor_before) w ON w.key = n.key
    WHERE n.value <> w.value AND n.key NOT IN ('version', 'merged_into') AND stands.survivor_id = kept.patient_id
    ORDER BY n.key);
END $$;

-- What was entered for who stands while another entry was one with them: turns given, notes signed and letters
-- issued since the merge that was taken back last. It stays where it was entered. Days and names, nothing of a chart.
CREATE FUNCTION public.entered_while_one(p_retired uuid)
RETURNS TABLE (kind text, at timestamptz, zone text, doctor text, clinic text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.demand_merger();
  RETURN QUERY
  WITH back AS (
    SELECT m.at AS since, public.patient_members(m.survivor_id) AS entries
    FROM public.patient_merges u JOIN public.patient_merges m ON m.patient_id = u.patient_id AND m.id = u.undoes_id
    JOIN public.patients p ON p.patient_id = m.survivor_id
    WHERE u.patient_id = p_retired AND (NOT p.sealed OR charts.may_see_sealed(m.survivor_id))
    ORDER BY u.seq DESC LIMIT 1
  )
  SELECT 'turn', t.starts_at, t.zone, d.family, c.name
  FROM back b JOIN public.turns t ON t.patient_id = ANY (b.entries) AND t.voided_reason IS NULL
  JOIN public.turn_events e ON e.patient_id = t.patient_id AND e.turn_id = t.id AND e.seq = 1 AND e.at > b.since
  JOIN public.people d ON d.id = t.doctor_id JOIN public.clinics c ON c.id = t.clinic_id
  UNION ALL
  SELECT 'note', n.signed_at, c.zone, d.family, c.name
  FROM back b JOIN public.notes n ON n.patient_id = ANY (b.entries) AND n.signed_at > b.since
  JOIN public.records r ON r.patient_id = n.patient_id AND r.id = n.record_id
  JOIN public.people d ON d.id = n.author_id JOIN public.clinics c ON c.id = r.clinic_id
  WHERE NOT EXISTS (
    SELECT FROM public.misfiled f WHERE f.patient_id = r.patient_id AND f.entry_id = r.id AND f.way = 'out')
  UNION ALL
  SELECT 'letter', l.issued_at, c.zone, d.family, c.name
  FROM back b JOIN public.letters l ON l.patient_id = ANY (b.entries) AND l.issued_at > b.since
  JOIN public.people d ON d.id = l.author_id JOIN public.clinics c ON c.id = l.clinic_id
  WHERE NOT EXISTS (
    SELECT FROM public.misfiled f WHERE f.patient_id = l.patient_id AND f.entry_id = l.id AND f.way = 'out')
  ORDER BY 1 DESC, 2;
END $$;

-- Both rows of what belongs to another person; who may say so is for the callers below.
CREATE FUNCTION public.write_misfiled(p_id uuid, p_kind text, p_from uuid, p_entry uuid, p_to uuid, p_given uuid,
                                      p_reason text, p_act uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF public.patient_standing(p_from) = public.patient_standing(p_to) THEN
    RAISE EXCEPTION 'one person' USING ERRCODE = '23514', CONSTRAINT = 'misfiled_two_ck';
  END IF;
  INSERT INTO public.misfiled (patient_id, id, way, kind, entry_id, other_id, other_entry, other_chart, reason, at,
                               person_id, act)
  SELECT x.own, p_id, x.way, p_kind, x.entry, x.other, x.given, p.chart_number, btrim(p_reason), clock_timestamp(),
         charts.me(), p_act
  FROM (VALUES (p_from, 'out', p_entry, p_to, p_given), (p_to, 'in', p_given, p_from, p_entry))
    AS x (own, way, entry, other, given)
  JOIN public.patients o ON o.patient_id = x.own
  JOIN public.patients p ON p.patient_id = public.patient_standing(x.other);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such patient' USING ERRCODE = '23503', CONSTRAINT = 'misfiled_patient_fk';
  END IF;
  IF p_kind = 'record' THEN
    UPDATE public.record_search s SET person_id = p_to WHERE s.patient_id = p_from AND s.id = p_entry;
  END IF;
END $$;

-- What its author entered for the wrong person: marked in both charts, changed in neither. Of a measurement
-- any value names the whole: what the same person measured at the same moment of the same visit.
CREATE FUNCTION public.misfile_entry(p_id uuid, p_from uuid, p_entry uuid, p_to uuid, p_reason text, p_act uuid)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_kind text;
  author bigint;
  value uuid;
BEGIN
  IF charts.me() IS NULL OR NOT p_from = ANY (charts.leased())
     OR NOT (charts.is_member('k_medico') OR charts.is_member('k_enfermeria')) THEN
    RAISE EXCEPTION 'no open chart' USING ERRCODE = '42501', CONSTRAINT = 'charts_relation';
  END IF;
  SELECT e.kind, e.doctor_id INTO found_kind, author FROM (
    SELECT 'record' AS kind, coalesce(r.entered_by, r.doctor_id) AS doctor_id
    FROM public.records r WHERE r.patient_id = p_from AND r.id = p_entry
    UNION ALL
    SELECT 'result', r.doctor_id FROM public.results r WHERE r.patient_id = p_from AND r.id = p_entry
    UNION ALL
    SELECT 'prescription', p.doctor_id FROM public.prescriptions p WHERE p.patient_id = p_from AND p.id = p_entry
    UNION ALL
    SELECT 'letter', l.author_id FROM public.letters l WHERE l.patient_id = p_from AND l.id = p_entry
    UNION ALL
    SELECT 'vitals', v.person_id FROM public.vitals v WHERE v.patient_id = p_from AND v.id = p_entry) e;
  IF found_kind IS NULL THEN
    RAISE EXCEPTION 'no such entry' USING ERRCODE = '23503', CONSTRAINT = 'misfiled_entry';
  END IF;
  IF author IS DISTINCT FROM charts.me()
     AND (found_kind IN ('record', 'letter') OR author IS NOT NULL OR NOT charts.is_member('k_medico')) THEN
    RAISE EXCEPTION 'of another author' USING ERRCODE = '42501', CONSTRAINT = 'misfiled_author';
  END IF;
  IF found_kind <> 'vitals' THEN
    PERFORM public.write_misfiled(p_id, found_kind, p_from, p_entry, p_to, p_entry, p_reason, p_act);
    RETURN found_kind;
  END IF;
  FOR value IN
    SELECT v.id FROM public.vitals v JOIN public.vitals one ON one.patient_id = v.patient_id AND one.at = v.at
      AND one.person_id IS NOT DISTINCT FROM v.person_id AND one.visit_id IS NOT DISTINCT FROM v.visit_id
    WHERE v.patient_id = p_from AND one.id = p_entry
  LOOP
    PERFORM public.write_misfiled(md5(p_id::text || value::text)::uuid, found_kind, p_from, value, p_to, value,
                                  p_reason, p_act);
  END LOOP;
  RETURN found_kind;
END $$;

-- A turn given to the wrong person: the old one is marked as entered by error, the new one is its like.
CREATE FUNCTION public.misfile_turn(p_id uuid, p_from uuid, p_turn uuid, p_to uuid, p_given uuid, p_reason text,
                                    p_act uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF charts.me() IS NULL OR NOT EXISTS (
    SELECT FROM public.turns w JOIN public.turns g ON g.patient_id = p_to AND g.id = p_given
      AND g.voided_reason IS NULL AND g.doctor_id = w.doctor_id AND g.starts_at = w.starts_at
    WHERE w.patient_id = p_from AND w.id = p_turn AND w.voided_reason IS NOT NULL)
  THEN
    RAISE EXCEPTION 'no such turns' USING ERRCODE = '23503', CONSTRAINT = 'misfiled_entry';
  END IF;
  PERFORM public.write_misfiled(p_id, 'turn', p_from, p_turn, p_to, p_given, p_reason, p_act);
END $$;
