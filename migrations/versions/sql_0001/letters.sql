-- Letters: read and written under a lease, never changed; whoever is shown one asks whether it is genuine.
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE letter_voids ENABLE ROW LEVEL SECURITY;
CREATE POLICY letters_leased ON letters FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
CREATE POLICY letters_moved ON letters FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY letters_written ON letters FOR INSERT TO k_medico
  WITH CHECK (patient_id = ANY ((SELECT charts.leased())::uuid[]) AND author_id = (SELECT charts.me())
    AND clinic_id = ANY ((SELECT charts.my_clinics())::bigint[]));
CREATE POLICY letters_named ON letters AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (charts.signs_as(author_name, author_license));
CREATE POLICY letter_voids_leased ON letter_voids FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
CREATE POLICY letter_voids_moved ON letter_voids FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (letter_id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY letter_voids_written ON letter_voids FOR INSERT TO k_medico
  WITH CHECK ((patient_id = ANY ((SELECT charts.leased())::uuid[]) OR letter_id = ANY ((SELECT charts.moved_in())::uuid[]))
    AND person_id = (SELECT charts.me())
    AND EXISTS (SELECT FROM letters l WHERE l.patient_id = letter_voids.patient_id AND l.id = letter_voids.letter_id
                AND l.author_id = (SELECT charts.me())));

-- By the number and code that stand on the paper: what it is, whose, since when void, what stands in for it; of
-- whom it names initials and the end of the document, of a sealed patient neither. Ten that are none within ten
-- minutes are guesses: the desk writes each down as refused.
CREATE FUNCTION letter_check(p_number bigint, p_code text)
RETURNS TABLE (number bigint, kind text, issued_at timestamptz, author_name text, author_license text, clinic text,
               initials text, document_end text, voided_at timestamptz, replaced_by bigint, misplaced boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM public.acts a
      WHERE a.person = session_user AND a.at > clock_timestamp() - interval '10 minutes'
        AND a.what = 'letter.check' AND a.refusal = 'UnknownPaper') >= 10 THEN
    RAISE EXCEPTION 'too many wrong codes' USING ERRCODE = '42501', CONSTRAINT = 'letters_tries';
  END IF;
  RETURN QUERY
  SELECT l.number, l.kind, l.issued_at, l.author_name, l.author_license, l.clinic_name,
    CASE WHEN p.sealed THEN '' ELSE display.initials(split_part(l.patient_name, ', ', 2),
                                                     split_part(l.patient_name, ', ', 1)) END,
    CASE WHEN p.sealed THEN '' ELSE right(regexp_replace(l.patient_document, '[^0-9A-Za-z]', '', 'g'), 3) END,
    v.at, r.number,
    EXISTS (SELECT FROM public.misfiled m WHERE m.patient_id = l.patient_id AND m.entry_id = l.id AND m.way = 'out')
  FROM public.letters l JOIN public.patients p ON p.patient_id = l.patient_id
  LEFT JOIN public.letter_voids v ON v.patient_id = l.patient_id AND v.letter_id = l.id
  LEFT JOIN public.letters r ON r.replaces = l.number
  WHERE l.number = p_number AND substr(encode(l.hash, 'hex'), 1, 16) = p_code;
END $$;
