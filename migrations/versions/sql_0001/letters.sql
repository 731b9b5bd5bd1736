-- Letters: read and written under a lease, never changed; whoever is shown one asks whether it is genuine.
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE letter_voids ENABLE ROW LEVEL SECURITY;
CREATE POLICY letters_leased ON letters FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
CREATE POLICY letters_written ON letters FOR INSERT TO k_medico
  WITH CHECK (patient_id = ANY ((SELECT charts.leased())::uuid[]) AND author_id = (SELECT charts.me())
    AND clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));
CREATE POLICY letters_named ON letters AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (charts.signs_as(author_name, author_license));
CREATE POLICY letter_voids_leased ON letter_voids FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
CREATE POLICY letter_voids_written ON letter_voids FOR INSERT TO k_medico
  WITH CHECK (patient_id = ANY ((SELECT charts.leased())::uuid[]) AND person_id = (SELECT charts.me())
    AND EXISTS (SELECT FROM letters l WHERE l.patient_id = letter_voids.patient_id AND l.id = letter_voids.letter_id
                AND l.author_id = (SELECT charts.me())));

-- By the number and code that stand on the paper: what it is, whose, since when void. Nothing of the patient.
CREATE FUNCTION letter_check(p_number bigint, p_code text)
RETURNS TABLE (number bigint, kind text, issued_at timestamptz, author_name text, clinic text, voided_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.number, l.kind, l.issued_at, l.author_name, c.name, v.at
  FROM public.letters l JOIN public.clinics c ON c.id = l.clinic_id
  LEFT JOIN public.letter_voids v ON v.patient_id = l.patient_id AND v.letter_id = l.id
  WHERE l.number = p_number AND substr(encode(l.hash, 'hex'), 1, 16) = p_code;
$$;
