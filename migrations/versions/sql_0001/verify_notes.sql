-- Verifying a whole registry's signed notes where they stand: ids and verdicts come out, no text.

CREATE FUNCTION audit.count_notes() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*) FROM public.notes;
$$;

-- The next patients after one who have signed notes, or acts of signing them, whole charts up to p_most notes or
-- acts and one chart at least: for each how many notes (`finding` null), and what is wrong. The twin of judge() in
-- clinic/records/verifying.py. The planner takes a page for a handful of rows and would walk it once for each.
CREATE FUNCTION audit.verify_notes(p_after uuid, p_most integer)
RETURNS TABLE (patient_id uuid, notes bigint, finding text, note_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET jit = off SET enable_nestloop = off AS $$
  WITH until AS MATERIALIZED (
    SELECT coalesce(least(
      (SELECT n.patient_id FROM public.notes n WHERE n.patient_id > p_after
       ORDER BY 1 OFFSET greatest(p_most, 1) - 1 LIMIT 1),
      (SELECT a.patient_id FROM public.acts a WHERE a.what = 'note.signed' AND a.patient_id > p_after
       ORDER BY 1 OFFSET greatest(p_most, 1) - 1 LIMIT 1)), 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id
  ), page AS MATERIALIZED (
    SELECT n.patient_id AS id FROM public.notes n
    WHERE n.patient_id > p_after AND n.patient_id <= (SELECT u.id FROM until u)
    UNION
    SELECT a.patient_id FROM public.acts a
    WHERE a.what = 'note.signed' AND a.patient_id > p_after AND a.patient_id <= (SELECT u.id FROM until u)
  ), held AS MATERIALIZED (
    SELECT n.patient_id, n.id, n.hash, n.prev_hash, n.login, n.author_id, charts.note_hash(n) AS made
    FROM public.notes n
    WHERE n.patient_id > p_after AND n.patient_id <= (SELECT u.id FROM until u)
  ), told AS MATERIALIZED (
    SELECT a.patient_id, split_part(a.subject, ' ', 1)::uuid AS id, split_part(a.subject, ' ', 2) AS hash,
      a.person AS login
    FROM public.acts a
    WHERE a.what = 'note.signed' AND a.outcome = 'done' AND a.subject ~ '^[0-9a-f]{32} [0-9a-f]{64}$'
      AND a.patient_id > p_after AND a.patient_id <= (SELECT u.id FROM until u)
  ), given AS MATERIALIZED (
    SELECT c.patient_id, c.id, c.hash, c.login, c.person_id, c.note_id, c.note_hash, charts.cosign_hash(c) AS made
    FROM public.cosignatures c
    WHERE c.patient_id > p_after AND c.patient_id <= (SELECT u.id FROM until u)
  ), cosigned AS MATERIALIZED (
    SELECT a.patient_id, split_part(a.subject, ' ', 1)::uuid AS id, split_part(a.subject, ' ', 2) AS hash,
      a.person AS login
    FROM public.acts a
    WHERE a.what = 'note.cosigned' AND a.outcome = 'done' AND a.subject ~ '^[0-9a-f]{32} [0-9a-f]{64}$'
      AND a.patient_id > p_after AND a.patient_id <= (SELECT u.id FROM until u)
  ), chains AS MATERIALIZED (
    SELECT h.patient_id, h.prev_hash FROM held h GROUP BY 1, 2 HAVING count(*) > 1
  )
  SELECT p.id, (SELECT count(*) FROM held h WHERE h.patient_id = p.id), NULL::text, NULL::uuid FROM page p
  UNION ALL SELECT h.patient_id, NULL, 'altered', h.id FROM held h WHERE h.hash IS DISTINCT FROM h.made
  UNION ALL SELECT h.patient_id, NULL, 'gap', h.id FROM held h
    WHERE h.prev_hash IS NOT NULL
      AND NOT EXISTS (SELECT FROM held b WHERE b.patient_id = h.patient_id AND b.hash = h.prev_hash)
  UNION ALL SELECT h.patient_id, NULL, 'fork', h.id FROM held h
    JOIN chains c ON c.patient_id = h.patient_id AND c.prev_hash IS NOT DISTINCT FROM h.prev_hash
  UNION ALL SELECT h.patient_id, NULL, 'wrong_login', h.id FROM held h
    JOIN public.logins l ON l.person_id = h.author_id WHERE h.login <> 'u_' || l.username
  UNION ALL SELECT h.patient_id, NULL, 'no_act', h.id FROM held h
    WHERE NOT EXISTS (SELECT FROM told t WHERE t.patient_id = h.patient_id AND t.id = h.id)
  UNION ALL SELECT h.patient_id, NULL, 'rewritten', h.id FROM held h
    WHERE EXISTS (SELECT FROM told t WHERE t.patient_id = h.patient_id AND t.id = h.id)
      AND NOT EXISTS (SELECT FROM told t WHERE t.patient_id = h.patient_id AND t.id = h.id
                      AND t.hash = encode(h.hash, 'hex') AND t.login = h.login)
  UNION ALL SELECT t.patient_id, NULL, 'removed', t.id FROM told t
    WHERE NOT EXISTS (SELECT FROM held h WHERE h.patient_id = t.patient_id AND h.id = t.id)
  UNION ALL SELECT g.patient_id, NULL, 'cosign_altered', g.id FROM given g
    WHERE g.hash IS DISTINCT FROM g.made OR NOT EXISTS (
      SELECT FROM held h WHERE h.patient_id = g.patient_id AND h.id = g.note_id AND h.hash = g.note_hash)
  UNION ALL SELECT g.patient_id, NULL, 'cosign_login', g.id FROM given g
    JOIN public.logins l ON l.person_id = g.person_id WHERE g.login <> 'u_' || l.username
  UNION ALL SELECT g.patient_id, NULL, 'cosign_own', g.id FROM given g
    JOIN held h ON h.patient_id = g.patient_id AND h.id = g.note_id AND h.author_id = g.person_id
  UNION ALL SELECT g.patient_id, NULL, 'cosign_no_act', g.id FROM given g
    WHERE NOT EXISTS (SELECT FROM cosigned t WHERE t.patient_id = g.patient_id AND t.id = g.id
                      AND t.hash = encode(g.hash, 'hex') AND t.login = g.login)
  UNION ALL SELECT t.patient_id, NULL, 'cosign_removed', t.id FROM cosigned t
    WHERE NOT EXISTS (SELECT FROM given g WHERE g.patient_id = t.patient_id AND g.id = t.id);
$$;
