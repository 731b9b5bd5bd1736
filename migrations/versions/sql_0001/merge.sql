-- Imports: what stands in staging under one batch becomes rows, set by set. Ids are made here from the
-- source's keys, so an import can change no row but those of its own source. The person who imports may
-- read none of it: they get counts, and the rejects of their own file back.

CREATE TYPE import_count AS (accepted bigint, updated bigint, unchanged bigint, rejected bigint);

-- The twin of kit/ids.py derived_id(): six bytes of milliseconds, then ten of SHA-256 with the seventh and
-- ninth byte of the whole telling version 8 and the variant. Plain expressions, so that the planner inlines them.
CREATE FUNCTION import_id(p_time bytea, p_names text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT encode(set_byte(set_byte(p_time || substr(sha256(convert_to(p_names, 'UTF8')), 1, 10), 6, 128), 8, 128), 'hex')::uuid;
$$;

CREATE FUNCTION import_time(p_at timestamptz) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT substr(int8send(greatest(0, floor(extract(epoch FROM p_at) * 1000))::bigint), 3);
$$;

-- An id for a row that hangs on another: it sorts where that one sorts.
CREATE FUNCTION import_child_id(p_parent uuid, p_names text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT public.import_id(substr(uuid_send(p_parent), 1, 6), p_parent::text || chr(31) || p_names);
$$;

-- One import at a time, by an administrator or an account made for it, under an act of their own: else
-- nothing is merged.
CREATE FUNCTION import_begin(p_source text, p_batch uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT pg_has_role(session_user, 'k_importacion', 'MEMBER') THEN
    PERFORM access.demand_admin();
  END IF;
  IF NOT EXISTS (SELECT FROM public.acts a
                 WHERE a.key = p_batch AND a.person = session_user AND a.what = 'import.' || p_source) THEN
    RAISE EXCEPTION 'an import needs an act of the person who runs it' USING ERRCODE = '42501';
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('clinicdesk.import', 0)) THEN
    RAISE EXCEPTION 'another import is running' USING ERRCODE = '55000', CONSTRAINT = 'import_running';
  END IF;
END $$;

CREATE FUNCTION import_people(p_source text, p_batch uuid, p_trial boolean) RETURNS import_count
LANGUAGE sql AS $$
  WITH staged AS (
    DELETE FROM public.staging_people WHERE batch = p_batch RETURNING *
  ), found AS MATERIALIZED (
    SELECT s.*, p.id, row_number() OVER (PARTITION BY s.key ORDER BY s.line) > 1 AS repeated,
      (p.given, p.family, p.specialty) IS DISTINCT FROM (s.given, s.family, s.specialty) AS changed
    FROM staged s LEFT JOIN public.people p ON p.source = p_source AND p.source_id = s.key
  ), rejected AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'people', line, 'key', key, 'repeated' FROM found WHERE repeated RETURNING 1
  ), updated AS (
    UPDATE public.people p SET given = f.given, family = f.family, specialty = f.specialty
    FROM found f WHERE p.id = f.id AND f.changed AND NOT f.repeated RETURNING 1
  ), accepted AS (
    -- A trial takes no number that it would have to give back.
    INSERT INTO public.people (id, given, family, specialty, source, source_id)
    SELECT CASE WHEN p_trial THEN -line ELSE nextval('public.resource_ids') END,
      given, family, specialty, p_source, key
    FROM found WHERE id IS NULL AND NOT repeated ORDER BY line RETURNING 1
  ), n AS (
    SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM accepted) AS accepted,
      (SELECT count(*) FROM updated) AS updated, (SELECT count(*) FROM rejected) AS rejected
  )
  SELECT accepted, updated, total - accepted - updated - rejected, rejected FROM n;
$$;

