-- Imports of a list of patients. Each staged row gets its fate first: `new`; `known`, by a document of theirs;
-- `changed` or `same`, by the source's own key; else why it cannot be. A document is one person: whoever is
-- found by one gets what was blank and nothing else. What a source said is remembered as digests, field by
-- field, so that its next list changes what it changed itself, and never what a person corrected since.

CREATE TYPE registry_count AS
  (accepted bigint, updated bigint, unchanged bigint, rejected bigint, linked bigint, alike bigint);

-- One digest a field; NULL says nothing. Names and birth are one field, and what comes in any number another.
-- A single expression, so that the planner writes it out where it is called.
CREATE FUNCTION registry_said(p_given text, p_family text, p_birth date, p_sex text, p_deceased date, p_phone text,
  p_email text, p_address text, p_city text, p_payer text, p_plan text, p_member text, p_name_in_use text,
  p_gender text, p_blood text, p_facts jsonb)
RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT ARRAY[
    hashtextextended(p_family || chr(31) || p_given || chr(31) || coalesce((p_birth - DATE '1880-01-01')::text, ''), 0),
    hashtextextended(p_sex, 0), hashtextextended((p_deceased - DATE '1880-01-01')::text, 0),
    hashtextextended(p_phone, 0), hashtextextended(p_email, 0), hashtextextended(p_address, 0),
    hashtextextended(p_city, 0), hashtextextended(p_payer || chr(31) || coalesce(p_plan, '') || chr(31) || coalesce(p_member, ''), 0),
    hashtextextended(p_name_in_use, 0), hashtextextended(p_gender, 0), hashtextextended(p_blood, 0),
    hashtextextended((p_facts->'allergies')::text, 0), hashtextextended((p_facts->'contacts')::text, 0),
    hashtextextended((p_facts->'consents')::text, 0)];
$$;

