-- The gate: what may be asked before anybody has logged in, by k_gate alone. Its password is no secret, so
-- nothing here says whether a name exists: every name, made up or not, is counted and answered the same way.

CREATE SCHEMA gate AUTHORIZATION k_owner;

-- Where an attempt comes from: the address where the line has one, and what the program says.
CREATE FUNCTION gate.origin(p_said text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT left(concat_ws(' ', host(inet_client_addr()), p_said), 120);
$$;

-- How long an attempt counts, and how many there may be in that time.
CREATE FUNCTION gate.lasts() RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT interval '15 minutes' $$;

-- The salt of a login. An unknown name gets one too, always the same; both are worked out for every name.
CREATE FUNCTION gate.salt_of(p_username text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(
    (SELECT l.salt FROM public.logins l WHERE l.username = p_username), made.up)
  FROM (SELECT substr(sha256(g.secret || convert_to(p_username, 'UTF8')), 1, 16) AS up
        FROM public.gate_secret g) made;
$$;

-- Attempts left for a name at an origin, and the seconds until there is another. An origin where the person has
-- logged in before has five of its own, which nobody elsewhere can use up. All other origins have five each and
-- ten together; an origin has sixty for all names that never logged in there; and there is room for 20,000.
CREATE FUNCTION gate.room(p_username text, p_origin text, p_known boolean,
                          OUT attempts_left integer, OUT wait_seconds integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  since timestamptz := clock_timestamp() - gate.lasts();
  own integer;
  pool integer;
  unanswered integer;
  oldest timestamptz;
BEGIN
  SELECT count(*) FILTER (WHERE a.origin = p_origin), count(*),
         count(*) FILTER (WHERE a.failed_at IS NULL AND a.at > clock_timestamp() - interval '10 seconds'), min(a.at)
    INTO own, pool, unanswered, oldest
    FROM public.gate_attempts a
    WHERE a.username = p_username AND a.at > since AND a.known = p_known AND (NOT p_known OR a.origin = p_origin);
  attempts_left := 5 - own;
  IF NOT p_known THEN
    attempts_left := least(attempts_left, 10 - pool,
      60 - (SELECT count(*) FROM public.gate_attempts a WHERE a.origin = p_origin AND a.at > since AND NOT a.known),
      20000 - (SELECT count(*) FROM (SELECT FROM public.gate_attempts LIMIT 20000) every));
  END IF;
  -- Attempts that have not been answered yet may still turn out well: that is worth a second's wait.
  wait_seconds := CASE
    WHEN attempts_left > 0 THEN 0
    WHEN attempts_left + unanswered > 0 THEN 1
    ELSE greatest(2, ceil(extract(epoch FROM coalesce(oldest, clock_timestamp()) - since)))
  END;
END $$;

-- What the gate itself has to tell the audit; the name that was tried is what the act is about.
CREATE FUNCTION gate.tell(p_what text, p_username text, p_origin text, p_refusal text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.acts (key, role, host, what, purpose, subject, outcome, refusal)
  VALUES (gen_random_uuid(), '', p_origin, p_what, 'OPER', p_username,
          CASE WHEN p_refusal IS NULL THEN 'done' ELSE 'refused' END, p_refusal);
$$;

-- Attempts that count no more go, a few at a time; nobody waits for another's.
CREATE FUNCTION gate.prune() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM public.gate_attempts WHERE ticket IN (
    SELECT a.ticket FROM public.gate_attempts a WHERE a.at <= clock_timestamp() - gate.lasts()
    ORDER BY a.at LIMIT 100 FOR UPDATE SKIP LOCKED);
$$;

-- What a login needs before it can be tried: the salt, and a ticket that says how it went. `tries` counts this
-- one. Without a try left there is no salt and no ticket, only how long to wait. Counted before it is tried, so
-- that many at once are no more than many in a row; one at a time for a name, without waiting long for a crowd.
CREATE FUNCTION gate.begin(p_username text, p_origin text)
RETURNS TABLE (salt bytea, ticket uuid, tries integer, most integer, wait_seconds integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  who text := left(p_username, 64);
  here text := gate.origin(p_origin);
  is_known boolean := EXISTS (SELECT FROM public.known_origins k WHERE k.username = who AND k.origin = here);
  room record;
  made uuid;
  pepper bytea := gate.salt_of(who);
BEGIN
  PERFORM gate.prune();
  PERFORM pg_advisory_xact_lock(hashtextextended(
    format('clinicdesk.gate %s %s', who, CASE WHEN is_known THEN here END), 0));
  SELECT * INTO room FROM gate.room(who, here, is_known);
  IF room.attempts_left > 0 THEN
    INSERT INTO public.gate_attempts (username, origin, known) VALUES (who, here, is_known)
      RETURNING gate_attempts.ticket INTO made;
    RETURN QUERY SELECT pepper, made, 6 - room.attempts_left, 5, 0;
    RETURN;
  END IF;
  -- Told once for all the attempts that stand in the way.
  UPDATE public.gate_attempts a SET told = true
    WHERE a.username = who AND a.known = is_known AND (NOT is_known OR a.origin = here) AND NOT a.told;
  IF FOUND AND room.wait_seconds > 1 THEN
    PERFORM gate.tell('login.blocked', who, here, 'TooManyTries');
  END IF;
  RETURN QUERY SELECT NULL::bytea, NULL::uuid, 5, 5, room.wait_seconds;
END $$;

-- The ticket's password was refused. Each ticket is told once: acts are bounded as attempts are.
CREATE FUNCTION gate.failed(p_ticket uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tried record;
BEGIN
  UPDATE public.gate_attempts a SET failed_at = clock_timestamp()
    WHERE a.ticket = p_ticket AND a.failed_at IS NULL RETURNING a.username, a.origin INTO tried;
  IF FOUND THEN
    PERFORM gate.tell('login.refused', tried.username, tried.origin, 'LoginRefused');
  END IF;
END $$;

-- The person of a ticket has proved who they are: the attempts at that origin are forgotten, and it is known
-- from now on. The fifty newest origins of a person are kept.
CREATE FUNCTION gate.succeeded(p_username text, p_ticket uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  here text;
BEGIN
  DELETE FROM public.gate_attempts a
    WHERE a.ticket = p_ticket AND a.username = p_username AND a.failed_at IS NULL RETURNING a.origin INTO here;
  IF here IS NULL THEN
    RETURN;
  END IF;
  DELETE FROM public.gate_attempts a WHERE a.username = p_username AND a.origin = here;
  INSERT INTO public.known_origins AS k (username, origin, seen_at) VALUES (p_username, here, clock_timestamp())
    ON CONFLICT ON CONSTRAINT known_origins_pk DO UPDATE SET seen_at = excluded.seen_at;
  DELETE FROM public.known_origins k WHERE k.username = p_username AND k.origin IN (
    SELECT o.origin FROM public.known_origins o WHERE o.username = p_username
    ORDER BY o.seen_at DESC, o.origin OFFSET 50);
END $$;

-- Only whoever has logged in as the person can say that the ticket was good: session_user is the proof.
-- The answer is when a code last set this password, if that was this week: its owner must hear of it.
CREATE FUNCTION gate.arrived(p_ticket uuid) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me text := substr(session_user, 3);
BEGIN
  PERFORM gate.succeeded(me, p_ticket);
  RETURN (SELECT max(c.used_at) FROM public.recovery_codes c
          WHERE c.username = me AND NOT c.is_first AND c.used_at > clock_timestamp() - interval '7 days');
END $$;

-- For `user unlock`: administration gives a person's tries back, everywhere.
CREATE FUNCTION gate.forgive(p_username text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM public.gate_attempts a WHERE a.username = p_username;
$$;

-- What a password of this person may not be made of.
CREATE FUNCTION gate.words_of(p_username text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_agg(w.word) FROM (
    SELECT p_username AS word
    UNION SELECT unnest(ARRAY[p.given, p.family]) FROM public.people p
      JOIN public.logins l ON l.person_id = p.id WHERE l.username = p_username
    UNION SELECT unnest(ARRAY[c.code, c.name, c.city]) FROM public.clinics c) w
  WHERE w.word <> '';
$$;

-- Whose ticket this is, while it may still be used.
CREATE FUNCTION gate.bearer(p_ticket uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.username FROM public.gate_attempts a
  WHERE a.ticket = p_ticket AND a.failed_at IS NULL AND a.at > clock_timestamp() - gate.lasts();
$$;

-- Whether a code is the person's and still good. Disabled logins have none.
CREATE FUNCTION gate.is_good(p_username text, p_code text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM public.recovery_codes c
    WHERE c.hash = sha256(convert_to(p_code, 'UTF8')) AND c.username = p_username AND c.used_at IS NULL
      AND c.expires_at > clock_timestamp() AND access.is_open(c.username));
END $$;

-- Before a new password is asked for: the words it may not be made of, or NULL where the code is not good.
CREATE FUNCTION gate.open_code(p_ticket uuid, p_code text) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF gate.is_good(gate.bearer(p_ticket), p_code) THEN
    RETURN gate.words_of(gate.bearer(p_ticket));
  END IF;
  PERFORM gate.failed(p_ticket);
  RETURN NULL;
END $$;

-- A code used up for a new password: the old one and whatever was open under it end.
CREATE FUNCTION gate.recover(p_ticket uuid, p_code text, p_salt bytea, p_verifier text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  who text := gate.bearer(p_ticket);
BEGIN
  IF gate.is_good(who, p_code) THEN
    UPDATE public.recovery_codes c SET used_at = clock_timestamp()
      WHERE c.hash = sha256(convert_to(p_code, 'UTF8')) AND c.used_at IS NULL;
    IF FOUND THEN
      PERFORM access.replace_password(who, p_salt, p_verifier, false);
      PERFORM access.end_sessions(who, NULL, 'recovered');
      PERFORM gate.tell('login.recovered', who, (SELECT a.origin FROM public.gate_attempts a WHERE a.ticket = p_ticket), NULL);
      DELETE FROM public.gate_attempts a WHERE a.ticket = p_ticket;
      RETURN true;
    END IF;
  END IF;
  PERFORM gate.failed(p_ticket);
  RETURN false;
END $$;