CREATE FUNCTION import_patients(p_source text, p_batch uuid, p_at timestamptz, p_trial boolean) RETURNS import_count
LANGUAGE sql AS $$
  WITH staged AS (
    DELETE FROM public.staging_patients WHERE batch = p_batch RETURNING *
  ), keyed AS MATERIALIZED (
    SELECT s.*, l.hash AS old_hash, row_number() OVER (PARTITION BY s.key ORDER BY s.line) > 1 AS repeated,
      coalesce(l.patient_id, public.import_id(
        public.import_time(coalesce(s.birth, DATE '1970-01-01')::timestamp AT TIME ZONE 'UTC'),
        concat_ws(chr(31), p_source, 'patient', s.key))) AS patient_id,
      sha256(convert_to(ROW(s.given, s.family, s.sex, s.birth, s.deceased_on, s.phone, s.email, s.address,
        s.city, s.documents)::text, 'UTF8')) AS hash
    FROM staged s
    LEFT JOIN public.import_ledger l ON l.source = p_source AND l.kind = 'patient' AND l.key = s.key
  ), document AS MATERIALIZED (
    SELECT k.line, k.patient_id, d.key, d.field, d.said, d.place, h.patient_id AS holder,
      row_number() OVER (PARTITION BY d.key ORDER BY k.line) > 1 AS repeated
    FROM keyed k
    CROSS JOIN unnest(k.documents, k.document_columns, k.document_texts)
      WITH ORDINALITY AS d (key, field, said, place)
    LEFT JOIN public.patient_documents h ON h.document_key = d.key
    WHERE NOT k.repeated
  ), taken AS (
    SELECT DISTINCT ON (line) line, ARRAY[field, said, 'document_taken'] AS fault FROM document
    WHERE repeated OR holder <> patient_id ORDER BY line, place
  ), found AS MATERIALIZED (
    SELECT k.*, CASE WHEN k.repeated THEN ARRAY['key', k.key, 'repeated'] ELSE t.fault END AS fault,
      k.old_hash IS NULL AS fresh, k.old_hash <> k.hash AS changed
    FROM keyed k LEFT JOIN taken t USING (line)
  ), rejected AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'patients', line, fault[1], fault[2], fault[3] FROM found WHERE fault IS NOT NULL RETURNING 1
  ), learned AS (
    INSERT INTO public.import_ledger (source, kind, key, patient_id, id, hash)
    SELECT p_source, 'patient', key, patient_id, patient_id, hash FROM found WHERE fault IS NULL AND fresh
  ), relearned AS (
    UPDATE public.import_ledger l SET hash = f.hash FROM found f
    WHERE f.fault IS NULL AND f.changed AND l.source = p_source AND l.kind = 'patient' AND l.key = f.key
  ), retired AS (
    -- A number that the source no longer gives stops naming the patient.
    UPDATE public.patient_documents d SET valid = d.document_key = ANY (f.documents) FROM found f
    WHERE f.fault IS NULL AND f.changed AND d.patient_id = f.patient_id
      AND EXISTS (SELECT FROM unnest(f.documents) u WHERE starts_with(u, d.country || ':' || d.kind || ':'))
  ), documented AS (
    INSERT INTO public.patient_documents (document_key, patient_id, country, kind, number)
    SELECT d.key, d.patient_id, split_part(d.key, ':', 1), split_part(d.key, ':', 2), split_part(d.key, ':', 3)
    FROM document d JOIN found f USING (line) WHERE f.fault IS NULL AND (f.fresh OR f.changed) AND d.holder IS NULL
  ), charted AS MATERIALIZED (
    SELECT f.*, CASE WHEN p_trial THEN 1 ELSE nextval('public.chart_numbers') END AS chart
    FROM found f WHERE fault IS NULL AND fresh ORDER BY line
  ), charts AS (
    INSERT INTO public.patient_documents (document_key, patient_id, kind, number)
    SELECT 'chart:' || c.number, c.patient_id, 'HC', c.number
    FROM (SELECT patient_id, lpad(chart::text, greatest(6, length(chart::text)), '0') AS number FROM charted) c
    WHERE NOT p_trial
  ), accepted AS (
    INSERT INTO public.patients (patient_id, chart_number, given, family, sex, birth, deceased_on, phone, email,
      address, city, created_at)
    SELECT patient_id, chart, given, family, sex, birth, deceased_on, phone, email, address, city, p_at
    FROM charted RETURNING 1
  ), searched AS (
    INSERT INTO public.patient_search (patient_id, names, birth, n)
    SELECT patient_id, search_names, birth, search FROM charted
  ), heard AS (
    INSERT INTO public.name_words (word, sound, people)
    SELECT w.word, min(w.sound), count(*) FROM found f CROSS JOIN unnest(f.name_words, f.name_sounds) AS w (word, sound)
    WHERE f.fault IS NULL AND (f.fresh OR f.changed) GROUP BY w.word ORDER BY w.word
    ON CONFLICT (word) DO UPDATE SET people = name_words.people + excluded.people
  ), traced AS (
    INSERT INTO public.patient_edits (patient_id, version, field, before, after, act)
    SELECT p.patient_id, p.version + 1, e.field, e.before, e.after, p_batch
    FROM found f JOIN public.patients p ON p.patient_id = f.patient_id
    CROSS JOIN LATERAL (VALUES ('given', p.given, f.given), ('family', p.family, f.family), ('sex', p.sex, f.sex),
      ('birth', to_char(p.birth, 'YYYY-MM-DD'), to_char(f.birth, 'YYYY-MM-DD')),
      ('deceased_on', to_char(p.deceased_on, 'YYYY-MM-DD'), to_char(f.deceased_on, 'YYYY-MM-DD')),
      ('phone', p.phone, f.phone), ('email', p.email, f.email), ('address', p.address, f.address),
      ('city', p.city, f.city)) AS e (field, before, after)
    WHERE f.fault IS NULL AND f.changed AND e.before IS DISTINCT FROM e.after
  ), updated AS (
    UPDATE public.patients p SET given = f.given, family = f.family, sex = f.sex, birth = f.birth,
      deceased_on = f.deceased_on, phone = f.phone, email = f.email, address = f.address, city = f.city,
      version = p.version + 1
    FROM found f WHERE p.patient_id = f.patient_id AND f.fault IS NULL AND f.changed RETURNING 1
  ), refound AS (
    UPDATE public.patient_search s SET n = f.search, names = f.search_names, birth = f.birth
    FROM found f WHERE s.patient_id = f.patient_id AND f.fault IS NULL AND f.changed
  ), n AS (
    SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM accepted) AS accepted,
      (SELECT count(*) FROM updated) AS updated, (SELECT count(*) FROM rejected) AS rejected
  )
  SELECT accepted, updated, total - accepted - updated - rejected, rejected FROM n;
