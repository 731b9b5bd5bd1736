-- The catalogue of the CIE-10: one edition's merge, and what a doctor stated last.

-- One edition, whole. A code that says the same stays; one that says something else says so from now on; one
-- that the edition no longer has leaves use, unless its row was there and could not be read (p_kept). No code
-- is ever deleted: what was signed with it keeps its own text. A list that would retire most of what is in use
-- is no edition.
CREATE FUNCTION import_cie10(p_edition text, p_kept text[], p_batch uuid)
RETURNS TABLE (accepted bigint, updated bigint, unchanged bigint, rejected bigint, closed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_in_use bigint;
BEGIN
  PERFORM public.import_begin('cie10', p_batch);
  SELECT count(*) INTO v_in_use FROM public.cie10_codes c WHERE c.active;
  ANALYZE public.staging_cie10;
  UPDATE public.staging_cie10 s
    SET fate = CASE WHEN s.text = d.first_text THEN 'same' ELSE 'repeated' END, again = true
    FROM (SELECT place, row_number() OVER w AS n, first_value(text) OVER w AS first_text
          FROM public.staging_cie10 WHERE batch = p_batch WINDOW w AS (PARTITION BY code ORDER BY place)) d
    WHERE s.batch = p_batch AND s.place = d.place AND d.n > 1;
  UPDATE public.staging_cie10 s SET leaf = false
    WHERE s.batch = p_batch AND s.leaf IS NULL AND (s.heading OR EXISTS (
      SELECT FROM public.staging_cie10 b WHERE b.batch = p_batch AND b.above = s.code));
  UPDATE public.staging_cie10 s
    SET fate = CASE WHEN c.active AND (c.text, c.heading, c.leaf, c.sex, c.from_days, c.until_days)
        IS NOT DISTINCT FROM (s.text, s.heading, coalesce(s.leaf, true), s.sex, s.from_days, s.until_days)
      THEN 'same' ELSE 'changed' END
    FROM public.cie10_codes c WHERE s.batch = p_batch AND NOT s.again AND c.code = s.code;
  UPDATE public.cie10_codes c SET text = s.text, heading = s.heading, leaf = coalesce(s.leaf, true), sex = s.sex,
      from_days = s.from_days, until_days = s.until_days, active = true, edition = p_edition,
      folded = s.folded, terms = array_to_tsvector(s.terms)
    FROM public.staging_cie10 s WHERE s.batch = p_batch AND NOT s.again AND s.fate = 'changed' AND c.code = s.code;
  UPDATE public.cie10_codes c SET edition = p_edition
    FROM public.staging_cie10 s
    WHERE s.batch = p_batch AND NOT s.again AND s.fate = 'same' AND c.code = s.code AND c.edition <> p_edition;
  INSERT INTO public.cie10_codes (code, key, text, edition, chapter, heading, leaf, sex, from_days, until_days,
                                  folded, terms)
    SELECT s.code, replace(s.code, '.', ''), s.text, p_edition, s.chapter, s.heading, coalesce(s.leaf, true), s.sex,
      s.from_days, s.until_days, s.folded, array_to_tsvector(s.terms)
    FROM public.staging_cie10 s WHERE s.batch = p_batch AND s.fate IS NULL ORDER BY s.place;
  UPDATE public.cie10_codes c SET active = false
    WHERE c.active AND c.code <> ALL (p_kept)
      AND NOT EXISTS (SELECT FROM public.staging_cie10 s WHERE s.batch = p_batch AND s.code = c.code);
  GET DIAGNOSTICS closed = ROW_COUNT;
  IF closed * 2 > v_in_use THEN
    RAISE EXCEPTION 'not a whole edition' USING ERRCODE = '23514', CONSTRAINT = 'cie10_edition_whole';
  END IF;
  DELETE FROM public.cie10_words;
  INSERT INTO public.cie10_words (word, head)
    SELECT DISTINCT w, left(w, 3)
    FROM public.cie10_codes c, unnest(tsvector_to_array(c.terms)) w
    WHERE c.active AND NOT c.heading AND length(w) > 3;
  SELECT count(*) FILTER (WHERE s.fate IS NULL), count(*) FILTER (WHERE s.fate = 'changed'),
      count(*) FILTER (WHERE s.fate = 'same'), count(*) FILTER (WHERE s.fate = 'repeated')
    INTO accepted, updated, unchanged, rejected FROM public.staging_cie10 s WHERE s.batch = p_batch;
  INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'cie10', s.line, 'code', s.code, s.fate FROM public.staging_cie10 s
    WHERE s.batch = p_batch AND s.fate = 'repeated';
  DELETE FROM public.staging_cie10 s WHERE s.batch = p_batch;
  ANALYZE public.cie10_codes, public.cie10_words;
  RETURN NEXT;
END $$;

-- The codes that the caller's last entries state, each once with when: of any patient, and none of them named.
CREATE FUNCTION cie10_recent(p_most integer) RETURNS TABLE (code text, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT d.code, max(r.at) FROM (
    SELECT r.patient_id, r.id, r.at FROM public.records r
    WHERE r.doctor_id = charts.me() ORDER BY r.at DESC LIMIT 100) r
  JOIN public.diagnoses d ON d.patient_id = r.patient_id AND d.record_id = r.id
  WHERE d.system = 'CIE-10'
  GROUP BY d.code ORDER BY max(r.at) DESC LIMIT least(p_most, 50);
$$;
