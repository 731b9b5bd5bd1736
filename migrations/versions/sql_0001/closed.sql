-- What PostgreSQL leaves open to everybody and nobody here needs before a login: with the gate's known password
-- anybody could hold our locks, fill the disk with large objects, or send what only `Desk` sends. Only the
-- functions' owner can close them, which is a superuser; where the owner is none they stay open (docs/security.md).
DO $$
DECLARE
  open_to_all regprocedure;
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RETURN;
  END IF;
  FOR open_to_all IN
    SELECT p.oid FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
      AND (p.proname LIKE 'pg\_advisory\_%' OR p.proname LIKE 'pg\_try\_advisory\_%' OR p.proname = 'pg_notify'
           OR p.proname LIKE 'lo\_%' OR p.proname IN ('loread', 'lowrite'))
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', open_to_all);
    IF open_to_all::text !~ '^lo' THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO k_staff, k_owner, k_roles', open_to_all);
    END IF;
  END LOOP;
END $$;