$$;

CREATE FUNCTION import_coverages(p_source text, p_batch uuid) RETURNS import_count
LANGUAGE sql AS $$
  WITH staged AS (
    DELETE FROM public.staging_coverages WHERE batch = p_batch RETURNING *
  ), keyed AS (
    SELECT s.*, l.patient_id, public.import_child_id(l.patient_id, concat_ws(chr(31), 'coverage', s.payer,
      row_number() OVER (PARTITION BY s.patient_key, s.payer ORDER BY s.since, s.line))) AS id
    FROM staged s
    LEFT JOIN public.import_ledger l ON l.source = p_source AND l.kind = 'patient' AND l.key = s.patient_key
  ), found AS MATERIALIZED (
    SELECT k.*, c.id IS NULL AS fresh,
      (c.member_number, c.since, c.until) IS DISTINCT FROM (k.member_number, k.since, k.until) AS changed
    FROM keyed k LEFT JOIN public.coverages c ON c.patient_id = k.patient_id AND c.id = k.id
  ), rejected AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'coverages', line, 'patient_key', patient_key, 'unknown_patient'
    FROM found WHERE patient_id IS NULL RETURNING 1
  ), accepted AS (
    INSERT INTO public.coverages (patient_id, id, payer, member_number, since, until)
    SELECT patient_id, id, payer, member_number, since, until
    FROM found WHERE patient_id IS NOT NULL AND fresh RETURNING 1
  ), updated AS (
    UPDATE public.coverages c SET member_number = f.member_number, since = f.since, until = f.until
    FROM found f WHERE c.patient_id = f.patient_id AND c.id = f.id AND NOT f.fresh AND f.changed RETURNING 1
  ), n AS (
    SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM accepted) AS accepted,
      (SELECT count(*) FROM updated) AS updated, (SELECT count(*) FROM rejected) AS rejected
  )
  SELECT accepted, updated, total - accepted - updated - rejected, rejected FROM n;
$$;

