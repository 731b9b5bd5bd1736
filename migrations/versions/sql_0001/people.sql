-- Finding people. The tables searched are granted to nobody: these functions bound what one call gives,
-- so that no role can page through the registry by raw SQL. A sealed patient answers to the whole
-- document alone, and to whom they concern.

CREATE FUNCTION public.is_hidden(p_patient uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM public.patients p WHERE p.patient_id = p_patient AND p.sealed)
    AND NOT charts.may_see_sealed(p_patient);
$$;

-- The words of names that are one of these, sound like one of those or begin in one of these ways.
-- Lists of words travel as text, with blanks between: the driver sends it ten times faster than an array.
CREATE FUNCTION public.search_words(p_words text, p_sounds text, p_starts text, p_sound_starts text)
RETURNS TABLE (word text, sound text, people integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  RETURN QUERY
    (SELECT w.word, w.sound, w.people FROM public.name_words w
     WHERE w.word = ANY (string_to_array(left(p_words, 100000), ' ')) ORDER BY w.people DESC LIMIT 800)
    UNION
    (SELECT w.word, w.sound, w.people FROM public.name_words w
     WHERE w.sound = ANY (string_to_array(left(p_sounds, 100000), ' ')) ORDER BY w.people DESC LIMIT 800)
    UNION
    SELECT f.word, f.sound, f.people FROM unnest((string_to_array(p_starts, ' '))[1:8]) s CROSS JOIN LATERAL (
      SELECT w.word, w.sound, w.people FROM public.name_words w
      WHERE w.word >= s AND w.word < s || chr(1114111) ORDER BY w.people DESC LIMIT 120) f
    UNION
    SELECT f.word, f.sound, f.people FROM unnest((string_to_array(p_sound_starts, ' '))[1:8]) s CROSS JOIN LATERAL (
      SELECT w.word, w.sound, w.people FROM public.name_words w
      WHERE w.sound >= s AND w.sound < s || chr(1114111) ORDER BY w.people DESC LIMIT 120) f;
END $$;

-- People who have a key of each group, the rarest group first; NULL asks nothing. With digits, those of
-- whom a document begins so.
CREATE FUNCTION public.search_people(p_first text, p_second text, p_third text, p_fourth text, p_number text)
RETURNS TABLE (patient_id uuid, names text, birth date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
BEGIN
  IF p_number = '' THEN
    RETURN QUERY
      SELECT s.patient_id, s.names, s.birth FROM public.patient_search s
      WHERE s.n && string_to_array(p_first, ' ') AND (p_second IS NULL OR s.n && string_to_array(p_second, ' ')) AND (p_third IS NULL OR s.n && string_to_array(p_third, ' '))
        AND (p_fourth IS NULL OR s.n && string_to_array(p_fourth, ' '))
        AND (s.patient_id NOT IN (SELECT p.patient_id FROM public.patients p WHERE p.sealed)
             OR NOT public.is_hidden(s.patient_id))
      LIMIT 1000;
  ELSE
    RETURN QUERY
      SELECT s.patient_id, s.names, s.birth FROM public.patient_search s
      WHERE s.n && string_to_array(p_first, ' ') AND (p_second IS NULL OR s.n && string_to_array(p_second, ' ')) AND (p_third IS NULL OR s.n && string_to_array(p_third, ' '))
        AND (p_fourth IS NULL OR s.n && string_to_array(p_fourth, ' '))
        AND s.patient_id IN (
          SELECT d.patient_id FROM public.patient_documents d
          WHERE d.number >= p_number AND d.number < p_number || chr(1114111) AND d.valid AND d.kind <> 'HC')
        AND (s.patient_id NOT IN (SELECT p.patient_id FROM public.patients p WHERE p.sealed)
             OR NOT public.is_hidden(s.patient_id))
      LIMIT 1000;
  END IF;
END $$;

-- People by the beginning of a document (rank 0 the whole, 2 its beginning), a chart number (1) or the end
-- of a phone, given backwards (3).
CREATE FUNCTION public.search_numbers(p_number text, p_phone text, p_limit integer)
RETURNS TABLE (patient_id uuid, rank integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  most integer := least(greatest(p_limit, 1), 200);
BEGIN
  RETURN QUERY
    WITH found AS (
      (SELECT d.patient_id, CASE WHEN d.number = p_number THEN 0 ELSE 2 END AS r, d.number AS place
       FROM public.patient_documents d
       WHERE p_number <> '' AND d.number >= p_number AND d.number < p_number || chr(1114111) AND d.valid AND d.kind <> 'HC'
         AND (d.number = p_number OR NOT public.is_hidden(d.patient_id))
       ORDER BY d.number LIMIT most)
      UNION ALL
      (SELECT d.patient_id, 1, d.number FROM public.patient_documents d
       WHERE d.document_key = 'chart:' || lpad(p_number, greatest(6, length(p_number)), '0')
         AND NOT public.is_hidden(d.patient_id))
      UNION ALL
      (SELECT p.patient_id, 3, p.phone FROM public.patients p
       WHERE p_phone <> '' AND reverse(regexp_replace(p.phone, '\D', '', 'g')) COLLATE "C" >= p_phone
         AND reverse(regexp_replace(p.phone, '\D', '', 'g')) COLLATE "C" < p_phone || chr(1114111)
         AND NOT public.is_hidden(p.patient_id)
       LIMIT most)
      UNION ALL
      (SELECT h.patient_id, 3, h.number FROM public.phones h
       WHERE p_phone <> '' AND reverse(substr(h.number, 2)) COLLATE "C" >= p_phone
         AND reverse(substr(h.number, 2)) COLLATE "C" < p_phone || chr(1114111)
         AND h.ended_at IS NULL AND NOT public.is_hidden(h.patient_id)
       LIMIT most)
    )
    SELECT f.patient_id, min(f.r) FROM found f GROUP BY f.patient_id
    ORDER BY min(f.r), min(f.place), f.patient_id LIMIT most;
END $$;

-- Who may be the person that somebody is about to register: by a document's one-slip neighbours, and by
-- surname and given name among those born on the same day. Lists of words and numbers travel as text.
CREATE FUNCTION public.search_alike(p_numbers text, p_family text, p_given text, p_birth date)
RETURNS TABLE (patient_id uuid, names text, birth date, sex text, numbers text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY
    WITH found AS (
      (SELECT d.patient_id FROM public.patient_documents d
       WHERE d.number = ANY ((string_to_array(left(p_numbers, 40000), ' '))[1:1000]) AND d.valid AND d.kind <> 'HC'
       LIMIT 200)
      UNION
      (SELECT s.patient_id FROM public.patient_search s
       WHERE s.n && string_to_array(p_family, ' ') AND s.n && string_to_array(p_given, ' ')
         AND s.n && ARRAY['y' || extract(year FROM p_birth)::text] AND s.birth = p_birth
       LIMIT 200)
    )
    SELECT s.patient_id, s.names, s.birth, p.sex, ARRAY(
        SELECT d.number FROM public.patient_documents d
        WHERE d.patient_id = s.patient_id AND d.valid AND d.kind <> 'HC')
    FROM found f JOIN public.patient_search s ON s.patient_id = f.patient_id
    JOIN public.patients p ON p.patient_id = f.patient_id
    WHERE NOT p.sealed OR charts.may_see_sealed(p.patient_id);
END $$;

-- Whose name or birth was corrected is found by what is true now.
CREATE FUNCTION public.find_anew(p_patient uuid, p_names text, p_birth date, p_keys text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.patient_search s SET names = p_names, birth = p_birth, n = p_keys
  WHERE s.patient_id = p_patient AND NOT public.is_hidden(p_patient);
$$;

-- The words of a name that somebody new bears. A common word is counted now and then, by so much the more,
-- and never waited for: of two who register at once one does not count.
CREATE FUNCTION public.learn_words(p_words text[], p_sounds text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  WITH counted AS (
    SELECT w.word FROM public.name_words w
    WHERE w.word = ANY (p_words[1:40]) AND random() < 8.0 / greatest(w.people, 8) FOR UPDATE SKIP LOCKED
  )
  UPDATE public.name_words w SET people = w.people + greatest(1, w.people / 8) FROM counted c WHERE w.word = c.word;
  INSERT INTO public.name_words (word, sound, people)
    SELECT t.word, min(t.sound), 1 FROM unnest(p_words[1:40], p_sounds[1:40]) AS t (word, sound)
    WHERE length(t.word) BETWEEN 1 AND 120 GROUP BY t.word ORDER BY t.word
  ON CONFLICT (word) DO NOTHING;
END $$;

-- A document that names a patient. One that was voided may be given to whom it is of; one of the same patient
-- is renewed; one that names somebody else is refused as its key would be.
CREATE FUNCTION public.take_document(p_patient uuid, p_country text, p_kind text, p_number text, p_expires date)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO public.patient_documents AS d (document_key, patient_id, country, kind, number, expires_on)
  VALUES (concat_ws(':', p_country, p_kind, p_number), p_patient, p_country, p_kind, p_number, p_expires)
  ON CONFLICT (document_key) DO UPDATE SET patient_id = excluded.patient_id, valid = true, expires_on = excluded.expires_on
  WHERE d.kind <> 'HC' AND (NOT d.valid OR d.patient_id = excluded.patient_id);
  IF NOT FOUND OR p_kind = 'HC' THEN
    RAISE EXCEPTION 'the document names somebody' USING ERRCODE = '23505', CONSTRAINT = 'patient_documents_pk';
  END IF;
END $$;

-- An allergy as the counter hears it, which writes it down and reads none.
CREATE FUNCTION public.tell_allergy(p_patient uuid, p_id uuid, p_substance text, p_category text, p_reaction text,
  p_severity text, p_since date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF public.is_hidden(p_patient) THEN
    RAISE EXCEPTION 'the patient is sealed' USING ERRCODE = '42501';
  END IF;
  INSERT INTO public.allergies (patient_id, id, substance, category, reaction, severity, since, told_by, told_at)
  VALUES (p_patient, p_id, p_substance, p_category, p_reaction, p_severity, p_since, session_user, clock_timestamp());
  UPDATE public.patients SET allergy_status = 'registradas' WHERE patient_id = p_patient;
END $$;

-- An allergy is no more, or never was: by whoever cares for patients, or within twelve hours by who wrote it
-- down. After the last one it has to be asked again.
CREATE FUNCTION public.close_allergy(p_patient uuid, p_id uuid, p_on date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  told public.allergies;
BEGIN
  SELECT * INTO told FROM public.allergies a
    WHERE a.patient_id = p_patient AND a.id = p_id AND a.until IS NULL FOR UPDATE;
  IF told.id IS NULL OR charts.me() IS NULL OR public.is_hidden(p_patient) THEN
    RETURN false;
  END IF;
  IF NOT (charts.is_member('k_medico') OR charts.is_member('k_enfermeria'))
     AND (told.told_by = session_user AND told.told_at > clock_timestamp() - interval '12 hours') IS NOT TRUE THEN
    RAISE EXCEPTION 'not yours to close' USING ERRCODE = '42501', CONSTRAINT = 'allergies_closing';
  END IF;
  UPDATE public.allergies SET until = p_on WHERE patient_id = p_patient AND id = p_id;
  UPDATE public.patients SET allergy_status = 'sin_preguntar'
  WHERE patient_id = p_patient
    AND NOT EXISTS (SELECT FROM public.allergies a WHERE a.patient_id = p_patient AND a.until IS NULL);
  RETURN true;
END $$;
