-- Roles belong to the cluster, not to a database: made once, looked at again by each upgrade.
DO $$
DECLARE
  name text;
  groups text[] := ARRAY['k_admision', 'k_secretaria', 'k_medico', 'k_enfermeria', 'k_laboratorio',
                         'k_resultados', 'k_gestion', 'k_admin', 'k_privacidad', 'k_importacion', 'k_sello'];
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('clinicdesk.roles', 0));
  FOREACH name IN ARRAY groups || ARRAY['k_owner', 'k_staff'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'k_roles') THEN
    CREATE ROLE k_roles NOLOGIN CREATEROLE;
  END IF;
  -- The gate's password is no secret: four definer functions are all that it opens.
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'k_gate') THEN
    CREATE ROLE k_gate LOGIN CONNECTION LIMIT 20 PASSWORD 'gate';
  END IF;
  -- Whoever knows a password may change it, and settings of the role with it: that shuts everybody out.
  ALTER ROLE k_gate LOGIN PASSWORD 'gate';
  ALTER ROLE k_gate RESET ALL;
  -- Whoever forgets to leave is shown out; whoever means to stay can (docs/security.md).
  ALTER ROLE k_gate SET idle_session_timeout = '30s';
  ALTER ROLE k_gate SET idle_in_transaction_session_timeout = '5s';
  ALTER ROLE k_gate SET statement_timeout = '10s';
  -- The waiting-room screens: without a password until an administrator makes their key.
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'k_display') THEN
    CREATE ROLE k_display LOGIN NOINHERIT CONNECTION LIMIT 60;
  END IF;
  FOREACH name IN ARRAY groups LOOP
    IF NOT pg_has_role(name, 'k_staff', 'MEMBER') THEN
      EXECUTE format('GRANT k_staff TO %I', name);
    END IF;
  END LOOP;
  -- To give a group on, not to hold it: what makes roles reads no patient. 15 cannot say so. Nobody but a
  -- login that may read sites and nothing else is given k_staff itself.
  FOREACH name IN ARRAY groups || ARRAY['k_staff', 'k_display'] LOOP
    EXECUTE format('GRANT %I TO k_roles WITH ADMIN OPTION', name)
      || CASE WHEN current_setting('server_version_num')::integer >= 160000
           THEN ', INHERIT FALSE, SET FALSE' ELSE '' END;
  END LOOP;
  -- An owner without superuser rights makes tables and functions in the name of these two.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT k_owner, k_roles TO %I', current_user);
  END IF;
END $$;