CREATE FUNCTION import_allergies(p_source text, p_batch uuid) RETURNS import_count
LANGUAGE sql AS $$
  WITH staged AS (
    DELETE FROM public.staging_allergies WHERE batch = p_batch RETURNING *
  ), keyed AS (
    SELECT s.*, l.patient_id, public.import_child_id(l.patient_id, concat_ws(chr(31), 'allergy',
      coalesce(s.code, s.substance), row_number()
        OVER (PARTITION BY s.patient_key, coalesce(s.code, s.substance) ORDER BY s.since, s.line))) AS id
    FROM staged s
    LEFT JOIN public.import_ledger l ON l.source = p_source AND l.kind = 'patient' AND l.key = s.patient_key
  ), found AS MATERIALIZED (
    SELECT k.*, a.id IS NULL AND k.substance IS NOT NULL AS fresh, k.substance IS NULL AS none,
      (a.substance, a.system, a.code, a.category, a.reaction, a.severity, a.since, a.until) IS DISTINCT FROM
      (k.substance, k.system, k.code, k.category, k.reaction, k.severity, k.since, k.until) AS changed
    FROM keyed k LEFT JOIN public.allergies a ON a.patient_id = k.patient_id AND a.id = k.id
  ), rejected AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'allergies', line, 'patient_key', patient_key, 'unknown_patient'
    FROM found WHERE patient_id IS NULL RETURNING 1
  ), accepted AS (
    INSERT INTO public.allergies (patient_id, id, substance, system, code, category, reaction, severity, since, until)
    SELECT patient_id, id, substance, system, code, category, reaction, severity, since, until
    FROM found WHERE patient_id IS NOT NULL AND fresh RETURNING 1
  ), updated AS (
    UPDATE public.allergies a SET substance = f.substance, system = f.system, code = f.code, category = f.category,
      reaction = f.reaction, severity = f.severity, since = f.since, until = f.until
    FROM found f WHERE a.patient_id = f.patient_id AND a.id = f.id AND NOT f.fresh AND NOT f.none AND f.changed
    RETURNING 1
  ), asked AS (
    -- "None" says something only where nobody asked before and the same file lists no allergy.
    UPDATE public.patients p SET allergy_status = CASE WHEN f.none THEN 'ninguna' ELSE 'registradas' END
    FROM (SELECT patient_id, bool_and(none) AS none, count(*) FILTER (WHERE none) AS rows
          FROM found WHERE patient_id IS NOT NULL GROUP BY patient_id) f
    WHERE p.patient_id = f.patient_id
      AND (p.allergy_status = 'sin_preguntar' OR p.allergy_status = 'ninguna' AND NOT f.none)
    RETURNING f.rows
  ), n AS (
    SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM updated) AS updated,
      (SELECT count(*) FROM accepted) + (SELECT coalesce(sum(rows), 0)::bigint FROM asked) AS accepted,
      (SELECT count(*) FROM rejected) AS rejected
  )
  SELECT accepted, updated, total - accepted - updated - rejected, rejected FROM n;
$$;

-- A visit of a source is one visit and one record of the history.
CREATE FUNCTION import_visits(p_source text, p_batch uuid) RETURNS import_count
LANGUAGE sql AS $$
  WITH staged AS (
    DELETE FROM public.staging_visits WHERE batch = p_batch RETURNING *
  ), keyed AS (
    SELECT s.*, p.patient_id, d.id AS doctor_id, l.id IS NULL AS fresh,
      coalesce(l.id, public.import_id(public.import_time(s.started_at),
        concat_ws(chr(31), p_source, 'visit', s.key))) AS id,
      CASE
        WHEN row_number() OVER (PARTITION BY s.key ORDER BY s.line) > 1 THEN ARRAY['key', s.key, 'repeated']
        WHEN p.patient_id IS NULL THEN ARRAY['patient_key', s.patient_key, 'unknown_patient']
        WHEN l.patient_id <> p.patient_id THEN ARRAY['patient_key', s.patient_key, 'visit_of_another']
        WHEN s.doctor_key IS NOT NULL AND d.id IS NULL THEN ARRAY['doctor_key', s.doctor_key, 'unknown_person']
        WHEN s.started_at < (b.birth - 1)::timestamp AT TIME ZONE 'UTC' THEN
          ARRAY['started_at', to_char(s.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'before_birth']
      END AS fault
    FROM staged s
    LEFT JOIN public.import_ledger p ON p.source = p_source AND p.kind = 'patient' AND p.key = s.patient_key
    LEFT JOIN public.patients b ON b.patient_id = p.patient_id
    LEFT JOIN public.import_ledger l ON l.source = p_source AND l.kind = 'visit' AND l.key = s.key
    LEFT JOIN public.people d ON d.source = p_source AND d.source_id = s.doctor_key
  ), found AS MATERIALIZED (
    SELECT k.*, public.import_child_id(k.id, 'record') AS record_id FROM keyed k
  ), rejected AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'visits', line, fault[1], fault[2], fault[3] FROM found WHERE fault IS NOT NULL RETURNING 1
  ), learned AS (
    INSERT INTO public.import_ledger (source, kind, key, patient_id, id)
    SELECT p_source, 'visit', key, patient_id, id FROM found WHERE fault IS NULL AND fresh
  ), accepted AS (
    INSERT INTO public.visits (patient_id, id, institution, doctor_id, kind, started_at, ended_at, reason)
    SELECT patient_id, id, institution, doctor_id, kind, started_at, ended_at, reason
    FROM found WHERE fault IS NULL AND fresh RETURNING 1
  ), recorded AS (
    INSERT INTO public.records (patient_id, id, visit_id, kind, at, institution, doctor_id, title, attributes, source)
    SELECT patient_id, record_id, id, kind, started_at, institution, doctor_id, title, attributes, p_source
    FROM found WHERE fault IS NULL AND fresh RETURNING patient_id, id
  ), updated AS (
    UPDATE public.visits v SET institution = f.institution, doctor_id = f.doctor_id, kind = f.kind,
      started_at = f.started_at, ended_at = f.ended_at, reason = f.reason
    FROM found f WHERE v.patient_id = f.patient_id AND v.id = f.id AND f.fault IS NULL AND NOT f.fresh
      AND (v.institution, v.doctor_id, v.kind, v.started_at, v.ended_at, v.reason) IS DISTINCT FROM
        (f.institution, f.doctor_id, f.kind, f.started_at, f.ended_at, f.reason)
    RETURNING f.line
  ), rewritten AS (
    UPDATE public.records r SET kind = f.kind, at = f.started_at, institution = f.institution,
      doctor_id = f.doctor_id, title = f.title, attributes = f.attributes
    FROM found f WHERE r.patient_id = f.patient_id AND r.id = f.record_id AND f.fault IS NULL AND NOT f.fresh
      AND (r.kind, r.at, r.institution, r.doctor_id, r.title, r.attributes) IS DISTINCT FROM
        (f.kind, f.started_at, f.institution, f.doctor_id, f.title, f.attributes)
    RETURNING f.line, r.patient_id, r.id
  ), touched AS (
    INSERT INTO public.staging_touched (batch, patient_id, record_id)
    SELECT p_batch, patient_id, id FROM recorded UNION ALL SELECT p_batch, patient_id, id FROM rewritten
  ), n AS (
    SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM accepted) AS accepted,
      (SELECT count(*) FROM (TABLE updated UNION SELECT line FROM rewritten) either) AS updated,
      (SELECT count(*) FROM rejected) AS rejected
  )
  SELECT accepted, updated, total - accepted - updated - rejected, rejected FROM n;
