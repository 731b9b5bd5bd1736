-- Sites: rooms and holidays are kept by the secretaries of their clinic, and by who administers the network.
ALTER TABLE rooms ENABLE ROW LEVEL SECURITY;
CREATE POLICY rooms_seen ON rooms FOR SELECT TO k_staff USING (true);
CREATE POLICY rooms_of_network ON rooms TO k_admin USING (true) WITH CHECK (true);
CREATE POLICY rooms_of_clinic ON rooms TO k_secretaria
  USING (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]))
  WITH CHECK (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));
ALTER TABLE holidays ENABLE ROW LEVEL SECURITY;
CREATE POLICY holidays_seen ON holidays FOR SELECT TO k_staff USING (true);
CREATE POLICY holidays_of_network ON holidays TO k_admin USING (true) WITH CHECK (true);
CREATE POLICY holidays_of_clinic ON holidays TO k_secretaria
  USING (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]))
  WITH CHECK (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));

-- The turns to come that a room out of use would leave without a place: hours and doctors, no patient.
-- Whoever administers sees no patient, and closes rooms.
CREATE FUNCTION room_turns(p_room bigint, p_from date, p_until date)
RETURNS TABLE (turn_id uuid, patient_id uuid, doctor_id bigint, wall_start timestamp, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT t.id, t.patient_id, t.doctor_id, t.wall_start, t.state FROM public.turns t
  WHERE t.clinic_id = (SELECT r.clinic_id FROM public.rooms r WHERE r.id = p_room)
    AND t.room_id = p_room AND t.day BETWEEN p_from AND coalesce(p_until, 'infinity')
    AND t.ends_at > now() AND t.voided_reason IS NULL AND t.state IN ('registrado', 'confirmado', 'en_espera')
  ORDER BY t.wall_start, t.id;
$$;

-- How many turns to come a clinic has from a day on, asked under the locks that booking takes: what is being
-- booked meanwhile is counted, and what comes later finds the clinic closed.
CREATE FUNCTION clinic_turns(p_clinic bigint, p_from date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  block bigint;
BEGIN
  FOR block IN SELECT b.id FROM public.agenda_blocks b WHERE b.clinic_id = p_clinic ORDER BY b.id LOOP
    PERFORM pg_advisory_xact_lock(7302, (block & 2147483647)::integer);
  END LOOP;
  RETURN (SELECT count(*) FROM public.turns t
    WHERE t.clinic_id = p_clinic AND t.day >= p_from AND t.ends_at > now() AND t.voided_reason IS NULL
      AND t.state IN ('registrado', 'confirmado', 'en_espera', 'en_curso'));
END $$;
