-- Signed notes: what a signature covers, and who writes under supervision.

-- One field as it is hashed: its length in bytes, a colon and its text; `-` is what is not there.
CREATE FUNCTION charts.field(p_value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_value IS NULL THEN '-' ELSE octet_length(p_value)::text || ':' || p_value END;
$$;

-- A time in the same way: microseconds since 1970.
CREATE FUNCTION charts.field(p_value timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT charts.field(trunc(extract(epoch FROM p_value) * 1000000)::text);
$$;

CREATE FUNCTION charts.field(p_value date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT charts.field(to_char(p_value, 'YYYY-MM-DD'));
$$;

-- What a first note covers beside itself: its entry, and diagnoses, treatments and controls of it, by id.
CREATE FUNCTION charts.entry_form(p_patient uuid, p_record uuid) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce((
      SELECT charts.field(r.kind) || charts.field(r.at) || charts.field(r.clinic_id::text)
        || charts.field(r.institution) || charts.field(r.doctor_id::text) || charts.field(r.title)
        || charts.field(r.attributes::text) || charts.field(r.written_at) || charts.field(r.late_reason)
        || charts.field(r.doctor_name) || charts.field(r.entered_by::text) || charts.field(r.corrects_id::text)
        || charts.field(r.schema_version::text)
      FROM public.records r WHERE r.patient_id = p_patient AND r.id = p_record), '-')
    || (SELECT charts.field(count(*)::text) || coalesce(string_agg(
          charts.field(d.system) || charts.field(d.code) || charts.field(d.text) || charts.field(d.certainty)
          || charts.field(d.kind) || charts.field(d.chronic::text) || charts.field(d.onset)
          || charts.field(d.abated), '' ORDER BY d.id), '')
        FROM public.diagnoses d WHERE d.patient_id = p_patient AND d.record_id = p_record)
    || (SELECT charts.field(count(*)::text) || coalesce(string_agg(
          charts.field(t.what) || charts.field(t.since) || charts.field(t.until), '' ORDER BY t.id), '')
        FROM public.treatments t WHERE t.patient_id = p_patient AND t.record_id = p_record)
    || (SELECT charts.field(count(*)::text) || coalesce(string_agg(
          charts.field(f.clinic_id::text) || charts.field(f.doctor_id::text) || charts.field(f.due_on)
          || charts.field(f.what), '' ORDER BY f.id), '')
        FROM public.follow_ups f WHERE f.patient_id = p_patient AND f.record_id = p_record);
$$;

-- The hash that a note must have: the twin of note_hash() in clinic/records/rules.py.
CREATE FUNCTION charts.note_hash(n public.notes) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(
    charts.field('clinicdesk.note/1') || charts.field(encode(n.prev_hash, 'hex')) || charts.field(n.patient_id::text)
    || charts.field(n.id::text) || charts.field(n.record_id::text) || charts.field(n.visit_id::text)
    || charts.field(n.amends_id::text) || charts.field(n.supervised::text) || charts.field(n.author_id::text)
    || charts.field(n.author_name) || charts.field(n.author_license) || charts.field(n.login)
    || charts.field(n.signed_at) || charts.field(n.text)
    || CASE WHEN n.amends_id IS NULL THEN charts.entry_form(n.patient_id, n.record_id)
            ELSE '-' || repeat(charts.field('0'), 3) END, 'UTF8'));
$$;

-- Whether what the session's person signs now waits for a co-signature.
CREATE FUNCTION charts.is_supervised() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM public.people p
                 WHERE p.id = charts.me() AND p.supervised_until > clock_timestamp());
$$;
CREATE POLICY notes_supervised ON notes AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (supervised = (SELECT charts.is_supervised()));

-- What is signed names its signer as the house knows them.
CREATE FUNCTION charts.signs_as(p_name text, p_license text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM public.people p WHERE p.id = charts.me()
                 AND p_name = p.family || ', ' || p.given AND p_license = coalesce(p.license, ''));
$$;
CREATE POLICY notes_named ON notes AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (charts.signs_as(author_name, author_license));
CREATE POLICY cosignatures_named ON cosignatures AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (charts.signs_as(person_name, person_license));

-- An entry is signed once, by whose it is; what comes later amends a note of the same entry.
CREATE FUNCTION charts.may_sign(p_patient uuid, p_id uuid, p_record uuid, p_amends uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN p_amends IS NULL THEN
    EXISTS (SELECT FROM public.records r WHERE r.patient_id = p_patient AND r.id = p_record
            AND coalesce(r.entered_by, r.doctor_id) = charts.me())
    AND NOT EXISTS (SELECT FROM public.notes n WHERE n.patient_id = p_patient AND n.record_id = p_record
                    AND n.id <> p_id)
  ELSE EXISTS (SELECT FROM public.notes n WHERE n.patient_id = p_patient AND n.record_id = p_record
               AND n.id = p_amends) END;
$$;
CREATE POLICY notes_of_entry ON notes AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (charts.may_sign(patient_id, id, record_id, amends_id));

-- What a note covers is stated before it is signed, by whose entry it is.
CREATE POLICY diagnoses_open ON diagnoses AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (record_id IS NULL OR (
    EXISTS (SELECT FROM records r WHERE r.patient_id = diagnoses.patient_id AND r.id = diagnoses.record_id
            AND coalesce(r.entered_by, r.doctor_id) = (SELECT charts.me()))
    AND NOT EXISTS (SELECT FROM notes n WHERE n.patient_id = diagnoses.patient_id AND n.record_id = diagnoses.record_id)));

CREATE POLICY treatments_open ON treatments AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (EXISTS (SELECT FROM records r WHERE r.patient_id = treatments.patient_id AND r.id = treatments.record_id
                      AND coalesce(r.entered_by, r.doctor_id) = (SELECT charts.me()))
    AND NOT EXISTS (SELECT FROM notes n WHERE n.patient_id = treatments.patient_id AND n.record_id = treatments.record_id));
CREATE POLICY follow_ups_open ON follow_ups AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (EXISTS (SELECT FROM records r WHERE r.patient_id = follow_ups.patient_id AND r.id = follow_ups.record_id
                      AND coalesce(r.entered_by, r.doctor_id) = (SELECT charts.me()))
    AND NOT EXISTS (SELECT FROM notes n WHERE n.patient_id = follow_ups.patient_id AND n.record_id = follow_ups.record_id));

-- The hash that a co-signature must have: the twin of cosign_hash() in clinic/records/rules.py.
CREATE FUNCTION charts.cosign_hash(c public.cosignatures) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(
    charts.field('clinicdesk.cosign/1') || charts.field(c.patient_id::text) || charts.field(c.id::text)
    || charts.field(c.note_id::text) || charts.field(encode(c.note_hash, 'hex')) || charts.field(c.verdict)
    || charts.field(c.reason) || charts.field(c.person_id::text) || charts.field(c.person_name)
    || charts.field(c.person_license) || charts.field(c.login) || charts.field(c.at), 'UTF8'));
$$;

-- Whether the session's person may co-sign a note now.
CREATE FUNCTION charts.may_cosign(p_patient uuid, p_note uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT charts.is_member('k_medico')
    AND EXISTS (SELECT FROM charts.awaiting(charts.me(), ARRAY[p_patient]) n WHERE n.id = p_note);
$$;

-- What waits for the session's person: whose note, about whom, and whether it was given back or answered since.
-- No text: the chart has that.
CREATE FUNCTION charts.to_cosign()
RETURNS TABLE (patient_id uuid, note_id uuid, record_id uuid, visit_id uuid, signed_at timestamptz, author text,
               family text, given text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH mine AS MATERIALIZED (
    SELECT n.* FROM charts.awaiting(charts.me(), NULL) n WHERE charts.is_member('k_medico')
  ), roots AS (
    SELECT m.patient_id, coalesce(m.amends_id, m.id) AS id, min(m.signed_at) AS since, max(m.signed_at) AS latest,
      min(m.author_name) AS author, (array_agg(m.record_id))[1] AS record_id
    FROM mine m GROUP BY 1, 2
  ), said AS (
    SELECT r.patient_id, r.id, max(c.at) AS returned FROM roots r
    JOIN public.cosignatures c ON c.patient_id = r.patient_id AND c.note_id = r.id AND c.verdict = 'devuelta'
    GROUP BY 1, 2
  )
  SELECT r.patient_id, r.id, r.record_id, n.visit_id, r.since, r.author, p.family, p.given,
    CASE WHEN s.returned IS NULL THEN 'pendiente' WHEN r.latest > s.returned THEN 'respondida' ELSE 'devuelta' END
  FROM roots r JOIN public.patients p ON p.patient_id = r.patient_id
  JOIN public.notes n ON n.patient_id = r.patient_id AND n.id = r.id
  LEFT JOIN said s ON s.patient_id = r.patient_id AND s.id = r.id
  ORDER BY r.since, r.id LIMIT 200;
$$;

ALTER TABLE cosignatures ENABLE ROW LEVEL SECURITY;
CREATE POLICY cosignatures_leased ON cosignatures FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (patient_id = ANY ((SELECT charts.leased())::uuid[]));
CREATE POLICY cosignatures_moved ON cosignatures FOR SELECT TO k_medico, k_enfermeria, k_resultados
  USING (record_id = ANY ((SELECT charts.moved_in())::uuid[]));
CREATE POLICY cosignatures_given ON cosignatures FOR INSERT TO k_medico
  WITH CHECK (patient_id = ANY ((SELECT charts.leased())::uuid[]) AND person_id = (SELECT charts.me())
    AND charts.may_cosign(patient_id, note_id));

-- What the acts of signing say of one person's notes, for whoever has the chart open.
CREATE FUNCTION charts.signings(p_patient uuid)
RETURNS TABLE (patient_id uuid, note_id uuid, hash text, login text, what text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.patient_id, split_part(a.subject, ' ', 1)::uuid, split_part(a.subject, ' ', 2), a.person, a.what
  FROM public.acts a
  WHERE a.patient_id = p_patient AND a.what IN ('note.signed', 'note.cosigned') AND a.outcome = 'done'
    AND a.subject ~ '^[0-9a-f]{32} [0-9a-f]{64}$' AND p_patient = ANY (charts.leased());
$$;