$$;

-- What is wrong with a row that belongs to a visit: field, value, reason; NULL where nothing is.
CREATE FUNCTION import_fault(p_patient_key text, p_patient uuid, p_visit_key text, p_visit_patient uuid) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_patient IS NULL THEN ARRAY['patient_key', p_patient_key, 'unknown_patient']
    WHEN p_visit_key IS NOT NULL AND p_visit_patient IS NULL THEN ARRAY['visit_key', p_visit_key, 'unknown_visit']
    WHEN p_visit_patient <> p_patient THEN ARRAY['visit_key', p_visit_key, 'visit_of_another']
  END;
$$;

CREATE FUNCTION import_diagnoses(p_source text, p_batch uuid) RETURNS import_count
LANGUAGE sql AS $$
  WITH staged AS (
    DELETE FROM public.staging_diagnoses WHERE batch = p_batch RETURNING *
  ), keyed AS (
    SELECT s.*, p.patient_id, v.id AS visit_id, public.import_child_id(v.id, 'record') AS record_id,
      public.import_child_id(v.id, concat_ws(chr(31), 'diagnosis', s.code,
        row_number() OVER (PARTITION BY s.visit_key, s.code ORDER BY s.onset, s.line))) AS id,
      public.import_fault(s.patient_key, p.patient_id, s.visit_key, v.patient_id) AS fault
    FROM staged s
    LEFT JOIN public.import_ledger p ON p.source = p_source AND p.kind = 'patient' AND p.key = s.patient_key
    LEFT JOIN public.import_ledger v ON v.source = p_source AND v.kind = 'visit' AND v.key = s.visit_key
  ), ranked AS (
    -- What the visit was for is its principal diagnosis.
    SELECT k.*, CASE WHEN r.attributes ->> 'reason_code' = k.code THEN 'principal' ELSE 'relacionado' END AS kind
    FROM keyed k LEFT JOIN public.records r ON r.patient_id = k.patient_id AND r.id = k.record_id
  ), found AS MATERIALIZED (
    SELECT k.*, d.id IS NULL AS fresh,
      (d.system, d.text, d.kind, d.onset, d.abated) IS DISTINCT FROM
      (k.system, k.text, k.kind, k.onset, k.abated) AS changed
    FROM ranked k LEFT JOIN public.diagnoses d ON d.patient_id = k.patient_id AND d.id = k.id
  ), rejected AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'diagnoses', line, fault[1], fault[2], fault[3] FROM found WHERE fault IS NOT NULL RETURNING 1
  ), accepted AS (
    INSERT INTO public.diagnoses (patient_id, id, record_id, visit_id, system, code, text, certainty, kind, onset, abated)
    SELECT patient_id, id, record_id, visit_id, system, code, text, 'confirmado', kind, onset, abated
    FROM found WHERE fault IS NULL AND fresh RETURNING patient_id, record_id
  ), updated AS (
    UPDATE public.diagnoses d SET system = f.system, text = f.text, kind = f.kind, onset = f.onset, abated = f.abated
    FROM found f WHERE d.patient_id = f.patient_id AND d.id = f.id AND f.fault IS NULL AND NOT f.fresh AND f.changed
    RETURNING d.patient_id, d.record_id
  ), touched AS (
    INSERT INTO public.staging_touched (batch, patient_id, record_id)
    SELECT p_batch, patient_id, record_id FROM (TABLE accepted UNION TABLE updated) either WHERE record_id IS NOT NULL
  ), n AS (
    SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM accepted) AS accepted,
      (SELECT count(*) FROM updated) AS updated, (SELECT count(*) FROM rejected) AS rejected
  )
  SELECT accepted, updated, total - accepted - updated - rejected, rejected FROM n;
