-- Whether a block is worked between two wall times of a day: what offering slots asks the same tables.
-- As the caller, who may read them all. Asked under the block's lock, so that a booking and a suspension
-- that race see each other.
CREATE FUNCTION public.demand_open_block(p_block bigint, p_starts timestamp, p_ends timestamp) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  b public.agenda_blocks;
  on_day date := p_starts::date;
BEGIN
  SELECT * INTO b FROM public.agenda_blocks WHERE id = p_block;
  IF b.state IS DISTINCT FROM 'publicado' OR NOT b.valid @> on_day
    OR b.weekday <> extract(isodow FROM on_day)
    OR p_starts::time < b.starts OR p_ends::time > b.ends OR p_ends::date <> on_day
    OR EXISTS (
      SELECT 1 FROM public.agenda_exceptions e
      WHERE e.doctor_id = b.doctor_id AND coalesce(e.block_id, b.id) = b.id AND e.lifted_at IS NULL
        AND on_day >= e.first_day AND (e.last_day IS NULL OR on_day <= e.last_day)
        AND (e.from_time IS NULL OR (p_starts::time < e.to_time AND e.from_time < p_ends::time)))
    OR EXISTS (
      SELECT 1 FROM public.rooms r WHERE r.id = b.room_id AND r.state <> 'disponible'
        AND on_day >= r.state_from AND (r.state_until IS NULL OR on_day <= r.state_until))
    OR EXISTS (SELECT 1 FROM public.clinics c WHERE c.id = b.clinic_id AND c.closed_on <= on_day)
    OR (b.valid_from IS DISTINCT FROM b.valid_to AND EXISTS (
      SELECT 1 FROM public.holidays h JOIN public.clinics c ON c.id = b.clinic_id
      WHERE h.day = on_day AND NOT h.works AND (h.clinic_id = c.id OR (h.country = c.country
        AND NOT EXISTS (SELECT 1 FROM public.holidays o WHERE o.clinic_id = c.id AND o.day = on_day)))))
  THEN
    RAISE EXCEPTION 'agenda closed' USING ERRCODE = '23514', CONSTRAINT = 'agenda_open';
  END IF;
END $$;

-- Blocks and what belongs to them are seen by everybody, and kept at the clinics where one has the role; a
-- doctor keeps drafts of their own alone: who publishes is who manages.
ALTER TABLE agenda_blocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY agenda_blocks_seen ON agenda_blocks FOR SELECT TO k_staff USING (true);
CREATE POLICY agenda_blocks_managed ON agenda_blocks TO k_secretaria, k_gestion
  USING (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]))
  WITH CHECK (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));
CREATE POLICY agenda_blocks_own ON agenda_blocks TO k_medico
  USING (doctor_id = (SELECT charts.me()) AND state = 'borrador')
  WITH CHECK (doctor_id = (SELECT charts.me()) AND state = 'borrador'
    AND clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));
ALTER TABLE agenda_exceptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY agenda_exceptions_seen ON agenda_exceptions FOR SELECT TO k_staff USING (true);
CREATE POLICY agenda_exceptions_managed ON agenda_exceptions TO k_secretaria, k_gestion
  USING (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]))
  WITH CHECK (clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));
ALTER TABLE block_procedures ENABLE ROW LEVEL SECURITY;
CREATE POLICY block_procedures_seen ON block_procedures FOR SELECT TO k_staff USING (true);
CREATE POLICY block_procedures_managed ON block_procedures TO k_secretaria, k_gestion
  USING (block_id IN (SELECT b.id FROM agenda_blocks b
    WHERE b.clinic_id = ANY ((SELECT charts.my_clinics())::bigint[])));
CREATE POLICY block_procedures_own ON block_procedures TO k_medico
  USING (block_id IN (SELECT b.id FROM agenda_blocks b
    WHERE b.doctor_id = (SELECT charts.me()) AND b.state = 'borrador'));
