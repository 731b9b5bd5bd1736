-- Rows that the schema itself stands on.
INSERT INTO turn_transitions (from_state, to_state) VALUES
  ('', 'registrado'), ('', 'en_espera'),
  ('registrado', 'confirmado'), ('registrado', 'en_espera'), ('registrado', 'cancelado'), ('registrado', 'ausente'),
  ('confirmado', 'en_espera'), ('confirmado', 'cancelado'), ('confirmado', 'ausente'), ('confirmado', 'registrado'),
  ('en_espera', 'en_curso'), ('en_espera', 'cancelado'), ('en_espera', 'confirmado'),
  ('en_curso', 'finalizado'), ('en_curso', 'en_espera'),
  ('ausente', 'en_espera'),
  ('cancelado', 'registrado');
-- Beside the hops: to another time (one that was cancelled comes back by it), a mistaken absence undone,
-- and the mark of what was entered by error, which leaves the state as it is.
INSERT INTO turn_transitions (from_state, to_state, how) VALUES
  ('registrado', 'registrado', 'move'), ('confirmado', 'confirmado', 'move'), ('cancelado', 'registrado', 'move'),
  ('ausente', 'registrado', 'undo'), ('ausente', 'confirmado', 'undo'),
  ('registrado', 'registrado', 'void'), ('confirmado', 'confirmado', 'void'), ('en_espera', 'en_espera', 'void'),
  ('finalizado', 'finalizado', 'void'), ('cancelado', 'cancelado', 'void'), ('ausente', 'ausente', 'void');

INSERT INTO gate_secret (id, secret)
VALUES (1, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

INSERT INTO chart_limits (group_role, charts_per_hour)
VALUES ('k_medico', 60), ('k_enfermeria', 90), ('k_resultados', 40);

INSERT INTO record_types (code, name) VALUES
  ('consulta', 'Consulta'), ('urgencia', 'Urgencia'), ('control', 'Control'), ('procedimiento', 'Procedimiento'),
  ('teleconsulta', 'Teleconsulta'), ('laboratorio', 'Laboratorio'), ('imagen', 'Imagen'),
  ('internacion', 'Internación'), ('otro', 'Otro');