$$;

CREATE FUNCTION import_prescriptions(p_source text, p_batch uuid) RETURNS import_count
LANGUAGE sql AS $$
  WITH staged AS (
    DELETE FROM public.staging_prescriptions WHERE batch = p_batch RETURNING *
  ), keyed AS (
    SELECT s.*, p.patient_id, v.id AS visit_id, t.doctor_id,
      public.import_child_id(v.id, concat_ws(chr(31), 'prescription', s.code,
        row_number() OVER (PARTITION BY s.visit_key, s.code ORDER BY s.starts_at, s.line))) AS id,
      public.import_fault(s.patient_key, p.patient_id, s.visit_key, v.patient_id) AS fault
    FROM staged s
    LEFT JOIN public.import_ledger p ON p.source = p_source AND p.kind = 'patient' AND p.key = s.patient_key
    LEFT JOIN public.import_ledger v ON v.source = p_source AND v.kind = 'visit' AND v.key = s.visit_key
    LEFT JOIN public.visits t ON t.patient_id = v.patient_id AND t.id = v.id
  ), found AS MATERIALIZED (
    SELECT k.*, public.import_child_id(k.id, 'item') AS item_id, c.id IS NULL AS fresh
    FROM keyed k LEFT JOIN public.prescriptions c ON c.patient_id = k.patient_id AND c.id = k.id
  ), rejected AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'prescriptions', line, fault[1], fault[2], fault[3] FROM found WHERE fault IS NOT NULL RETURNING 1
  ), accepted AS (
    INSERT INTO public.prescriptions (patient_id, id, visit_id, doctor_id, state, starts_at, ends_at, reason)
    SELECT patient_id, id, visit_id, doctor_id, state, starts_at, ends_at, reason
    FROM found WHERE fault IS NULL AND fresh RETURNING 1
  ), itemised AS (
    INSERT INTO public.prescription_items (patient_id, id, prescription_id, system, code, text, dispenses)
    SELECT patient_id, item_id, id, system, code, text, dispenses FROM found WHERE fault IS NULL AND fresh
  ), updated AS (
    UPDATE public.prescriptions c SET doctor_id = f.doctor_id, state = f.state, starts_at = f.starts_at,
      ends_at = f.ends_at, reason = f.reason
    FROM found f WHERE c.patient_id = f.patient_id AND c.id = f.id AND f.fault IS NULL AND NOT f.fresh
      AND (c.doctor_id, c.state, c.starts_at, c.ends_at, c.reason) IS DISTINCT FROM
        (f.doctor_id, f.state, f.starts_at, f.ends_at, f.reason)
    RETURNING f.line
  ), rewritten AS (
    UPDATE public.prescription_items i SET system = f.system, text = f.text, dispenses = f.dispenses
    FROM found f WHERE i.patient_id = f.patient_id AND i.id = f.item_id AND f.fault IS NULL AND NOT f.fresh
      AND (i.system, i.text, i.dispenses) IS DISTINCT FROM (f.system, f.text, f.dispenses)
    RETURNING f.line
  ), n AS (
    SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM accepted) AS accepted,
      (SELECT count(*) FROM (TABLE updated UNION TABLE rewritten) either) AS updated,
      (SELECT count(*) FROM rejected) AS rejected
  )
  SELECT accepted, updated, total - accepted - updated - rejected, rejected FROM n;
