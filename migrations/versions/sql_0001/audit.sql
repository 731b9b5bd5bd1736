-- Audit: seals over the acts, and who may read them.

CREATE SCHEMA audit AUTHORIZATION k_owner;

-- Seal at most p_most acts that no seal holds yet; how many it sealed. Acts that commit late join the
-- seal after: they are found by name, as missing in seal_items. The form of an act and of a seal stands
-- in clinic/audit/rules.py too, which recomputes both without this function.
CREATE FUNCTION audit.seal(p_most integer, p_everything boolean) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  most integer := least(greatest(p_most, 1), 50000);
  last public.seals;
  taken timestamptz;
  snapshot pg_snapshot;
  since timestamptz;
  settled timestamptz;
  sealed integer;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('clinicdesk.seal', 0));
  SELECT * INTO last FROM public.seals ORDER BY n DESC LIMIT 1;
  taken := clock_timestamp();
  snapshot := pg_current_snapshot();
  since := CASE WHEN last.scanned_to IS NOT NULL THEN last.scanned_to
                WHEN p_everything OR last.settled_at IS NULL THEN '-infinity'
                ELSE last.settled_at END;
  -- A seal whose running transactions have all ended since settles what was stamped before it. The
  -- minute is for an act between its stamp and its transaction's number. After a restore the numbers
  -- may begin lower: then older seals settle nothing, and newer ones do.
  settled := greatest(last.settled_at, (
    SELECT k.at - interval '1 minute' FROM public.seals k
    WHERE k.horizon <= pg_snapshot_xmin(snapshot)::text::bigint ORDER BY k.n DESC LIMIT 1));

  WITH picked AS MATERIALIZED (
    SELECT a.key, a.at, sha256(convert_to(json_build_array(
        a.key::text, a.person, trunc(extract(epoch FROM a.at) * 1000000)::text, a.role, a.host,
        a.clinic_id::text, a.patient_id::text, a.what, a.purpose, a.outcome, a.refusal,
        a.order_key::text, a.subject, a.session::text)::text, 'UTF8')) AS leaf
    FROM public.acts a
    WHERE a.at >= since AND NOT EXISTS (SELECT 1 FROM public.seal_items i WHERE i.key = a.key)
    ORDER BY a.at LIMIT most
  ), kept AS (
    INSERT INTO public.seal_items (seal, key, leaf)
    SELECT coalesce(last.n, 0) + 1, p.key, p.leaf FROM picked p
  ), whole AS (
    SELECT coalesce(last.n, 0) + 1 AS n, count(*)::integer AS acts, max(p.at) AS newest,
      coalesce(last.hash, decode(repeat('00', 32), 'hex')) AS prev_hash,
      sha256(string_agg(uuid_send(p.key) || p.leaf, ''::bytea ORDER BY p.key)) AS items,
      -- Only who looked through everything since the last settled time, to the end, may settle more.
      CASE WHEN count(*) < most AND last.scanned_to IS NULL THEN settled ELSE last.settled_at END AS settled_at
    FROM picked p HAVING count(*) > 0
  )
  INSERT INTO public.seals (n, at, settled_at, acts_count, prev_hash, hash, horizon, scanned_to)
  SELECT w.n, taken, w.settled_at, w.acts, w.prev_hash,
    sha256(convert_to(concat_ws(E'\n', 'clinicdesk.seal/1', w.n, trunc(extract(epoch FROM taken) * 1000000),
      coalesce(trunc(extract(epoch FROM w.settled_at) * 1000000)::text, '-'), w.acts,
      encode(w.prev_hash, 'hex'), encode(w.items, 'hex')), 'UTF8')),
    pg_snapshot_xmax(snapshot)::text::bigint, CASE WHEN w.acts = most THEN w.newest END
  FROM whole w
  RETURNING acts_count INTO sealed;
  RETURN coalesce(sealed, 0);
END $$;
