-- Controls that notes ask for, as who gives turns sees them: day and doctor. Not a word of any note.

-- `turn_day`: the first turn with that doctor after the day of the note, whichever of the person's charts holds it.
CREATE FUNCTION charts.follow_up_rows(p_patients uuid[], p_ids uuid[])
RETURNS TABLE (patient_id uuid, id uuid, due_on date, doctor_id bigint, doctor text, family text, given text,
               chart_number bigint, phone text, turn_day date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.patient_id, f.id, f.due_on, f.doctor_id, d.family || ', ' || d.given, p.family, p.given,
    p.chart_number, p.phone,
    (SELECT min(t.day) FROM public.turns t
     WHERE t.patient_id = ANY (public.patient_members(p.patient_id)) AND t.doctor_id = f.doctor_id
       AND t.voided_reason IS NULL AND t.state NOT IN ('cancelado', 'ausente')
       AND t.day > (r.at AT TIME ZONE c.zone)::date)
  FROM public.follow_ups f
  JOIN public.records r ON r.patient_id = f.patient_id AND r.id = f.record_id
  JOIN public.clinics c ON c.id = f.clinic_id
  JOIN public.people d ON d.id = f.doctor_id
  -- Entered for the wrong person, it is the other one's.
  LEFT JOIN public.misfiled m ON m.patient_id = f.patient_id AND m.entry_id = f.record_id AND m.way = 'out'
  JOIN public.patients p ON p.patient_id = public.patient_standing(coalesce(m.other_id, f.patient_id))
  WHERE f.patient_id = ANY (p_patients) AND f.id = ANY (p_ids) AND p.deceased_on IS NULL
    AND (NOT p.sealed OR charts.may_see_sealed(p.patient_id));
$$;

CREATE FUNCTION charts.follow_ups_of(p_patient uuid)
RETURNS TABLE (patient_id uuid, id uuid, due_on date, doctor_id bigint, doctor text, family text, given text,
               chart_number bigint, phone text, turn_day date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH mine AS (
    SELECT f.patient_id, f.id FROM public.follow_ups f
    WHERE f.patient_id = ANY (public.patient_members(p_patient))
    UNION
    SELECT f.patient_id, f.id FROM public.misfiled m JOIN public.follow_ups f
      ON f.patient_id = m.other_id AND f.record_id = m.entry_id
    WHERE m.patient_id = ANY (public.patient_members(p_patient)) AND m.way = 'in')
  SELECT x.* FROM charts.follow_up_rows(ARRAY(SELECT mine.patient_id FROM mine), ARRAY(SELECT mine.id FROM mine)) x
  WHERE x.patient_id = public.patient_standing(p_patient) AND charts.me() IS NOT NULL;
$$;

CREATE FUNCTION charts.follow_ups_at(p_clinic bigint, p_since date, p_until date)
RETURNS TABLE (patient_id uuid, id uuid, due_on date, doctor_id bigint, doctor text, family text, given text,
               chart_number bigint, phone text, turn_day date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH due AS (
    SELECT f.patient_id, f.id FROM public.follow_ups f
    WHERE f.clinic_id = p_clinic AND f.due_on BETWEEN p_since AND p_until
    ORDER BY f.due_on, f.id LIMIT 5000)
  SELECT x.* FROM charts.follow_up_rows(ARRAY(SELECT due.patient_id FROM due), ARRAY(SELECT due.id FROM due)) x
  WHERE p_clinic = ANY (charts.my_clinics());
$$;