$$;

-- Vital signs stand alone; other observations belong to one result for each visit and category, or, where
-- there was no visit, for each moment and category.
CREATE FUNCTION import_observations(p_source text, p_batch uuid) RETURNS import_count
LANGUAGE sql AS $$
  WITH staged AS (
    DELETE FROM public.staging_observations WHERE batch = p_batch RETURNING *
  ), rooted AS MATERIALIZED (
    SELECT s.*, p.patient_id, v.id AS visit_id, t.doctor_id,
      coalesce(v.id, public.import_id(public.import_time(s.at),
        concat_ws(chr(31), p_source, 'moment', s.patient_key))) AS root,
      public.import_fault(s.patient_key, p.patient_id, s.visit_key, v.patient_id) AS fault
    FROM staged s
    LEFT JOIN public.import_ledger p ON p.source = p_source AND p.kind = 'patient' AND p.key = s.patient_key
    LEFT JOIN public.import_ledger v ON v.source = p_source AND v.kind = 'visit' AND v.key = s.visit_key
    LEFT JOIN public.visits t ON t.patient_id = v.patient_id AND t.id = v.id
  ), keyed AS (
    SELECT r.*, public.import_child_id(r.root, concat_ws(chr(31), 'observation', r.vital, r.code,
        row_number() OVER (PARTITION BY r.patient_key, r.root, r.vital, r.code ORDER BY r.at, r.line))) AS id,
      CASE WHEN NOT r.vital THEN public.import_child_id(r.root, 'result' || chr(31) || r.category) END AS result_id
    FROM rooted r
  ), found AS MATERIALIZED (
    SELECT k.*, v.id IS NULL AND o.id IS NULL AS fresh,
      CASE WHEN k.vital
        THEN (v.at, v.system, v.name, v.value, v.unit) IS DISTINCT FROM
          (k.at, k.system, k.name, k.value_number, coalesce(k.unit, ''))
        ELSE (o.result_id, o.at, o.system, o.name, o.value_number, o.value_text, o.unit) IS DISTINCT FROM
          (k.result_id, k.at, k.system, k.name, k.value_number, k.value_text, k.unit) END AS changed
    FROM keyed k
    LEFT JOIN public.vitals v ON k.vital AND v.patient_id = k.patient_id AND v.id = k.id
    LEFT JOIN public.observations o ON NOT k.vital AND o.patient_id = k.patient_id AND o.id = k.id
  ), rejected AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'observations', line, fault[1], fault[2], fault[3] FROM found WHERE fault IS NOT NULL RETURNING 1
  ), reported AS (
    INSERT INTO public.results AS r (patient_id, id, visit_id, doctor_id, at, title, category)
    SELECT patient_id, result_id, visit_id, doctor_id, min(at), min(title), category
    FROM found WHERE fault IS NULL AND NOT vital GROUP BY patient_id, result_id, visit_id, doctor_id, category
    ON CONFLICT (patient_id, id) DO UPDATE SET at = excluded.at, title = excluded.title, doctor_id = excluded.doctor_id
    WHERE (r.at, r.title, r.doctor_id) IS DISTINCT FROM (excluded.at, excluded.title, excluded.doctor_id)
  ), measured AS (
    INSERT INTO public.vitals (patient_id, id, visit_id, at, system, code, name, value, unit)
    SELECT patient_id, id, visit_id, at, system, code, name, value_number, coalesce(unit, '')
    FROM found WHERE fault IS NULL AND vital AND fresh RETURNING 1
  ), observed AS (
    INSERT INTO public.observations (patient_id, id, result_id, at, system, code, name, value_number, value_text, unit)
    SELECT patient_id, id, result_id, at, system, code, name, value_number, value_text, unit
    FROM found WHERE fault IS NULL AND NOT vital AND fresh RETURNING 1
  ), remeasured AS (
    UPDATE public.vitals v SET at = f.at, system = f.system, name = f.name, value = f.value_number,
      unit = coalesce(f.unit, '')
    FROM found f WHERE v.patient_id = f.patient_id AND v.id = f.id AND f.vital AND f.fault IS NULL
      AND NOT f.fresh AND f.changed
    RETURNING 1
  ), reobserved AS (
    UPDATE public.observations o SET result_id = f.result_id, at = f.at, system = f.system, name = f.name,
      value_number = f.value_number, value_text = f.value_text, unit = f.unit
    FROM found f WHERE o.patient_id = f.patient_id AND o.id = f.id AND NOT f.vital AND f.fault IS NULL
      AND NOT f.fresh AND f.changed
    RETURNING 1
  ), n AS (
    SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM rejected) AS rejected,
      (SELECT count(*) FROM measured) + (SELECT count(*) FROM observed) AS accepted,
      (SELECT count(*) FROM remeasured) + (SELECT count(*) FROM reobserved) AS updated
  )
  SELECT accepted, updated, total - accepted - updated - rejected, rejected FROM n;