-- The digests of documents and second phones, which follow those of the fields.
CREATE FUNCTION registry_said_papers(p_documents text[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ARRAY(SELECT hashtextextended(d, 0) FROM unnest(p_documents) d ORDER BY d);
$$;

-- What the patient's row and open coverage say now, by the same digests.
CREATE FUNCTION registry_held(p_patient uuid) RETURNS bigint[]
LANGUAGE sql STABLE AS $$
  SELECT public.registry_said(p.given, p.family, p.birth, p.sex, p.deceased_on, p.phone, p.email, p.address, p.city,
    c.payer, c.plan, c.member_number, p.name_in_use, nullif(p.gender, 'sin_preguntar'), nullif(p.blood_group, 'desconocido'),
    NULL)
  FROM public.patients p LEFT JOIN LATERAL (
    SELECT payer, plan, member_number FROM public.coverages
    WHERE patient_id = p.patient_id AND until IS NULL ORDER BY id DESC LIMIT 1) c ON true
  WHERE p.patient_id = p_patient;
$$;

-- Whether a list says anything that it did not say before. What it leaves blank says nothing.
CREATE FUNCTION registry_differs(p_said bigint[], p_base bigint[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT cardinality(p_said) > 14 AND p_said[15:] <> p_base[15:] OR EXISTS (
    SELECT FROM unnest(p_said[1:14], p_base[1:14]) AS u (said, base) WHERE said IS NOT NULL AND said IS DISTINCT FROM base);
$$;

-- What is remembered after another list: what it said, and where it was silent what the one before said.
CREATE FUNCTION registry_kept(p_said bigint[], p_base bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_agg(coalesce(said, base) ORDER BY n)
    || CASE WHEN cardinality(p_said) > 14 THEN p_said[15:] ELSE p_base[15:] END
  FROM unnest(p_said[1:14], p_base[1:14]) WITH ORDINALITY AS u (said, base, n);
$$;

-- The twin of SearchNames.keys(), for names already folded and the documents that stand now.
CREATE FUNCTION registry_keys(p_patient uuid, p_names text, p_birth date) RETURNS text[]
LANGUAGE sql STABLE AS $$
  WITH word AS (SELECT DISTINCT w FROM string_to_table(replace(p_names, '|', ' '), ' ') w WHERE w <> '')
  SELECT ARRAY(
    SELECT w FROM word
    UNION SELECT '3' || left(w, 3) FROM word WHERE length(w) >= 3
    UNION SELECT 'y' || extract(year FROM p_birth)::integer WHERE p_birth IS NOT NULL
    UNION SELECT left(ltrim(replace(p_names, '|', ' ')), 1) || right(d.number, 4) FROM public.patient_documents d
      WHERE d.patient_id = p_patient AND d.valid AND d.kind <> 'HC' AND right(d.number, 4) ~ '^[0-9]+$');
$$;

-- The key of each row. A row without one of its own goes by names, birth and sex, the second of them as `#2`;
-- the same row word for word is one.
CREATE FUNCTION registry_keyed(p_batch uuid)
RETURNS TABLE (line bigint, key text, said bigint[], repeated boolean)
LANGUAGE sql AS $$
  WITH told AS MATERIALIZED (
    SELECT s.line, s.key, s.numbered, public.registry_said(s.given, s.family, s.birth, s.sex, s.deceased_on, s.phone,
      s.email, s.address, s.city, s.payer, s.plan, s.member, s.name_in_use, s.gender, s.blood_group, s.facts)
      || CASE WHEN s.second_phone IS NOT NULL THEN public.registry_said_papers(s.documents || s.second_phone)
        WHEN cardinality(s.documents) = 0 THEN '{}'
        WHEN cardinality(s.documents) = 1 THEN ARRAY[hashtextextended(s.documents[1], 0)]
        ELSE public.registry_said_papers(s.documents) END AS said
    FROM public.staging_registry s WHERE s.batch = p_batch
  ), copies AS MATERIALIZED (
    SELECT line FROM (
      SELECT line, row_number() OVER (PARTITION BY key, said ORDER BY line) AS n FROM told WHERE numbered) t WHERE n > 1
  ), placed AS (
    SELECT t.*, row_number() OVER (PARTITION BY t.key ORDER BY t.line) AS place
    FROM told t WHERE t.line NOT IN (TABLE copies)
  )
  SELECT line, CASE WHEN numbered AND place > 1 THEN key || '#' || place ELSE key END, said, NOT numbered AND place > 1
  FROM placed
  UNION ALL
  SELECT line, key, said, true FROM told WHERE line IN (TABLE copies);
$$;

CREATE FUNCTION registry_fates(p_source text, p_batch uuid) RETURNS void
LANGUAGE sql AS $$
  WITH keyed AS MATERIALIZED (
    SELECT k.*, coalesce(m.merged_into, l.patient_id) AS owner, l.fields AS base
    FROM public.registry_keyed(p_batch) k
    LEFT JOIN public.import_ledger l ON l.source = p_source AND l.kind = 'patient' AND l.key = k.key
    LEFT JOIN public.patients m ON m.patient_id = l.patient_id AND m.merged_into IS NOT NULL
  ), document AS MATERIALIZED (
    SELECT k.line, k.owner, d.field, d.said, d.place, coalesce(m.merged_into, h.patient_id) AS holder,
      row_number() OVER (PARTITION BY d.key ORDER BY k.line) > 1 AS again
    FROM keyed k JOIN public.staging_registry s ON s.batch = p_batch AND s.line = k.line
    CROSS JOIN unnest(s.documents, s.document_columns, s.document_texts) WITH ORDINALITY AS d (key, field, said, place)
    LEFT JOIN public.patient_documents h ON h.document_key = d.key
    LEFT JOIN public.patients m ON m.patient_id = h.patient_id AND m.merged_into IS NOT NULL
    WHERE NOT k.repeated
  ), held AS MATERIALIZED (
    SELECT DISTINCT ON (line) line, holder, field, said FROM document
    WHERE holder IS NOT NULL AND owner IS NULL ORDER BY line, place
  ), fault AS (
    SELECT line, field, said, 'repeated' AS why, place FROM document WHERE again
    UNION ALL
    SELECT d.line, d.field, d.said, 'document_taken', d.place FROM document d LEFT JOIN held h USING (line)
    WHERE d.holder <> coalesce(d.owner, h.holder)
    UNION ALL
    SELECT h.line, h.field, h.said, 'document_of_another:' || lpad(p.chart_number::text, 6, '0'), 0
    FROM held h JOIN public.patients p ON p.patient_id = h.holder
    JOIN public.patient_search n ON n.patient_id = h.holder
    JOIN public.staging_registry s ON s.batch = p_batch AND s.line = h.line
    WHERE p.birth IS DISTINCT FROM s.birth AND NOT n.n && s.name_words
    UNION ALL
    SELECT line, 'key', key, 'repeated', 0 FROM keyed WHERE repeated
  ), first_fault AS (
    SELECT DISTINCT ON (line) * FROM fault ORDER BY line, place
  ), aimed AS (
    SELECT k.*, f.why, f.field, f.said AS value, coalesce(k.owner, h.holder) AS target,
      row_number() OVER (PARTITION BY coalesce(k.owner, h.holder), f.line IS NULL ORDER BY k.line) AS turn
    FROM keyed k LEFT JOIN held h USING (line) LEFT JOIN first_fault f USING (line)
  )
  INSERT INTO public.staging_fates (batch, line, key, patient_id, said, base, fate, field, value)
  SELECT p_batch, a.line, a.key, coalesce(a.target, public.import_id(
      public.import_time(coalesce(s.birth, DATE '1970-01-01')::timestamp AT TIME ZONE 'UTC'),
      concat_ws(chr(31), p_source, 'patient', a.key))), a.said, a.base,
    CASE WHEN a.why IS NOT NULL THEN a.why
      WHEN a.target IS NULL THEN 'new'
      WHEN a.owner IS NOT NULL AND NOT public.registry_differs(a.said, a.base) THEN 'same'
      WHEN a.turn > 1 THEN 'same_patient'
      WHEN a.owner IS NULL THEN 'known' ELSE 'changed' END,
    coalesce(a.field, 'key'), coalesce(a.value, a.key)
  FROM aimed a JOIN public.staging_registry s ON s.batch = p_batch AND s.line = a.line;
$$;

CREATE FUNCTION registry_answer_name(p_source text, p_purpose text, p_number text, p_n bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(chr(31), 'consent', p_source, p_purpose, coalesce(p_number, ''), p_n::text);
$$;

-- What a list says of consents, each beside the last answer that anybody gave to the same. `otherwise`: the other
-- answer stands and is no list's of this source; `due`: it is to be written, as the answer number `next`.
CREATE FUNCTION registry_answers(p_source text, p_batch uuid)
RETURNS TABLE (line bigint, patient_id uuid, fate text, field text, said text, purpose text, number text, granted boolean,
  evidence text, next bigint, otherwise boolean, due boolean)
LANGUAGE sql STABLE AS $$
  SELECT f.line, f.patient_id, f.fate, c.field, c.said, c.purpose, c.number, c.granted, c.evidence, h.mine + 1,
    h.granted <> c.granted AND NOT h.own, h.count = 0 OR h.granted <> c.granted AND h.own AND f.fate = 'changed'
  FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
  CROSS JOIN jsonb_to_recordset(s.facts->'consents') AS c (field text, said text, purpose text, number text, granted boolean, evidence text)
  CROSS JOIN LATERAL (
    SELECT count(*) AS count, count(*) FILTER (WHERE k.patient_id = f.patient_id) AS mine, (array_agg(k.granted ORDER BY k.at DESC, k.id DESC))[1] AS granted,
      (array_agg(k.id = public.import_child_id(k.patient_id, public.registry_answer_name(p_source, c.purpose, c.number, n))
        ORDER BY k.at DESC, k.id DESC))[1] AS own
    FROM (SELECT k.*, row_number() OVER (PARTITION BY k.patient_id ORDER BY k.at, k.id) AS n FROM public.consents k
      WHERE k.patient_id = ANY (public.patient_members(f.patient_id)) AND k.purpose = c.purpose
        AND k.number IS NOT DISTINCT FROM c.number) k) h
  WHERE f.batch = p_batch AND (f.fate IN ('new', 'known') OR f.fate = 'changed' AND f.said[14] IS DISTINCT FROM f.base[14]);
$$;

-- What the list changed and a person changed otherwise since: the row is refused whole, each field named.
CREATE FUNCTION registry_conflicts(p_source text, p_batch uuid) RETURNS void
LANGUAGE sql AS $$
  WITH changed AS MATERIALIZED (
    SELECT f.line, f.patient_id, f.said, f.base, public.registry_held(f.patient_id) AS held, s.documents,
      s.document_columns, s.document_texts,
      ARRAY[concat_ws(', ', s.family, s.given), s.sex, s.deceased_on::text, s.phone, s.email, s.address, s.city, s.payer,
        s.name_in_use, s.gender, s.blood_group] AS told
    FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
    WHERE f.batch = p_batch AND f.fate = 'changed'
  ), conflict AS (
    SELECT c.line, u.field, u.told AS value FROM changed c CROSS JOIN unnest(c.said[1:11], c.base[1:11], c.held[1:11], c.told,
      ARRAY['family', 'sex', 'deceased_on', 'phone', 'email', 'address', 'city', 'payer', 'name_in_use', 'gender',
        'blood_group']) AS u (said, base, held, told, field)
    WHERE u.said IS NOT NULL AND u.said IS DISTINCT FROM u.base
      AND u.held IS DISTINCT FROM u.base AND u.held IS DISTINCT FROM u.said
    UNION ALL
    SELECT c.line, d.field, d.said FROM changed c
    CROSS JOIN unnest(c.documents, c.document_columns, c.document_texts) AS d (key, field, said)
    WHERE NOT EXISTS (SELECT FROM public.patient_documents h WHERE h.document_key = d.key)
      AND EXISTS (
        SELECT FROM public.patient_documents h WHERE h.patient_id = ANY (public.patient_members(c.patient_id)) AND h.valid
          AND starts_with(d.key, h.country || ':' || h.kind || ':') AND h.document_key <> ALL (c.documents)
          AND hashtextextended(h.document_key, 0) <> ALL (c.base[15:]))
    UNION ALL
    SELECT a.line, a.field, a.said FROM public.registry_answers(p_source, p_batch) a
    WHERE a.fate = 'changed' AND a.otherwise
  ), told AS (
    INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'registry', line, field, value, 'edited_since' FROM conflict RETURNING line
  )
  UPDATE public.staging_fates f SET fate = 'edited_since'
  WHERE f.batch = p_batch AND f.line IN (SELECT line FROM told);
$$;

-- Documents that are new to the network; of those this source gave before, what it replaces names nobody more.
CREATE FUNCTION registry_documents(p_batch uuid) RETURNS void
LANGUAGE sql AS $$
  UPDATE public.patient_documents d SET valid = false
  FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
  WHERE f.batch = p_batch AND f.fate = 'changed' AND d.patient_id = ANY (public.patient_members(f.patient_id)) AND d.valid
    AND hashtextextended(d.document_key, 0) = ANY (f.base[15:]) AND d.document_key <> ALL (s.documents)
    AND EXISTS (SELECT FROM unnest(s.documents) u WHERE starts_with(u, d.country || ':' || d.kind || ':'));
  WITH given AS (
    INSERT INTO public.patient_documents (document_key, patient_id, country, kind, number)
    SELECT d.key, f.patient_id, split_part(d.key, ':', 1), split_part(d.key, ':', 2), split_part(d.key, ':', 3)
    FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line) CROSS JOIN unnest(s.documents) AS d (key)
    WHERE f.batch = p_batch AND (f.fate = 'new' OR f.fate IN ('known', 'changed')
      AND NOT EXISTS (SELECT FROM public.patient_documents h WHERE h.document_key = d.key))
    RETURNING patient_id
  )
  UPDATE public.staging_fates f SET touched = true
  WHERE f.batch = p_batch AND f.fate IN ('known', 'changed') AND f.patient_id IN (SELECT patient_id FROM given);
$$;

CREATE FUNCTION registry_new(p_batch uuid, p_at timestamptz, p_trial boolean) RETURNS void
LANGUAGE sql AS $$
  WITH charted AS MATERIALIZED (
    SELECT f.patient_id, s.*, CASE WHEN p_trial THEN 1 ELSE nextval('public.chart_numbers') END AS chart
    FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
    WHERE f.batch = p_batch AND f.fate = 'new' ORDER BY line
  ), charts AS (
    INSERT INTO public.patient_documents (document_key, patient_id, kind, number)
    SELECT 'chart:' || c.number, c.patient_id, 'HC', c.number
    FROM (SELECT patient_id, lpad(chart::text, greatest(6, length(chart::text)), '0') AS number FROM charted) c
    WHERE NOT p_trial
  ), accepted AS (
    INSERT INTO public.patients (patient_id, chart_number, given, family, sex, birth, deceased_on, phone, email,
      address, city, name_in_use, gender, blood_group, created_at)
    SELECT patient_id, chart, given, family, sex, birth, deceased_on, phone, email, address, city, name_in_use,
      coalesce(gender, 'sin_preguntar'), coalesce(blood_group, 'desconocido'), p_at FROM charted
  ), searched AS (
    INSERT INTO public.patient_search (patient_id, names, birth, n)
    SELECT patient_id, search_names, birth, search FROM charted
  )
  INSERT INTO public.coverages (patient_id, id, payer, plan, member_number)
  SELECT patient_id, public.import_child_id(patient_id, 'coverage'), payer, plan, member FROM charted WHERE payer IS NOT NULL;
$$;

-- What the patient's row shall say: of somebody known what was blank; where the list says otherwise than before,
-- that. Somebody's correction in between would have been a conflict.
CREATE FUNCTION registry_wanted(p_batch uuid)
RETURNS TABLE (patient_id uuid, names text, given text, family text, birth date, sex text, deceased_on date, phone text,
  email text, address text, city text, name_in_use text, gender text, blood_group text, covers boolean, payer text, plan text, member text, covered bigint)
LANGUAGE sql AS $$
  SELECT p.patient_id, CASE WHEN t.t[1] AND f.fate = 'changed' THEN s.search_names END,
    CASE WHEN t.t[1] AND f.fate = 'changed' THEN s.given ELSE p.given END,
    CASE WHEN t.t[1] AND f.fate = 'changed' THEN s.family ELSE p.family END,
    CASE WHEN t.t[1] AND f.fate = 'changed' THEN coalesce(s.birth, p.birth) ELSE coalesce(p.birth, s.birth) END,
    CASE WHEN t.t[2] THEN s.sex ELSE p.sex END, CASE WHEN t.t[3] THEN s.deceased_on ELSE p.deceased_on END,
    CASE WHEN t.t[4] THEN s.phone ELSE p.phone END, CASE WHEN t.t[5] THEN s.email ELSE p.email END,
    CASE WHEN t.t[6] THEN s.address ELSE p.address END, CASE WHEN t.t[7] THEN s.city ELSE p.city END,
    CASE WHEN t.t[9] THEN s.name_in_use ELSE p.name_in_use END, CASE WHEN t.t[10] THEN s.gender ELSE p.gender END,
    CASE WHEN t.t[11] THEN s.blood_group ELSE p.blood_group END, t.t[8], s.payer, s.plan, s.member, f.base[8]
  FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
  JOIN public.patients p ON p.patient_id = f.patient_id
  CROSS JOIN LATERAL (SELECT ARRAY(
    SELECT said IS NOT NULL AND CASE f.fate WHEN 'changed' THEN said IS DISTINCT FROM base ELSE held IS NULL END
    FROM unnest(f.said[1:11], f.base[1:11], (public.registry_held(p.patient_id))[1:11]) WITH ORDINALITY
      AS u (said, base, held, n) ORDER BY n) AS t) t
  WHERE f.batch = p_batch AND f.fate IN ('known', 'changed');
$$;

CREATE FUNCTION registry_written(p_batch uuid, p_at timestamptz) RETURNS void
LANGUAGE sql AS $$
  WITH wanted AS MATERIALIZED (SELECT * FROM public.registry_wanted(p_batch)), traced AS (
    INSERT INTO public.patient_edits (patient_id, version, field, before, after, act)
    SELECT p.patient_id, p.version + 1, e.field, e.before, e.after, p_batch
    FROM wanted w JOIN public.patients p USING (patient_id)
    CROSS JOIN LATERAL (VALUES ('given', p.given, w.given), ('family', p.family, w.family), ('sex', p.sex, w.sex),
      ('birth', to_char(p.birth, 'YYYY-MM-DD'), to_char(w.birth, 'YYYY-MM-DD')),
      ('deceased_on', to_char(p.deceased_on, 'YYYY-MM-DD'), to_char(w.deceased_on, 'YYYY-MM-DD')),
      ('phone', p.phone, w.phone), ('email', p.email, w.email), ('address', p.address, w.address),
      ('city', p.city, w.city), ('name_in_use', p.name_in_use, w.name_in_use), ('gender', p.gender, w.gender),
      ('blood_group', p.blood_group, w.blood_group)) AS e (field, before, after)
    WHERE e.before IS DISTINCT FROM e.after
  ), written AS (
    UPDATE public.patients p SET given = w.given, family = w.family, birth = w.birth, sex = w.sex,
      deceased_on = w.deceased_on, phone = w.phone, email = w.email, address = w.address, city = w.city,
      name_in_use = w.name_in_use, gender = w.gender, blood_group = w.blood_group, version = p.version + 1
    FROM wanted w WHERE p.patient_id = w.patient_id
      AND (p.given, p.family, p.birth, p.sex, p.deceased_on, p.phone, p.email, p.address, p.city, p.name_in_use,
        p.gender, p.blood_group) IS DISTINCT FROM (w.given, w.family, w.birth, w.sex, w.deceased_on, w.phone, w.email,
        w.address, w.city, w.name_in_use, w.gender, w.blood_group)
    RETURNING p.patient_id
  ), named AS (
    UPDATE public.patient_search n SET names = w.names FROM wanted w
    WHERE n.patient_id = w.patient_id AND w.names IS NOT NULL
  ), ended AS (
    UPDATE public.coverages c SET until = greatest(c.since, p_at::date) FROM wanted w
    WHERE c.patient_id = w.patient_id AND w.covers AND c.until IS NULL
      AND hashtextextended(c.payer || chr(31) || coalesce(c.plan, '') || chr(31) || coalesce(c.member_number, ''), 0) = w.covered
  ), covered AS (
    INSERT INTO public.coverages (patient_id, id, payer, plan, member_number)
    SELECT patient_id, public.import_child_id(patient_id, 'coverage' || chr(31) || p_batch), payer, plan, member
    FROM wanted WHERE covers RETURNING patient_id
  )
  UPDATE public.staging_fates f SET touched = true
  WHERE f.batch = p_batch AND f.fate IN ('known', 'changed') AND f.patient_id IN (TABLE written UNION TABLE covered);
$$;

-- A second phone joins those there are; none is ever taken away.
CREATE FUNCTION registry_phones(p_batch uuid, p_at timestamptz) RETURNS void
LANGUAGE sql AS $$
  WITH added AS (
    INSERT INTO public.phones (patient_id, id, number, added_at)
    SELECT f.patient_id, public.import_child_id(f.patient_id, 'phone' || chr(31) || s.second_phone), s.second_phone, p_at
    FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
    JOIN public.patients p ON p.patient_id = f.patient_id
    WHERE f.batch = p_batch AND f.fate IN ('new', 'known', 'changed') AND s.second_phone <> p.phone
    ON CONFLICT DO NOTHING RETURNING patient_id
  )
  UPDATE public.staging_fates f SET touched = true
  WHERE f.batch = p_batch AND f.fate IN ('known', 'changed') AND f.patient_id IN (TABLE added);
$$;

-- Somebody to call joins those there are, unless one of that name has the same phone; none is ever taken away, and
-- one that a person ended stays ended: their row is still there.
CREATE FUNCTION registry_contacts(p_batch uuid, p_at timestamptz) RETURNS void
LANGUAGE sql AS $$
  WITH added AS (
    INSERT INTO public.contacts (patient_id, id, relation, name, phone, emergency, added_at)
    SELECT f.patient_id, public.import_child_id(f.patient_id, concat_ws(chr(31), 'contact', lower(c.name), c.phone)),
      c.relation, c.name, c.phone, true, p_at
    FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
    CROSS JOIN jsonb_to_recordset(s.facts->'contacts') AS c (relation text, name text, phone text)
    WHERE f.batch = p_batch AND (f.fate IN ('new', 'known') OR f.fate = 'changed' AND f.said[13] IS DISTINCT FROM f.base[13])
      AND NOT EXISTS (SELECT FROM public.contacts h WHERE h.patient_id = ANY (public.patient_members(f.patient_id))
        AND lower(h.name) = lower(c.name) AND h.phone IS NOT DISTINCT FROM c.phone)
    ON CONFLICT DO NOTHING RETURNING patient_id
  )
  UPDATE public.staging_fates f SET touched = true
  WHERE f.batch = p_batch AND f.fate IN ('known', 'changed') AND f.patient_id IN (TABLE added);
$$;

-- An allergy joins those known, one that a doctor closed stays closed; that there is none is an answer for whom
-- nobody was asked about, and takes nothing away.
CREATE FUNCTION registry_allergies(p_batch uuid) RETURNS void
LANGUAGE sql AS $$
  WITH told AS MATERIALIZED (
    SELECT f.patient_id, s.facts FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
    WHERE f.batch = p_batch AND s.facts ? 'allergies'
      AND (f.fate IN ('new', 'known') OR f.fate = 'changed' AND f.said[12] IS DISTINCT FROM f.base[12])
  ), added AS (
    INSERT INTO public.allergies (patient_id, id, substance, severity)
    SELECT t.patient_id, public.import_child_id(t.patient_id, concat_ws(chr(31), 'told', lower(a.substance))), a.substance, a.severity
    FROM told t CROSS JOIN jsonb_to_recordset(t.facts->'allergies') AS a (substance text, severity text)
    WHERE NOT EXISTS (
      SELECT FROM public.allergies h WHERE h.patient_id = ANY (public.patient_members(t.patient_id))
        AND lower(h.substance) = lower(a.substance))
    ON CONFLICT DO NOTHING RETURNING patient_id
  ), answered AS (
    UPDATE public.patients p SET allergy_status = CASE WHEN jsonb_array_length(t.facts->'allergies') = 0 THEN 'ninguna' ELSE 'registradas' END
    FROM told t WHERE p.patient_id = t.patient_id AND CASE
      WHEN jsonb_array_length(t.facts->'allergies') > 0 THEN t.patient_id IN (TABLE added)
      ELSE p.allergy_status = 'sin_preguntar' AND NOT EXISTS (SELECT FROM public.allergies h
        WHERE h.patient_id = ANY (public.patient_members(t.patient_id))) END
    RETURNING p.patient_id
  )
  UPDATE public.staging_fates f SET touched = true
  WHERE f.batch = p_batch AND f.fate IN ('known', 'changed') AND f.patient_id IN (TABLE answered);
$$;

-- Consents are never changed, only answered anew: a list answers where nobody did, or where its own answer stands.
CREATE FUNCTION registry_consents(p_source text, p_batch uuid, p_at timestamptz) RETURNS void
LANGUAGE sql AS $$
  WITH added AS (
    INSERT INTO public.consents (patient_id, id, purpose, number, granted, evidence, at, person_id)
    SELECT a.patient_id, public.import_child_id(a.patient_id, public.registry_answer_name(p_source, a.purpose, a.number, a.next)),
      a.purpose, a.number, a.granted, a.evidence, p_at, charts.me()
    FROM public.registry_answers(p_source, p_batch) a WHERE a.due
    ON CONFLICT DO NOTHING RETURNING patient_id
  )
  UPDATE public.staging_fates f SET touched = true
  WHERE f.batch = p_batch AND f.fate IN ('known', 'changed') AND f.patient_id IN (TABLE added);
$$;

-- Who is found under what, and by which words, once names, births and documents stand.
CREATE FUNCTION registry_searched(p_batch uuid) RETURNS void
LANGUAGE sql AS $$
  UPDATE public.patient_search n SET birth = p.birth, n = public.registry_keys(n.patient_id, n.names, p.birth)
  FROM public.staging_fates f JOIN public.patients p USING (patient_id)
  WHERE f.batch = p_batch AND f.fate IN ('known', 'changed') AND f.touched AND n.patient_id = f.patient_id;
  INSERT INTO public.name_words (word, sound, people)
  SELECT w.word, min(w.sound), count(*)
  FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
  CROSS JOIN unnest(s.name_words, s.name_sounds) AS w (word, sound)
  WHERE f.batch = p_batch AND f.fate IN ('new', 'changed') GROUP BY w.word ORDER BY w.word
  ON CONFLICT (word) DO UPDATE SET people = name_words.people + excluded.people;
$$;

-- Somebody new with the names and the birth of somebody else goes to the work list, not to waste.
CREATE FUNCTION registry_alike(p_batch uuid, p_at timestamptz) RETURNS bigint
LANGUAGE sql AS $$
  WITH pair AS (
    SELECT DISTINCT ON (1, 2) least(f.patient_id, coalesce(p.merged_into, p.patient_id)) AS one,
      greatest(f.patient_id, coalesce(p.merged_into, p.patient_id)) AS other,
      CASE WHEN p.sex = s.sex THEN 90 ELSE 75 END AS likeness
    FROM public.staging_fates f JOIN public.staging_registry s USING (batch, line)
    JOIN public.patient_search n ON n.names = s.search_names AND n.birth = s.birth AND n.patient_id <> f.patient_id
    JOIN public.patients p ON p.patient_id = n.patient_id
    WHERE f.batch = p_batch AND f.fate = 'new'
  ), added AS (
    INSERT INTO public.likely_duplicates (patient_id, other_id, likeness, found_at)
    SELECT one, other, likeness, p_at FROM pair
    WHERE NOT EXISTS (SELECT FROM public.distinct_people d WHERE d.patient_id = one AND d.other_id = other)
    ON CONFLICT DO NOTHING RETURNING 1
  )
  SELECT count(*) FROM added;
$$;

CREATE FUNCTION registry_remembered(p_source text, p_batch uuid) RETURNS void
LANGUAGE sql AS $$
  UPDATE public.import_ledger l SET fields = public.registry_kept(f.said, l.fields) FROM public.staging_fates f
  WHERE f.batch = p_batch AND f.fate = 'changed' AND l.source = p_source AND l.kind = 'patient' AND l.key = f.key;
  INSERT INTO public.import_ledger (source, kind, key, patient_id, id, fields)
  SELECT p_source, 'patient', key, patient_id, patient_id, said FROM public.staging_fates
  WHERE batch = p_batch AND fate IN ('new', 'known');
$$;

-- One list of patients. `p_origin` tells the keys of one foreign system from those of another.
CREATE FUNCTION import_registry(p_origin text, p_batch uuid, p_at timestamptz, p_trial boolean) RETURNS registry_count
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET default_statistics_target = 10 SET work_mem = '64MB' SET jit = off AS $$
DECLARE
  n public.registry_count;
  source text := 'patients:' || p_origin;
BEGIN
  PERFORM public.import_begin('patients', p_batch);
  ANALYZE public.staging_registry (batch, line, key), public.import_ledger (source, kind, key);
  PERFORM public.registry_fates(source, p_batch);
  ANALYZE public.staging_fates (batch, line, patient_id, fate);
  INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'registry', f.line, f.field, f.value, f.fate FROM public.staging_fates f
    WHERE f.batch = p_batch AND f.fate NOT IN ('new', 'known', 'changed', 'same');
  -- Who corrects one of them meanwhile waits, and is seen.
  PERFORM FROM public.patients p WHERE p.patient_id IN (
    SELECT f.patient_id FROM public.staging_fates f WHERE f.batch = p_batch AND f.fate IN ('known', 'changed'))
    ORDER BY p.patient_id FOR UPDATE;
  PERFORM public.registry_conflicts(source, p_batch);
  PERFORM public.registry_remembered(source, p_batch);
  PERFORM public.registry_documents(p_batch);
  PERFORM public.registry_new(p_batch, p_at, p_trial);
  PERFORM public.registry_written(p_batch, p_at);
  PERFORM public.registry_phones(p_batch, p_at);
  IF EXISTS (SELECT FROM public.staging_registry s WHERE s.batch = p_batch AND s.facts IS NOT NULL) THEN
    PERFORM public.registry_contacts(p_batch, p_at);
    PERFORM public.registry_allergies(p_batch);
    PERFORM public.registry_consents(source, p_batch, p_at);
  END IF;
  PERFORM public.registry_searched(p_batch);
  n.alike := public.registry_alike(p_batch, p_at);
  SELECT count(*) FILTER (WHERE f.fate = 'new'), count(*) FILTER (WHERE f.touched),
      count(*) FILTER (WHERE f.fate IN ('same', 'known', 'changed') AND NOT f.touched),
      count(*) FILTER (WHERE f.fate NOT IN ('new', 'known', 'changed', 'same')), count(*) FILTER (WHERE f.fate = 'known')
    INTO n.accepted, n.updated, n.unchanged, n.rejected, n.linked
    FROM public.staging_fates f WHERE f.batch = p_batch;
  DELETE FROM public.staging_fates f WHERE f.batch = p_batch;
  DELETE FROM public.staging_registry s WHERE s.batch = p_batch;
  RETURN n;
END $$;