ALTER TABLE block_quotas ENABLE ROW LEVEL SECURITY;
CREATE POLICY block_quotas_seen ON block_quotas FOR SELECT TO k_staff USING (true);
CREATE POLICY block_quotas_managed ON block_quotas TO k_secretaria, k_gestion
  USING (block_id IN (SELECT b.id FROM agenda_blocks b
    WHERE b.clinic_id = ANY ((SELECT charts.my_clinics())::bigint[])));
CREATE POLICY block_quotas_own ON block_quotas TO k_medico
  USING (block_id IN (SELECT b.id FROM agenda_blocks b
    WHERE b.doctor_id = (SELECT charts.me()) AND b.state = 'borrador'));

-- Claims on doctors and rooms: what may be claimed when, whoever writes it.

-- Whether a doctor or a room is at work during a claim on them; patients (negative) always are. A block is
-- read on its own clinic's wall; a doctor's leave holds in every clinic, and where no block is, on the wall
-- of the clinic that granted it. True, or the refusal that bookings raise.
CREATE FUNCTION public.demand_open_claim(p_resource bigint, p_during tstzrange) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_resource > 0 AND (
    EXISTS (
      SELECT 1 FROM public.agenda_exceptions e
      JOIN public.clinics c ON c.id = coalesce(
        (SELECT b.clinic_id FROM public.agenda_blocks b JOIN public.clinics w ON w.id = b.clinic_id
         WHERE b.doctor_id = p_resource AND b.id = coalesce(e.block_id, b.id)
           AND b.weekday = extract(isodow FROM lower(p_during) AT TIME ZONE w.zone)
           AND b.valid @> (lower(p_during) AT TIME ZONE w.zone)::date
           AND (lower(p_during) AT TIME ZONE w.zone)::time >= b.starts
           AND (lower(p_during) AT TIME ZONE w.zone)::time < b.ends LIMIT 1),
        CASE WHEN e.block_id IS NULL THEN e.clinic_id END)
      WHERE e.doctor_id = p_resource AND e.lifted_at IS NULL
        AND (lower(p_during) AT TIME ZONE c.zone)::date >= e.first_day
        AND (e.last_day IS NULL OR (lower(p_during) AT TIME ZONE c.zone)::date <= e.last_day)
        AND (e.from_time IS NULL OR ((lower(p_during) AT TIME ZONE c.zone)::time < e.to_time
          AND e.from_time < (upper(p_during) AT TIME ZONE c.zone)::time)))
    OR EXISTS (
      SELECT 1 FROM public.rooms r JOIN public.clinics c ON c.id = r.clinic_id
      WHERE r.id = p_resource
        AND (c.closed_on <= (lower(p_during) AT TIME ZONE c.zone)::date
          OR (r.state <> 'disponible' AND (lower(p_during) AT TIME ZONE c.zone)::date >= r.state_from
            AND (r.state_until IS NULL OR (lower(p_during) AT TIME ZONE c.zone)::date <= r.state_until)))))
  THEN
    RAISE EXCEPTION 'agenda closed' USING ERRCODE = '23514', CONSTRAINT = 'agenda_open';
  END IF;
  RETURN true;
END $$;

-- A claim is made, and taken again, only on who is at work then; one whose patient has come is cut or given
-- back whatever has closed since.
ALTER TABLE bookings ENABLE ROW LEVEL SECURITY;
CREATE POLICY bookings_seen ON bookings FOR SELECT
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion USING (true);
CREATE POLICY bookings_made ON bookings FOR INSERT TO k_admision, k_secretaria, k_medico, k_gestion
  WITH CHECK (demand_open_claim(resource_id, during));
CREATE POLICY bookings_kept ON bookings FOR UPDATE TO k_admision, k_secretaria, k_medico, k_enfermeria, k_gestion
  USING (true)
  WITH CHECK (CASE
    WHEN NOT active THEN true
    WHEN EXISTS (SELECT 1 FROM turns t WHERE t.patient_id = bookings.patient_id AND t.id = bookings.turn_id
                   AND t.state IN ('en_espera', 'en_curso', 'finalizado')) THEN true
    ELSE demand_open_claim(resource_id, during) END);