$$;

-- Entries that the batch made or changed are found by what they say now.
CREATE FUNCTION import_found(p_batch uuid) RETURNS void
LANGUAGE sql AS $$
  WITH touched AS (
    DELETE FROM public.staging_touched WHERE batch = p_batch RETURNING patient_id, record_id
  ), once AS (
    SELECT DISTINCT patient_id, record_id FROM touched
  )
  SELECT public.find_records(array_agg(patient_id), array_agg(record_id)) FROM once;
$$;

-- The whole batch, parents first. A trial does all of it for its counts and rejects; its caller rolls back.
CREATE FUNCTION import_merge(p_source text, p_batch uuid, p_at timestamptz, p_trial boolean)
RETURNS TABLE (kind text, accepted bigint, updated bigint, unchanged bigint, rejected bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET default_statistics_target = 10 SET work_mem = '32MB' SET jit = off AS $$
BEGIN
  PERFORM public.import_begin(p_source, p_batch);
  -- The planner must not take a full staging table for an empty one.
  ANALYZE public.staging_people (batch, key), public.staging_patients (batch, key),
    public.staging_coverages (batch, patient_key, payer), public.staging_allergies (batch, patient_key, code),
    public.staging_visits (batch, key, patient_key, doctor_key),
    public.staging_diagnoses (batch, patient_key, visit_key, code),
    public.staging_prescriptions (batch, patient_key, visit_key, code),
    public.staging_observations (batch, patient_key, visit_key, code);
  RETURN QUERY SELECT 'people', n.* FROM public.import_people(p_source, p_batch, p_trial) n;
  ANALYZE public.people (source, source_id);
  RETURN QUERY SELECT 'patients', n.* FROM public.import_patients(p_source, p_batch, p_at, p_trial) n;
  ANALYZE public.import_ledger (source, kind, key);
  RETURN QUERY SELECT 'coverages', n.* FROM public.import_coverages(p_source, p_batch) n;
  RETURN QUERY SELECT 'allergies', n.* FROM public.import_allergies(p_source, p_batch) n;
  RETURN QUERY SELECT 'visits', n.* FROM public.import_visits(p_source, p_batch) n;
  ANALYZE public.import_ledger (source, kind, key);
  RETURN QUERY SELECT 'diagnoses', n.* FROM public.import_diagnoses(p_source, p_batch) n;
  PERFORM public.import_found(p_batch);
  RETURN QUERY SELECT 'prescriptions', n.* FROM public.import_prescriptions(p_source, p_batch) n;
  RETURN QUERY SELECT 'observations', n.* FROM public.import_observations(p_source, p_batch) n;
END $$;

-- What the merge rejected, once: reading empties.
CREATE FUNCTION import_rejects(p_source text, p_batch uuid)
RETURNS TABLE (kind text, line bigint, field text, value text, reason text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.import_begin(p_source, p_batch);
  RETURN QUERY
    WITH gone AS (DELETE FROM public.staging_rejects r WHERE r.batch = p_batch RETURNING r.*)
    SELECT g.kind, g.line, g.field, g.value, g.reason FROM gone g
    ORDER BY array_position(ARRAY['people', 'patients', 'coverages', 'allergies', 'visits', 'diagnoses',
      'prescriptions', 'observations'], g.kind), g.line;
END $$;

-- Staging is written by COPY and read by nobody.
GRANT INSERT ON staging_people, staging_patients, staging_coverages, staging_allergies, staging_visits,
  staging_diagnoses, staging_prescriptions, staging_observations TO k_admin, k_importacion;
GRANT EXECUTE ON FUNCTION import_begin(text, uuid), import_merge(text, uuid, timestamptz, boolean),
  import_rejects(text, uuid) TO k_admin, k_importacion;
