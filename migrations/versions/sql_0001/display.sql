-- The waiting-room screen: a login without a person, that reads what the screen shows and nothing else.

CREATE SCHEMA display AUTHORIZATION k_owner;

-- First letters of the names, particles left out: `Quispe Mamani, Rosa Elena` → `R. E. Q. M.`
CREATE FUNCTION display.initials(p_given text, p_family text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(string_agg(upper(left(w, 1)) || '.', ' ' ORDER BY n), '')
  FROM (SELECT w, n FROM regexp_split_to_table(p_given || ' ' || p_family, '[^[:alpha:]]+') WITH ORDINALITY AS s (w, n)
        WHERE w <> '' AND lower(w) <> ALL ('{de,del,la,las,los,y,e,da,do,dos,das,van,von}')
        ORDER BY n LIMIT 5) AS words;
$$;

-- The clinic and how many wait there now; no row where there is no such clinic.
CREATE FUNCTION display.clinic(p_clinic text)
RETURNS TABLE (clinic_id bigint, name text, zone text, waiting bigint, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.id, c.name, c.zone,
    (SELECT count(*) FROM public.turns t
     WHERE t.clinic_id = c.id AND t.day = (clock_timestamp() AT TIME ZONE c.zone)::date
       AND t.state = 'en_espera' AND t.voided_reason IS NULL),
    clock_timestamp()
  FROM public.clinics c WHERE c.code = p_clinic;
$$;

-- Where a doctor works that day, for who came without a turn: the agenda's room at this hour, else its first.
CREATE FUNCTION display.room_of(p_clinic bigint, p_doctor bigint, p_day date) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.room_id FROM public.agenda_blocks b JOIN public.clinics c ON c.id = b.clinic_id
  WHERE b.clinic_id = p_clinic AND b.doctor_id = p_doctor AND b.weekday = extract(isodow FROM p_day)
    AND b.valid_from <= p_day AND (b.valid_to IS NULL OR b.valid_to >= p_day)
  ORDER BY (clock_timestamp() AT TIME ZONE c.zone)::time NOT BETWEEN b.starts AND b.ends, b.starts LIMIT 1;
$$;

-- Who was called today, the last first: number, initials (of a sealed patient, or where the clinic shows none,
-- not even those) and where to go.
CREATE FUNCTION display.waiting_room(p_clinic text)
RETURNS TABLE (ticket text, initials text, room text, kind text, floor integer, called_at timestamptz, calls integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT t.ticket, CASE WHEN c.shows_initials AND NOT p.sealed THEN display.initials(p.given, p.family) ELSE '' END,
    r.code, r.kind, f.number, t.called_at, t.calls
  FROM public.clinics c
  JOIN public.turns t ON t.clinic_id = c.id AND t.day = (clock_timestamp() AT TIME ZONE c.zone)::date
  JOIN public.patients p ON p.patient_id = t.patient_id
  LEFT JOIN public.rooms r ON r.id = coalesce(t.room_id, display.room_of(c.id, t.doctor_id, t.day))
  LEFT JOIN public.floors f ON f.id = r.floor_id
  WHERE c.code = p_clinic AND t.called_at IS NOT NULL AND t.ticket IS NOT NULL AND t.voided_reason IS NULL
    AND t.state IN ('en_espera', 'en_curso', 'finalizado')
  ORDER BY t.called_at DESC, t.ticket LIMIT 9;
$$;

-- Another key for the screens: the one before opens nothing any more. Settings somebody gave the role go too.
CREATE FUNCTION access.set_display_key(p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM access.demand_admin();
  IF p_verifier !~ '^SCRAM-SHA-256\$\d+:' THEN
    RAISE EXCEPTION 'a verifier is needed, never a password' USING ERRCODE = '22023';
  END IF;
  EXECUTE format('ALTER ROLE k_display LOGIN PASSWORD %L', p_verifier);
  EXECUTE 'ALTER ROLE k_display RESET ALL';
END $$;
