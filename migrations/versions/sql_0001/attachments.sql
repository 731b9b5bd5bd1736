-- Attachments: bytes come in and go out by two functions, which decide on the session's login.

INSERT INTO attachment_limits (file_bytes, patient_bytes, megapixels) VALUES (20971520, 524288000, 100);
-- Bytes that are compressed already are read by parts and not compressed again.
ALTER TABLE attachment_bodies ALTER COLUMN body SET STORAGE EXTERNAL;

-- Keep a file: counted, weighed with all others of the person, digested here, whatever the caller says of it.
CREATE FUNCTION charts.attach(p_patient uuid, p_id uuid, p_record uuid, p_name text, p_media text, p_described text,
                              p_width integer, p_height integer, p_body bytea)
RETURNS TABLE (sha256 bytea, at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  limits public.attachment_limits;
  digest bytea := pg_catalog.sha256(p_body);
  members uuid[] := public.patient_members(p_patient);
  moment timestamptz := clock_timestamp();
BEGIN
  IF charts.me() IS NULL OR NOT (charts.is_member('k_medico') OR charts.is_member('k_enfermeria')) THEN
    RAISE EXCEPTION 'no right to attach' USING ERRCODE = '42501';
  END IF;
  IF NOT p_patient = ANY (charts.leased()) THEN
    RAISE EXCEPTION 'no open chart' USING ERRCODE = '42501', CONSTRAINT = 'charts_relation';
  END IF;
  SELECT * INTO STRICT limits FROM public.attachment_limits;
  IF octet_length(p_body) > limits.file_bytes THEN
    RAISE EXCEPTION 'file too large' USING ERRCODE = '23514', CONSTRAINT = 'attachments_file_quota';
  END IF;
  -- One file of a person at a time: two that fit alone may not fit together.
  PERFORM pg_advisory_xact_lock(7305, hashtext(public.patient_standing(p_patient)::text));
  IF EXISTS (
    SELECT FROM public.attachments a
    LEFT JOIN public.attachment_voids v ON v.patient_id = a.patient_id AND v.attachment_id = a.id
    WHERE a.patient_id = ANY (members) AND a.sha256 = digest AND v.id IS NULL) THEN
    RAISE EXCEPTION 'attached already' USING ERRCODE = '23505', CONSTRAINT = 'attachments_same';
  END IF;
  IF octet_length(p_body) + (
    SELECT coalesce(sum(a.size_bytes), 0) FROM public.attachments a WHERE a.patient_id = ANY (members))
     > limits.patient_bytes THEN
    RAISE EXCEPTION 'no room left' USING ERRCODE = '23514', CONSTRAINT = 'attachments_patient_quota';
  END IF;
  INSERT INTO public.attachments (patient_id, id, record_id, name, media_type, size_bytes, sha256, width, height,
                                  described, person_id, at)
    VALUES (p_patient, p_id, p_record, p_name, p_media, octet_length(p_body), digest, p_width, p_height,
            p_described, charts.me(), moment);
  INSERT INTO public.attachment_bodies (patient_id, id, body) VALUES (p_patient, p_id, p_body);
  RETURN QUERY SELECT digest, moment;
END $$;

-- The bytes of one file of a chart that is open, or of an entry that came into it.
CREATE FUNCTION charts.attached(p_patient uuid, p_id uuid) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.body FROM public.attachments a
  JOIN public.attachment_bodies b ON b.patient_id = a.patient_id AND b.id = a.id
  WHERE a.patient_id = p_patient AND a.id = p_id AND charts.me() IS NOT NULL
    AND (a.patient_id = ANY (charts.leased()) OR a.record_id = ANY (charts.moved_in()));
$$;

ALTER TABLE attachments ENABLE ROW LEVEL SECURITY;
CREATE POLICY attachments_leased ON attachments FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
CREATE POLICY attachments_moved ON attachments FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (record_id = ANY ((SELECT charts.moved_in())::uuid[]));
ALTER TABLE attachment_bodies ENABLE ROW LEVEL SECURITY;
CREATE POLICY attachment_bodies_leased ON attachment_bodies FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
ALTER TABLE attachment_voids ENABLE ROW LEVEL SECURITY;
CREATE POLICY attachment_voids_leased ON attachment_voids FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
CREATE POLICY attachment_voids_written ON attachment_voids FOR INSERT TO k_medico, k_enfermeria
  WITH CHECK (patient_id = ANY ((SELECT charts.leased())::uuid[]) AND person_id = (SELECT charts.me()));
