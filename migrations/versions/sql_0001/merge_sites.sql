-- Imports of the network's own lists: fee schedules and holidays. Staged rows get their fate here, step by
-- step; what is left of them goes with the batch.

-- One edition of a fee schedule, valid from a day. A code that says the same stays as it is; one that says
-- something else is closed the day before and goes on as it says now; one that the edition no longer has is
-- closed the day before, unless its row was there and could not be read (p_kept). An edition that begins
-- inside the past lasts until the next one known.
CREATE FUNCTION import_fees(p_schedule text, p_name text, p_from date, p_kept text[], p_batch uuid)
RETURNS TABLE (accepted bigint, updated bigint, unchanged bigint, rejected bigint, closed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_schedule bigint;
BEGIN
  PERFORM public.import_begin('fees', p_batch);
  INSERT INTO public.fee_schedules (code, name) VALUES (p_schedule, coalesce(p_name, p_schedule))
    ON CONFLICT ON CONSTRAINT fee_schedules_code_uq DO NOTHING;
  SELECT s.id INTO v_schedule FROM public.fee_schedules s WHERE s.code = p_schedule;
  ANALYZE public.staging_fees;
  UPDATE public.staging_fees s SET fate = 'repeated'
    FROM (SELECT place, row_number() OVER (PARTITION BY code ORDER BY place) AS n
          FROM public.staging_fees WHERE batch = p_batch) d
    WHERE s.batch = p_batch AND s.place = d.place AND d.n > 1;
  INSERT INTO public.fee_codes (schedule_id, code)
    SELECT v_schedule, s.code FROM public.staging_fees s
    WHERE s.batch = p_batch AND s.fate IS NULL
      AND NOT EXISTS (SELECT FROM public.fee_codes c WHERE c.schedule_id = v_schedule AND c.code = s.code)
    ORDER BY s.place;
  UPDATE public.staging_fees s SET fee_code_id = c.id, item_id = i.id,
      until = CASE WHEN i.id IS NOT NULL THEN upper(i.valid)
                   ELSE (SELECT min(lower(n.valid)) FROM public.fee_items n
                         WHERE n.fee_code_id = c.id AND lower(n.valid) > p_from) END,
      fate = CASE WHEN i.id IS NULL THEN 'new'
                  WHEN (i.name, i.units, i.price) IS NOT DISTINCT FROM (s.name, s.units, s.price) THEN 'same'
                  WHEN lower(i.valid) = p_from THEN 'corrected' ELSE 'changed' END
    FROM public.fee_codes c LEFT JOIN public.fee_items i ON i.fee_code_id = c.id AND i.valid @> p_from
    WHERE s.batch = p_batch AND s.fate IS NULL AND c.schedule_id = v_schedule AND c.code = s.code;
  UPDATE public.fee_items i SET name = s.name, units = s.units, price = s.price
    FROM public.staging_fees s WHERE s.batch = p_batch AND s.fate = 'corrected' AND s.item_id = i.id;
  UPDATE public.fee_items i SET valid = daterange(lower(i.valid), p_from)
    FROM public.staging_fees s WHERE s.batch = p_batch AND s.fate = 'changed' AND s.item_id = i.id;
  UPDATE public.fee_items i SET valid = daterange(lower(i.valid), p_from)
    FROM public.fee_codes c
    WHERE c.id = i.fee_code_id AND c.schedule_id = v_schedule AND i.valid @> p_from AND lower(i.valid) < p_from
      AND c.code <> ALL (p_kept)
      AND NOT EXISTS (SELECT FROM public.staging_fees s WHERE s.batch = p_batch AND s.code = c.code);
  GET DIAGNOSTICS closed = ROW_COUNT;
  INSERT INTO public.fee_items (fee_code, fee_code_id, valid, name, units, price)
    SELECT int8range(s.fee_code_id, s.fee_code_id, '[]'), s.fee_code_id, daterange(p_from, s.until),
      s.name, s.units, s.price
    FROM public.staging_fees s WHERE s.batch = p_batch AND s.fate IN ('new', 'changed') ORDER BY s.place;
  SELECT count(*) FILTER (WHERE s.fate = 'new'), count(*) FILTER (WHERE s.fate IN ('corrected', 'changed')),
      count(*) FILTER (WHERE s.fate = 'same'), count(*) FILTER (WHERE s.fate = 'repeated')
    INTO accepted, updated, unchanged, rejected FROM public.staging_fees s WHERE s.batch = p_batch;
  INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'fees', s.line, 'code', s.code, s.fate FROM public.staging_fees s
    WHERE s.batch = p_batch AND s.fate = 'repeated';
  DELETE FROM public.staging_fees s WHERE s.batch = p_batch;
  RETURN NEXT;
END $$;

-- Holidays, each of a clinic by its code, else of a country.
CREATE FUNCTION import_holidays(p_batch uuid)
RETURNS TABLE (accepted bigint, updated bigint, unchanged bigint, rejected bigint, closed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.import_begin('holidays', p_batch);
  UPDATE public.staging_holidays s SET clinic_id = c.id, country = NULL
    FROM public.clinics c WHERE s.batch = p_batch AND c.code = s.clinic;
  UPDATE public.staging_holidays s SET fate = 'unknown_clinic'
    WHERE s.batch = p_batch AND s.clinic IS NOT NULL AND s.clinic_id IS NULL;
  UPDATE public.staging_holidays s SET fate = 'repeated'
    FROM (SELECT place, row_number() OVER (PARTITION BY day, country, clinic_id ORDER BY place) AS n
          FROM public.staging_holidays WHERE batch = p_batch AND fate IS NULL) d
    WHERE s.batch = p_batch AND s.place = d.place AND d.n > 1;
  UPDATE public.staging_holidays s
    SET fate = CASE WHEN (h.name, h.works) = (s.name, s.works) THEN 'same' ELSE 'changed' END
    FROM public.holidays h
    WHERE s.batch = p_batch AND s.fate IS NULL AND h.day = s.day
      AND (h.country, h.clinic_id) IS NOT DISTINCT FROM (s.country, s.clinic_id);
  UPDATE public.holidays h SET name = s.name, works = s.works, version = h.version + 1, changed_at = now(),
      changed_by = (SELECT l.person_id FROM public.logins l WHERE 'u_' || l.username = session_user)
    FROM public.staging_holidays s
    WHERE s.batch = p_batch AND s.fate = 'changed' AND h.day = s.day
      AND (h.country, h.clinic_id) IS NOT DISTINCT FROM (s.country, s.clinic_id);
  INSERT INTO public.holidays (country, clinic_id, day, name, works)
    SELECT s.country, s.clinic_id, s.day, s.name, s.works FROM public.staging_holidays s
    WHERE s.batch = p_batch AND s.fate IS NULL ORDER BY s.place;
  SELECT count(*) FILTER (WHERE s.fate IS NULL), count(*) FILTER (WHERE s.fate = 'changed'),
      count(*) FILTER (WHERE s.fate = 'same'), count(*) FILTER (WHERE s.fate IN ('repeated', 'unknown_clinic')), 0
    INTO accepted, updated, unchanged, rejected, closed FROM public.staging_holidays s WHERE s.batch = p_batch;
  INSERT INTO public.staging_rejects (batch, kind, line, field, value, reason)
    SELECT p_batch, 'holidays', s.line, CASE s.fate WHEN 'repeated' THEN 'day' ELSE 'clinic' END,
      CASE s.fate WHEN 'repeated' THEN s.day::text ELSE s.clinic END, s.fate
    FROM public.staging_holidays s WHERE s.batch = p_batch AND s.fate IN ('repeated', 'unknown_clinic');
  DELETE FROM public.staging_holidays s WHERE s.batch = p_batch;
  RETURN NEXT;
END $$;
