-- Finding entries of histories. The table searched is granted to nobody and written from the rows themselves:
-- what is found by is what stands there. A search gives headers; the text needs a lease.

-- Words as they are compared: without marks, in lower case, punctuation apart that would glue words together.
-- The parser of text search takes `mg/dl` for a path and `<10` for a tag, and in the C locale a dash of print
-- or a quotation mark for a letter.
CREATE FUNCTION public.folded(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT translate(lower(regexp_replace(normalize(p_text, NFKD), '[\u0300-\u036f]+', '', 'g')),
    '/.-_:@&+~\<>''=%«»“”‘’„–—‐‑―¡¿°·•€£§©®×÷±¬¶→←↑↓≥≤≠▪■□●○✓', repeat(' ', 60));
$$;

-- `presion.sistolica` with its value, for each value at any depth; those of a list stand under its own name.
CREATE FUNCTION public.attribute_leaves(p_attributes jsonb) RETURNS TABLE (path text, value jsonb)
LANGUAGE sql IMMUTABLE AS $$
  WITH RECURSIVE tree AS (
    SELECT '' AS path, p_attributes AS value
    UNION ALL
    SELECT concat_ws('.', nullif(t.path, ''), below.key), below.value
    FROM tree t CROSS JOIN LATERAL (
      SELECT e.key, e.value
        FROM jsonb_each(CASE WHEN jsonb_typeof(t.value) = 'object' THEN t.value ELSE '{}' END) e
      UNION ALL
      SELECT NULL, a.value
        FROM jsonb_array_elements(CASE WHEN jsonb_typeof(t.value) = 'array' THEN t.value ELSE '[]' END) a
    ) below
  )
  SELECT t.path, t.value FROM tree t WHERE t.path <> '' AND jsonb_typeof(t.value) NOT IN ('object', 'array');
$$;

-- A value as it is compared: folded words, numbers without what follows their last digit that counts.
CREATE FUNCTION public.folded_value(p_value text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT left(CASE WHEN p_value ~ '^-?\d{1,40}(\.\d{1,40})?$' THEN trim_scale(p_value::numeric)::text
                   ELSE btrim(public.folded(p_value)) END, 100);
$$;

-- A number as a key of which a beginning tells a range: its sign (m, p, or z for nothing), its power of ten from 01
-- for 1e-49 to 99 for 1e49, and four digits, cut off. 00 is less than that.
CREATE FUNCTION public.number_key(p_value numeric) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_value = 0 THEN 'z' ELSE CASE WHEN p_value < 0 THEN 'm' ELSE 'p' END ||
    CASE WHEN power < 1 THEN '00' ELSE lpad(least(power, 99)::text, 2, '0') || rpad(left(digits, 4), 4, '0') END END
  FROM (
    SELECT 50 + CASE WHEN whole <> '0' THEN length(whole) - 1 ELSE length(ltrim(rest, '0')) - length(rest) - 1 END
      AS power, ltrim(whole || rest, '0') AS digits
    FROM (SELECT split_part(t, '.', 1) AS whole, split_part(t, '.', 2) AS rest
          FROM (SELECT trim_scale(abs(p_value))::text AS t) said) parts) counted;
$$;

-- Beginnings of keys: each number that holds to a condition has one of them. So may others, next to the bound.
CREATE FUNCTION public.number_keys(p_sign text, p_value numeric) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_value > 0 THEN ARRAY(
      SELECT 'p' || left(key, n - 1) || d
      FROM (SELECT substr(public.number_key(p_value), 2) AS key) bound
      CROSS JOIN LATERAL generate_series(1, length(key)) n CROSS JOIN LATERAL generate_series(0, 9) d
      WHERE CASE WHEN p_sign IN ('>', '>=') THEN d > substr(key, n, 1)::integer ELSE d < substr(key, n, 1)::integer END
      UNION ALL SELECT public.number_key(p_value)
      UNION ALL SELECT unnest('{z,m}'::text[]) WHERE p_sign IN ('<', '<='))
    WHEN p_sign IN ('<', '<=') THEN CASE WHEN p_value = 0 AND p_sign = '<=' THEN '{m,z}'::text[] ELSE '{m}' END
    WHEN p_value = 0 THEN CASE p_sign WHEN '>' THEN '{p}'::text[] ELSE '{p,z}' END
    ELSE '{p,z,m}'
  END;
$$;

-- The words of a text under a mark.
CREATE FUNCTION public.marked_words(p_mark text, p_text text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT p_mark || w
    FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', public.folded(coalesce(p_text, ''))))) w);
$$;

-- What some entries are found by: their words, those of what was stated, signed, ordered and told with them. Keys
-- carry a colon, which no word has: `k:` type, `o:` clinic, `d:` doctor, `x:` code, `y:` word of a diagnosis,
-- `n:` of a doctor from outside, `i:` of an institution, `a:` attribute, `v:` attribute that is a number. A row of
-- keys holds a mebibyte: what an entry says beyond its first 300,000 letters is not found.
CREATE FUNCTION public.record_keys(p_patients uuid[], p_ids uuid[])
RETURNS TABLE (patient_id uuid, id uuid, person_id uuid, at timestamptz, clinic_id bigint, doctor_id bigint, n tsvector)
LANGUAGE sql STABLE AS $$
  SELECT r.patient_id, r.id, coalesce(m.other_id, r.patient_id), r.at, r.clinic_id, r.doctor_id,
    strip(to_tsvector('pg_catalog.simple', left(public.folded(concat_ws(' ', r.title, r.institution, stated.words,
      ordered.words, due.words, written.words, told.words)), 300000))) ||
    array_to_tsvector(array_remove(ARRAY['k:' || r.kind, 'o:' || r.clinic_id, 'd:' || r.doctor_id]
      || stated.keys || told.keys || public.marked_words('y:', stated.texts)
      || public.marked_words('n:', r.doctor_name) || public.marked_words('i:', r.institution), NULL))
  FROM unnest(p_patients, p_ids) asked (patient_id, id)
  JOIN public.records r ON r.patient_id = asked.patient_id AND r.id = asked.id
  LEFT JOIN public.misfiled m ON m.patient_id = r.patient_id AND m.entry_id = r.id AND m.way = 'out'
    AND m.kind = 'record'
  CROSS JOIN LATERAL (
    SELECT string_agg(concat_ws(' ', d.code, d.text), ' ') AS words, string_agg(d.text, ' ') AS texts,
      array_agg('x:' || lower(replace(d.code, '.', ''))) AS keys
    FROM public.diagnoses d WHERE d.patient_id = r.patient_id AND d.record_id = r.id) stated
  CROSS JOIN LATERAL (
    SELECT string_agg(t.what, ' ') AS words FROM public.treatments t
    WHERE t.patient_id = r.patient_id AND t.record_id = r.id) ordered
  CROSS JOIN LATERAL (
    SELECT string_agg(f.what, ' ') AS words FROM public.follow_ups f
    WHERE f.patient_id = r.patient_id AND f.record_id = r.id) due
  CROSS JOIN LATERAL (
    SELECT string_agg(w.text, ' ') AS words FROM public.notes w
    WHERE w.patient_id = r.patient_id AND w.record_id = r.id) written
  CROSS JOIN LATERAL (
    SELECT string_agg(l.value #>> '{}', ' ') FILTER (WHERE jsonb_typeof(l.value) = 'string') AS words,
      array_agg('a:' || public.folded_value(l.path)) FILTER (WHERE l.path <> 'texto_sin_firma') ||
      array_agg('a:' || public.folded_value(l.path) || '=' || public.folded_value(l.value #>> '{}'))
        FILTER (WHERE l.path <> 'texto_sin_firma' AND l.value <> 'null') ||
      array_agg('v:' || public.folded_value(l.path) || '=' || public.number_key((l.value #>> '{}')::numeric))
        FILTER (WHERE jsonb_typeof(l.value) = 'number') AS keys
    FROM public.attribute_leaves(r.attributes) l) told;
$$;

-- Entries are found by what they say now. Callers write them in the same transaction.
CREATE FUNCTION public.find_records(p_patients uuid[], p_ids uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.record_search AS s (patient_id, id, person_id, at, clinic_id, doctor_id, n)
  SELECT k.patient_id, k.id, k.person_id, k.at, k.clinic_id, k.doctor_id, k.n
  FROM public.record_keys(p_patients, p_ids) k
  ON CONFLICT (patient_id, id) DO UPDATE SET person_id = excluded.person_id, at = excluded.at,
    clinic_id = excluded.clinic_id, doctor_id = excluded.doctor_id, n = excluded.n
  WHERE (s.person_id, s.at, s.clinic_id, s.doctor_id, s.n) IS DISTINCT FROM
    (excluded.person_id, excluded.at, excluded.clinic_id, excluded.doctor_id, excluded.n);
$$;

CREATE FUNCTION public.find_record(p_patient uuid, p_record uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT public.find_records(ARRAY[p_patient], ARRAY[p_record]);
$$;

-- Whose charts the session may know headers of: under a lease, in its care, expected today. All entries of each.
CREATE FUNCTION charts.cared_for() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  person bigint := charts.me();
  cared uuid[];
BEGIN
  SELECT coalesce(array_agg(c.patient_id), '{}') INTO cared FROM (
    SELECT unnest(charts.leased()) AS patient_id
    UNION SELECT t.patient_id FROM public.turns t
      WHERE charts.is_member('k_medico') AND t.doctor_id = person AND t.voided_reason IS NULL
        AND t.state <> 'cancelado' AND t.day = (clock_timestamp() AT TIME ZONE t.zone)::date
        AND t.day BETWEEN current_date - 1 AND current_date + 1
    UNION SELECT v.patient_id FROM public.visits v
      WHERE charts.is_member('k_medico') AND v.doctor_id = person
        AND v.started_at > clock_timestamp() - interval '30 days'
    UNION SELECT c.patient_id FROM public.care_relations c
      WHERE (charts.is_member('k_medico') OR charts.is_member('k_enfermeria')) AND c.person_id = person
        AND c.since <= current_date AND (c.until IS NULL OR c.until >= current_date) AND c.ended_at IS NULL
    UNION SELECT t.patient_id FROM public.turns t
      WHERE t.clinic_id = ANY (charts.clinics_as('enfermeria')) AND t.voided_reason IS NULL
        AND t.state <> 'cancelado' AND t.day = (clock_timestamp() AT TIME ZONE t.zone)::date
        AND t.day BETWEEN current_date - 1 AND current_date + 1) c;
  RETURN ARRAY(
    WITH standing AS (
      SELECT p.patient_id, coalesce(p.merged_into, p.patient_id) AS id
      FROM public.patients p WHERE p.patient_id = ANY (cared))
    SELECT s.id FROM standing s
    UNION SELECT p.patient_id FROM public.patients p
      WHERE p.merged_into IS NOT NULL AND p.merged_into = ANY (ARRAY(SELECT s.id FROM standing s)));
END $$;

-- Words as a query: each of them, the last one as a beginning. NULL where there is none.
CREATE FUNCTION public.words_query(p_words text, p_mark text, p_begins boolean) RETURNS tsquery
LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(quote_literal(p_mark || f.word) || CASE WHEN p_begins AND f.last THEN ':*' ELSE '' END, ' & ')::tsquery
  FROM (
    SELECT l.lexeme AS word, t.n = max(t.n) OVER () AS last
    FROM unnest((string_to_array(btrim(regexp_replace(public.folded(left(p_words, 400)), '\s+', ' ', 'g')), ' '))[1:12])
      WITH ORDINALITY t (typed, n)
    CROSS JOIN LATERAL unnest(to_tsvector('pg_catalog.simple', t.typed)) l) f;
$$;

-- The query of everything that keys answer; each list is one of several that may be. A doctor is one of the
-- network's or a name from outside.
CREATE FUNCTION public.search_query(p_words text, p_kinds text[], p_codes text[], p_stated text, p_doctors bigint[],
  p_outside text, p_clinic bigint, p_institution text, p_attributes jsonb) RETURNS tsquery
LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg('(' || part || ')', ' & ')::tsquery FROM (
    SELECT public.words_query(p_words, '', true)::text AS part
    UNION ALL SELECT string_agg(quote_literal('k:' || k), ' | ') FROM unnest(p_kinds[1:40]) k
    UNION ALL SELECT string_agg(quote_literal('x:' || lower(replace(x, '.', ''))) || ':*', ' | ')
      FROM unnest(p_codes[1:60]) x
    UNION ALL SELECT public.words_query(p_stated, 'y:', true)::text
    UNION ALL SELECT string_agg(one, ' | ') FROM (
      SELECT quote_literal('d:' || d) AS one FROM unnest(p_doctors[1:200]) d
      UNION ALL SELECT '(' || public.words_query(p_outside, 'n:', true)::text || ')') doctors
    UNION ALL SELECT quote_literal('o:' || p_clinic)
    UNION ALL SELECT public.words_query(p_institution, 'i:', true)::text
    UNION ALL SELECT quote_literal('a:' || public.folded_value(a ->> 'path') || '=' || public.folded_value(a ->> 'value'))
      FROM jsonb_array_elements(p_attributes) a WHERE a ->> 'sign' = '='
    UNION ALL SELECT (SELECT string_agg(quote_literal('v:' || public.folded_value(a ->> 'path') || '=' || k) || ':*', ' | ')
                      FROM unnest(public.number_keys(a ->> 'sign', (a ->> 'value')::numeric)) k)
      FROM jsonb_array_elements(p_attributes) a WHERE a ->> 'sign' IN ('>', '>=', '<', '<=')) parts
  WHERE part IS NOT NULL;
$$;

-- Whether a number among the attributes, under the condition's path however it is written, holds to
-- `{path, sign, value}`.
CREATE FUNCTION public.leaf_holds(p_attributes jsonb, p_condition jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT EXISTS (
    SELECT FROM public.attribute_leaves(p_attributes) l
    WHERE jsonb_typeof(l.value) = 'number'
      AND public.folded_value(l.path) = public.folded_value(p_condition ->> 'path')
      AND CASE p_condition ->> 'sign'
        WHEN '>' THEN (l.value #>> '{}')::numeric > (p_condition ->> 'value')::numeric
        WHEN '>=' THEN (l.value #>> '{}')::numeric >= (p_condition ->> 'value')::numeric
        WHEN '<' THEN (l.value #>> '{}')::numeric < (p_condition ->> 'value')::numeric
        WHEN '<=' THEN (l.value #>> '{}')::numeric <= (p_condition ->> 'value')::numeric
      END);
$$;

-- The same as conditions of a statement, where $7 are the attributes asked for: most are written as they are
-- asked, and read in place. Equality is for the keys.
CREATE FUNCTION public.attributes_hold(p_attributes jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(' AND EXISTS (SELECT FROM public.records r WHERE r.patient_id = s.patient_id AND r.id = s.id AND '
    || string_agg(format('CASE jsonb_typeof(r.attributes #> string_to_array($7 -> %1$s ->> ''path'', ''.''))'
      ' WHEN ''number'' THEN (r.attributes #>> string_to_array($7 -> %1$s ->> ''path'', ''.''))::numeric %2$s'
      ' ($7 -> %1$s ->> ''value'')::numeric ELSE public.leaf_holds(r.attributes, $7 -> %1$s) END',
      a.n - 1, a.value ->> 'sign'), ' AND ') || ')', '')
  FROM jsonb_array_elements(p_attributes) WITH ORDINALITY a (value, n)
  WHERE a.value ->> 'sign' IN ('>', '>=', '<', '<=');
$$;

-- The entries of one page, newest first: (at, id) below the last one seen. Where many fit, walking back from
-- there meets a page soonest; where few do, the keys lead to them. How many of the first that are walked fit
-- tells which. Conditions are put together here, from constants alone; what was asked travels as values.
CREATE FUNCTION public.find_page(p_query tsquery, p_doctor bigint, p_clinic bigint, p_since timestamptz,
  p_until timestamptz, p_people uuid[], p_attributes jsonb, p_at timestamptz, p_id uuid, p_most integer)
RETURNS SETOF public.record_search
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET jit = off SET work_mem = '16MB' AS $$
DECLARE
  cared uuid[] := charts.cared_for();
  clinics bigint[] := charts.clinics_as('medico') || charts.clinics_as('enfermeria');
  here tsquery := (SELECT string_agg(quote_literal('o:' || c), ' | ')::tsquery FROM unnest(clinics) c);
  sealed uuid[] := ARRAY(SELECT p.patient_id FROM public.patients p WHERE p.sealed);
  -- $1 query, $2 doctor, $3 clinic, $4 since, $5 until, $6 people, $7 attributes, $8 $9 below, $10 most,
  -- $11 clinics, $12 cared for, $13 sealed, $14 clinics as keys, $15 $16 down to
  fits text := 's.at >= $4 AND s.at < $5 AND (s.at, s.id) < ($8, $9)'
    || CASE WHEN p_query IS NULL THEN '' ELSE ' AND s.n @@ $1' END
    || CASE WHEN p_people IS NULL THEN '' ELSE ' AND s.person_id = ANY ($6)' END
    || public.attributes_hold(p_attributes)
    || ' AND (s.person_id <> ALL ($13) OR NOT public.is_hidden(s.person_id))';
  place text := CASE WHEN p_doctor IS NOT NULL THEN 's.doctor_id = $2'
    WHEN p_clinic IS NOT NULL THEN 's.clinic_id = $3' ELSE 'true' END;
  known CONSTANT text := ' AND (s.clinic_id = ANY ($11) OR s.person_id = ANY ($12))';
  entries CONSTANT text := 'SELECT s.* FROM public.record_search s WHERE ';
  newest CONSTANT text := ' ORDER BY s.at DESC, s.id DESC LIMIT $10';
  elsewhere CONSTANT text := ' AND s.person_id = ANY ($12) AND (s.clinic_id IS NULL OR s.clinic_id <> ALL ($11))';
  way text;
  chunk integer := 400;
  walked integer := 0;
  hits integer := 0;
  step record;
  down_at timestamptz := p_at;
  down_id uuid := p_id;
BEGIN
  IF p_people IS NOT NULL THEN
    way := 'SELECT s.* FROM unnest($6) p CROSS JOIN LATERAL (' || entries || 's.person_id = p AND ' || fits || known
      || newest || ') s' || newest;
  END IF;
  WHILE way IS NULL LOOP
    EXECUTE 'WITH walked AS MATERIALIZED (' || entries || place || ' AND s.at >= $4 AND s.at < $5'
      || ' AND (s.at, s.id) < ($15, $16)' || newest || ')'
      || ' SELECT count(*) AS seen, count(*) FILTER (WHERE ' || fits || known || ') AS met,'
      || ' min(s.at) AS at, (array_agg(s.id ORDER BY s.at, s.id))[1] AS id FROM walked s'
      INTO step
      USING p_query, p_doctor, p_clinic, p_since, p_until, p_people, p_attributes, p_at, p_id, chunk, clinics, cared,
        sealed, here, down_at, down_id;
    walked := walked + step.seen;
    hits := hits + step.met;
    down_at := coalesce(step.at, down_at);
    down_id := coalesce(step.id, down_id);
    IF hits >= p_most OR step.seen < chunk THEN
      way := entries || place || ' AND ' || fits || known || ' AND (s.at, s.id) >= ($15, $16)' || newest;
    ELSIF walked::bigint * p_most / greatest(hits, 1) > 6000 THEN
      EXIT;
    END IF;
    chunk := 2000;
  END LOOP;
  IF way IS NULL AND p_query IS NULL THEN
    way := 'SELECT s.* FROM (SELECT o.* FROM unnest($11) c CROSS JOIN LATERAL (' || entries || 's.clinic_id = c AND '
      || fits || newest || ') o UNION ALL ' || entries || fits || elsewhere || ') s' || newest;
  ELSIF way IS NULL THEN
    -- Sorted outside, so that the index by time is not walked again.
    way := 'SELECT s.* FROM (' || entries || fits || ' AND s.clinic_id = ANY ($11) AND s.n @@ $14 OFFSET 0) s'
      || ' UNION ALL SELECT s.* FROM (' || entries || fits || elsewhere || ' OFFSET 0) s';
    way := 'SELECT s.* FROM (' || way || ') s' || newest;
  END IF;
  RETURN QUERY EXECUTE way
    USING p_query, p_doctor, p_clinic, p_since, p_until, p_people, p_attributes, p_at, p_id, p_most, clinics, cared,
      sealed, here, down_at, down_id;
END $$;

-- Headers of entries that fit all that is asked, of charts in the session's care or entered at its clinics. NULL
-- asks nothing.
CREATE FUNCTION public.search_records(p_words text, p_kinds text[], p_codes text[], p_stated text, p_doctors bigint[],
  p_outside text, p_clinic bigint, p_institution text, p_since timestamptz, p_until timestamptz, p_person uuid,
  p_attributes jsonb, p_at timestamptz, p_id uuid, p_most integer)
RETURNS TABLE (person_id uuid, patient_id uuid, id uuid, at timestamptz, kind text, clinic_id bigint, institution text,
  doctor_id bigint, doctor_name text, title text, stated text, signed boolean, corrected boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF charts.me() IS NULL THEN
    RAISE EXCEPTION 'no open login' USING ERRCODE = '42501';
  END IF;
  RETURN QUERY
    SELECT f.person_id, f.patient_id, f.id, f.at, r.kind, r.clinic_id, r.institution, r.doctor_id, r.doctor_name,
      r.title,
      (SELECT string_agg(concat_ws(' ', d.code, nullif(d.text, '')), '; ' ORDER BY d.kind, d.id)
       FROM public.diagnoses d WHERE d.patient_id = f.patient_id AND d.record_id = f.id),
      EXISTS (SELECT FROM public.notes w WHERE w.patient_id = f.patient_id AND w.record_id = f.id),
      EXISTS (SELECT FROM public.records c WHERE c.patient_id = f.patient_id AND c.corrects_id = f.id)
    FROM public.find_page(
      public.search_query(p_words, p_kinds, p_codes, p_stated, p_doctors, p_outside, p_clinic, p_institution,
                          coalesce(p_attributes, '[]')),
      CASE WHEN p_outside IS NULL AND cardinality(p_doctors) = 1 THEN p_doctors[1] END, p_clinic,
      coalesce(p_since, '-infinity'), coalesce(p_until, 'infinity'),
      CASE WHEN p_person IS NOT NULL THEN public.patient_members(p_person) END, coalesce(p_attributes, '[]'),
      coalesce(p_at, 'infinity'), coalesce(p_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
      least(greatest(p_most, 1), 51)) f
    JOIN public.records r ON r.patient_id = f.patient_id AND r.id = f.id
    ORDER BY f.at DESC, f.id DESC;
END $$;

-- When an entry was that the session may know of: where the page after it begins.
CREATE FUNCTION public.record_place(p_patient uuid, p_record uuid) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.at FROM public.record_search s
  WHERE s.patient_id = p_patient AND s.id = p_record AND charts.me() IS NOT NULL
    AND (s.clinic_id = ANY (charts.clinics_as('medico') || charts.clinics_as('enfermeria'))
         OR s.person_id = ANY (charts.cared_for()))
    AND NOT public.is_hidden(s.person_id);
$$;

-- Whether an entry names the schema in force of a type that is given, so that `db records` can hold it to that
-- one. A visit's note carries no attributes and names none.
CREATE FUNCTION charts.is_typed(p_kind text, p_version integer, p_attributes jsonb, p_visit uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_visit IS NOT NULL AND p_attributes = '{}' AND p_version IS NULL THEN
    RETURN true;
  END IF;
  IF NOT EXISTS (SELECT FROM public.record_types t
                 WHERE t.code = p_kind AND t.active AND nullif(t.schema_version, 0) IS NOT DISTINCT FROM p_version) THEN
    RAISE EXCEPTION 'not the schema in force of a type in use' USING ERRCODE = '23514', CONSTRAINT = 'records_typed';
  END IF;
  RETURN true;
END $$;
CREATE POLICY records_typed ON records AS RESTRICTIVE FOR INSERT TO k_medico
  WITH CHECK (charts.is_typed(kind, schema_version, attributes, visit_id));
