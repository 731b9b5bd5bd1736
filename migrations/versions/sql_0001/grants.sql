-- Nothing through PUBLIC; each group gets what its work needs, by table and column.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO k_owner; -- foreign keys are checked as the owner
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public, gate, access, charts, audit, display FROM PUBLIC;

-- The gate: what k_gate may ask, and the one answer that only a person's own login can give.
GRANT USAGE ON SCHEMA gate TO k_gate, k_staff;
GRANT EXECUTE ON FUNCTION gate.begin(text, text), gate.failed(uuid), gate.open_code(uuid, text),
  gate.recover(uuid, text, bytea, text) TO k_gate;
GRANT EXECUTE ON FUNCTION gate.arrived(uuid), gate.words_of(text) TO k_staff;
GRANT EXECUTE ON FUNCTION gate.forgive(text) TO k_admin;

-- Owners of definer functions that make roles: k_roles, so that no superuser's function does. It holds the
-- roles, k_owner the rows; each may call what it needs of the other.
GRANT USAGE ON SCHEMA access, public TO k_roles;
GRANT SELECT, INSERT, UPDATE ON logins TO k_roles;
GRANT EXECUTE ON FUNCTION access.demand_admin(), access.demand_verifier(text), access.group_map(), access.groups_due(text),
  access.groups_held(text) TO k_roles;
GRANT CREATE ON SCHEMA access TO k_roles;
ALTER FUNCTION access.create_login(text, bigint, bytea, text, boolean, boolean, text) OWNER TO k_roles;
ALTER FUNCTION access.replace_password(text, bytea, text, boolean) OWNER TO k_roles;
ALTER FUNCTION access.change_own(bytea, text) OWNER TO k_roles;
ALTER FUNCTION access.follow_rights(text) OWNER TO k_roles;
ALTER FUNCTION access.role_open(text, boolean, timestamptz) OWNER TO k_roles;
ALTER FUNCTION access.cut(text, integer[]) OWNER TO k_roles;
ALTER FUNCTION access.set_display_key(text) OWNER TO k_roles;
REVOKE CREATE ON SCHEMA access FROM k_roles;
GRANT EXECUTE ON FUNCTION access.follow_rights(text), access.role_open(text, boolean, timestamptz),
  access.cut(text, integer[]), access.replace_password(text, bytea, text, boolean) TO k_owner;

-- The waiting-room screen: two functions, no table, not even the schema they stand in.
GRANT USAGE ON SCHEMA display TO k_display;
GRANT EXECUTE ON FUNCTION display.clinic(text), display.waiting_room(text) TO k_display;
GRANT EXECUTE ON FUNCTION access.set_display_key(text) TO k_admin;

GRANT USAGE ON SCHEMA public, access TO k_staff;
GRANT SELECT ON fee_schedules, fee_codes, fee_items, procedure_fees TO k_staff;
GRANT SELECT ON clinics, clinic_hours, holidays, triage_levels, ticket_series, floors, rooms, specialties, procedures,
  agenda_blocks, block_procedures, block_quotas, agenda_exceptions, turn_transitions, people,
  clinic_roles TO k_staff;
GRANT SELECT (username, person_id, must_change, is_demo, created_at, disabled_at, expires_at, kind) ON logins
  TO k_staff;
GRANT INSERT (key, role, host, clinic_id, patient_id, what, purpose, outcome, refusal, order_key, subject, session)
  ON acts TO k_staff;
GRANT INSERT ON act_answers TO k_staff;
GRANT EXECUTE ON FUNCTION act_answer(uuid) TO k_staff;
GRANT EXECUTE ON FUNCTION access.change_own(bytea, text), access.demand_open(),
  access.enter(text, text, bigint), access.switch_role(uuid, text, bigint), access.resume(uuid),
  access.leave(uuid, text), access.my_rights(), access.my_sessions(), access.end_own(uuid),
  demand_open_block(bigint, timestamp, timestamp), demand_open_claim(bigint, tstzrange)
  TO k_staff;
-- The catalogue is everybody's to read; what a doctor keeps at hand is that doctor's alone.
GRANT SELECT ON cie10_codes, cie10_words TO k_staff;
GRANT SELECT, INSERT (code, at), DELETE ON cie10_favourites TO k_medico;
GRANT EXECUTE ON FUNCTION cie10_recent(integer) TO k_medico;
ALTER TABLE cie10_favourites ENABLE ROW LEVEL SECURITY;
CREATE POLICY cie10_favourites_own ON cie10_favourites TO k_medico
  USING (login = session_user) WITH CHECK (login = session_user);
GRANT INSERT (batch, line, place, code, above, text, chapter, heading, leaf, sex, from_days, until_days, folded,
  terms) ON staging_cie10 TO k_admin, k_importacion;
GRANT EXECUTE ON FUNCTION import_cie10(text, text[], uuid) TO k_admin, k_importacion;
-- Letters are only added to; the number comes from the database. Whether a paper is genuine, everybody may ask.
GRANT SELECT ON letters, letter_voids TO k_medico, k_enfermeria, k_resultados;
GRANT INSERT (patient_id, id, number, kind, clinic_id, author_id, author_name, author_license, patient_name,
  patient_document, clinic_name, visit_id, codes, replaces, issued_at, text, hash) ON letters TO k_medico;
GRANT INSERT ON letter_voids TO k_medico;
GRANT USAGE ON SEQUENCE letter_numbers TO k_medico;
GRANT SELECT ON letter_templates TO k_staff;
GRANT INSERT (clinic_id, kind, body, changed_by, changed_at), UPDATE (clinic_id, kind, body, version, changed_by,
  changed_at) ON letter_templates TO k_admin, k_gestion;
GRANT EXECUTE ON FUNCTION letter_check(bigint, text) TO k_staff;
GRANT SELECT ON zone_rules TO k_staff; -- a desk can tell that it reckons time by other rules
GRANT SELECT ON alembic_version TO k_staff; -- a desk can tell that its program and the database differ

-- Demographics and turns: everyone who meets patients.
GRANT SELECT ON patients, patient_documents, coverages, turns, turn_events, turn_moves, admissions, bookings, block_places,
  waitlist, waitlist_offers, unmet_demand, triage_events, transfers, day_closings
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion;
GRANT EXECUTE ON FUNCTION search_words(text, text, text, text),
  search_people(text, text, text, text, text), search_numbers(text, text, integer)
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad;
-- What was entered for the wrong person: who wrote it says so, and who gave the turn.
GRANT SELECT ON misfiled TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion;
GRANT EXECUTE ON FUNCTION misfile_entry(uuid, uuid, uuid, uuid, text, uuid) TO k_medico, k_enfermeria;
GRANT EXECUTE ON FUNCTION misfile_turn(uuid, uuid, uuid, uuid, uuid, text, uuid) TO k_admision, k_secretaria, k_medico;
-- Who stands for whom: whatever reads a person's rows asks it. Merging decides by itself who may.
GRANT EXECUTE ON FUNCTION patient_standing(uuid), patient_members(uuid) TO k_staff;
GRANT SELECT (patient_id, id, seq, survivor_id, way, undoes_id, reason, at, person_id, act) ON patient_merges
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad;
GRANT EXECUTE ON FUNCTION merge_overlaps(uuid, uuid), merge_patients(uuid, uuid, uuid, text, uuid),
  unmerge_patients(uuid, uuid, text, uuid), entered_while_one(uuid) TO k_secretaria, k_gestion;
GRANT EXECUTE ON FUNCTION search_alike(text, text, text, date), learn_words(text[], text[])
  TO k_admision, k_secretaria, k_medico;
GRANT INSERT ON patients, patient_documents, patient_search, coverages, distinct_people
  TO k_admision, k_secretaria, k_medico;
-- What else is known of a person. Consents and documents taken away are only added to; of the rest the end is
-- set. The counter tells of an allergy and reads none: who cares for the patient closes it.
GRANT SELECT ON phones, contacts, authorisations, consents, former_documents
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad;
GRANT INSERT ON phones, contacts, authorisations, consents, former_documents
  TO k_admision, k_secretaria, k_medico;
GRANT UPDATE (ended_at) ON phones, contacts TO k_admision, k_secretaria, k_medico;
GRANT UPDATE (until) ON coverages TO k_admision, k_secretaria, k_medico;
GRANT UPDATE (valid) ON patient_documents TO k_admision, k_secretaria, k_medico;
GRANT EXECUTE ON FUNCTION take_document(uuid, text, text, text, date),
  tell_allergy(uuid, uuid, text, text, text, text, date) TO k_admision, k_secretaria, k_medico;
GRANT EXECUTE ON FUNCTION close_allergy(uuid, uuid, date) TO k_admision, k_secretaria, k_medico, k_enfermeria;
GRANT EXECUTE ON FUNCTION is_living(uuid), demand_living(uuid)
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_gestion;
GRANT SELECT (patient_id, other_id) ON distinct_people
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad;
GRANT SELECT ON likely_duplicates
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad;
GRANT INSERT, DELETE ON likely_duplicates TO k_secretaria, k_gestion;
GRANT DELETE ON distinct_people TO k_admision, k_secretaria, k_medico; -- said in error: looked at once more
GRANT SELECT ON registry_scans
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad;
GRANT INSERT (at, people, pairs) ON registry_scans TO k_secretaria, k_gestion;
GRANT USAGE ON SEQUENCE chart_numbers TO k_admision, k_secretaria, k_medico;
GRANT UPDATE (given, family, sex, birth, birth_estimated, phone, email, address, city, version) ON patients
  TO k_admision, k_secretaria, k_medico;
GRANT UPDATE (provisional, deceased_on, allergy_status, name_in_use, gender, blood_group, dependent) ON patients
  TO k_admision, k_secretaria, k_medico;
GRANT SELECT ON patient_edits
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad;
GRANT INSERT (patient_id, version, field, before, after, act) ON patient_edits
  TO k_admision, k_secretaria, k_medico, k_privacidad;
GRANT SELECT ON fact_edits
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion, k_privacidad;
GRANT INSERT (patient_id, id, field, before, after, act) ON fact_edits
  TO k_admision, k_secretaria, k_medico, k_enfermeria;
GRANT EXECUTE ON FUNCTION find_anew(uuid, text, date, text[]) TO k_admision, k_secretaria, k_medico;

GRANT INSERT ON turns, bookings, block_places TO k_admision, k_secretaria, k_medico, k_gestion;
GRANT INSERT ON turn_events TO k_admision, k_secretaria, k_medico, k_enfermeria, k_gestion;
GRANT UPDATE (seq, state, state_at, doctor_id, ticket, arrived_at, called_at, calls, room_id, starts_at, ends_at,
  wall_start, day, voided_reason) ON turns TO k_admision, k_secretaria, k_medico, k_enfermeria;
GRANT DELETE ON block_places TO k_admision, k_secretaria, k_medico, k_enfermeria;
GRANT UPDATE (clinic_id, doctor_id, procedure_id, block_id, kind, zone, slots, cancelled_by, cancelled_late) ON turns
  TO k_admision, k_secretaria, k_medico;
GRANT INSERT ON turn_moves, waitlist, unmet_demand TO k_admision, k_secretaria, k_medico;
GRANT UPDATE (state, resolution, offered_slot, offered_until, turn_id, changed_at, changed_by, version) ON waitlist
  TO k_admision, k_secretaria, k_medico;
GRANT INSERT, UPDATE (answer, answered_at, answered_by, turn_id) ON waitlist_offers
  TO k_admision, k_secretaria, k_medico;
GRANT UPDATE (active, during) ON bookings TO k_admision, k_secretaria, k_medico, k_enfermeria;
GRANT INSERT ON admissions TO k_admision, k_secretaria;
GRANT SELECT, INSERT ON tickets TO k_admision, k_secretaria;
-- The counter gives the first level, on arrival; whoever cares for patients gives any.
GRANT UPDATE (triage) ON turns TO k_medico, k_enfermeria;
GRANT INSERT ON triage_events, transfers TO k_admision, k_secretaria, k_medico, k_enfermeria;
GRANT INSERT ON day_closings TO k_secretaria;

-- Clinical content: admission and secretaries hold none of it. Allergies are a safety fact, read by carers.
GRANT SELECT ON visits, records, notes, diagnoses, vitals, allergies, prescriptions, prescription_items,
  results, observations TO k_medico, k_enfermeria, k_resultados;
GRANT SELECT ON treatments, treatment_ends, follow_ups TO k_medico, k_enfermeria, k_resultados;
GRANT INSERT ON visits, records, diagnoses, vitals, treatments, treatment_ends, follow_ups TO k_medico;
-- Who gives turns learns the day and the doctor of a control, and nothing else of the note.
GRANT EXECUTE ON FUNCTION charts.follow_ups_of(uuid), charts.follow_ups_at(bigint, date, date)
  TO k_admision, k_secretaria, k_medico;
GRANT INSERT ON vitals TO k_enfermeria;
-- Not `login`: the database fills it, so that no note can be signed in another's name unseen.
GRANT INSERT (patient_id, id, record_id, visit_id, amends_id, text, author_id, author_name, author_license,
  supervised, signed_at, prev_hash, hash) ON notes TO k_medico;
GRANT SELECT ON cosignatures TO k_medico, k_enfermeria, k_resultados;
GRANT INSERT (patient_id, id, record_id, note_id, note_hash, author_id, verdict, reason, person_id, person_name,
  person_license, at, hash) ON cosignatures TO k_medico;
GRANT EXECUTE ON FUNCTION charts.is_supervised(), charts.may_cosign(uuid, uuid), charts.to_cosign(),
  charts.signs_as(text, text), charts.may_sign(uuid, uuid, uuid, uuid) TO k_medico;
-- Of attachments nobody holds the bytes.
GRANT SELECT ON attachments, attachment_voids TO k_medico, k_enfermeria, k_resultados;
GRANT INSERT ON attachment_voids TO k_medico, k_enfermeria;
GRANT SELECT ON attachment_limits TO k_staff;
GRANT UPDATE (file_bytes, patient_bytes, megapixels, version) ON attachment_limits TO k_admin;
GRANT EXECUTE ON FUNCTION charts.attach(uuid, uuid, uuid, text, text, text, integer, integer, bytea)
  TO k_medico, k_enfermeria;
GRANT EXECUTE ON FUNCTION charts.attached(uuid, uuid) TO k_medico, k_enfermeria, k_resultados;
GRANT EXECUTE ON FUNCTION charts.signings(uuid) TO k_medico, k_enfermeria, k_resultados;
GRANT UPDATE (ended_at) ON visits TO k_medico;
-- Entries are found by what they say, written down from the rows themselves.
GRANT EXECUTE ON FUNCTION find_record(uuid, uuid), charts.is_typed(text, integer, jsonb, uuid) TO k_medico;
GRANT EXECUTE ON FUNCTION search_records(text, text[], text[], text, bigint[], text, bigint, text, timestamptz,
  timestamptz, uuid, jsonb, timestamptz, uuid, integer), record_place(uuid, uuid)
  TO k_medico, k_enfermeria, k_resultados;
GRANT SELECT ON record_types, record_schemas TO k_staff;
GRANT INSERT ON record_types, record_schemas TO k_admin;
GRANT UPDATE (name, schema_version, active, version, changed_by, changed_at) ON record_types TO k_admin;
GRANT SELECT ON note_drafts TO k_medico;
GRANT INSERT (patient_id, id, visit_id, text, diagnoses, plan, late, version, saved_at),
  UPDATE (text, diagnoses, plan, late, version, saved_at), DELETE ON note_drafts TO k_medico;

-- Templates of the network and of clinics are everybody's to read; a doctor's own are that doctor's alone.
GRANT SELECT ON note_templates TO k_staff;
GRANT INSERT (clinic_id, specialty_id, name, body, first, active, changed_by, changed_at),
  UPDATE (clinic_id, specialty_id, name, body, first, active, version, changed_by, changed_at) ON note_templates
  TO k_admin, k_gestion;
GRANT INSERT (login, specialty_id, name, body, active, changed_by, changed_at),
  UPDATE (specialty_id, name, body, active, version, changed_by, changed_at) ON note_templates TO k_medico;
ALTER TABLE note_templates ENABLE ROW LEVEL SECURITY;
CREATE POLICY note_templates_seen ON note_templates FOR SELECT TO k_staff
  USING (login IS NULL OR login = session_user);
CREATE POLICY note_templates_added ON note_templates FOR INSERT TO k_admin, k_gestion WITH CHECK (login IS NULL);
CREATE POLICY note_templates_edited ON note_templates FOR UPDATE TO k_admin, k_gestion USING (login IS NULL);
CREATE POLICY note_templates_own_added ON note_templates FOR INSERT TO k_medico WITH CHECK (login = session_user);
CREATE POLICY note_templates_own_edited ON note_templates FOR UPDATE TO k_medico USING (login = session_user);
GRANT SELECT ON template_favourites, template_picks TO k_staff;
GRANT INSERT (template, at), DELETE ON template_favourites TO k_medico;
GRANT INSERT (specialty, template, at), UPDATE (at) ON template_picks TO k_medico;
ALTER TABLE template_favourites ENABLE ROW LEVEL SECURITY;
ALTER TABLE template_picks ENABLE ROW LEVEL SECURITY;
CREATE POLICY template_favourites_own ON template_favourites TO k_medico
  USING (login = session_user) WITH CHECK (login = session_user);
CREATE POLICY template_picks_own ON template_picks TO k_medico
  USING (login = session_user) WITH CHECK (login = session_user);

-- Charts. What the policies call, everybody calls; what opens, decides by itself.
GRANT USAGE ON SCHEMA charts TO k_staff;
GRANT EXECUTE ON FUNCTION charts.me(), charts.leased(), charts.moved_in(),
  charts.treatments_moved_in(), charts.my_clinics(), charts.clinics_as(text),
  charts.may_see_sealed(uuid),
  charts.sealed_faces(uuid[]), charts.leave() TO k_staff;
GRANT EXECUTE ON FUNCTION charts.enter(uuid, uuid, text, text, text, bigint) TO k_medico, k_enfermeria, k_resultados;
GRANT EXECUTE ON FUNCTION charts.break_glass(uuid, uuid, text, text, text, text, bigint) TO k_medico, k_enfermeria;
GRANT EXECUTE ON FUNCTION charts.open_copy(uuid, uuid, text, text, text, bigint) TO k_resultados;
GRANT EXECUTE ON FUNCTION charts.review(bigint, text, text) TO k_privacidad;
GRANT SELECT ON chart_alerts, chart_limits, acts, patients, patient_documents, coverages, care_relations
  TO k_privacidad;
GRANT UPDATE (charts_per_hour) ON chart_limits TO k_privacidad;
GRANT UPDATE (sealed, version) ON patients TO k_privacidad;
GRANT SELECT ON care_relations TO k_secretaria, k_medico, k_enfermeria;
GRANT INSERT ON care_relations TO k_secretaria, k_privacidad;
GRANT UPDATE (ended_at) ON care_relations TO k_secretaria, k_privacidad;

-- Administration.
GRANT INSERT, UPDATE ON clinics, floors, rooms, specialties, procedures TO k_admin;
-- Not whether they are supervised: access.supervise decides, since nobody sets it for themselves.
GRANT INSERT (id, given, family, license, specialty, email), UPDATE (given, family, license, specialty, email) ON people
  TO k_admin;
GRANT INSERT, DELETE ON clinic_hours TO k_admin;
GRANT INSERT, UPDATE, DELETE ON holidays TO k_admin;
-- A secretary keeps the rooms and holidays of her own clinics (policies in sites.sql).
GRANT INSERT (id, clinic_id, floor_id, code, kind, equipment, changed_by, changed_at),
  UPDATE (floor_id, code, kind, equipment, state, state_reason, state_from, state_until, version, changed_by,
          changed_at) ON rooms TO k_secretaria;
GRANT INSERT (clinic_id, day, name, works, changed_by, changed_at),
  UPDATE (day, name, works, version, changed_by, changed_at), DELETE ON holidays TO k_secretaria;
-- Agendas: a secretary's and management's of their clinics, a doctor's own (policies in agendas.sql). What a
-- suspension does to turns, management may do as well.
GRANT INSERT, UPDATE ON agenda_blocks TO k_secretaria, k_gestion, k_medico;
GRANT INSERT, DELETE ON block_procedures, block_quotas TO k_secretaria, k_gestion, k_medico;
GRANT INSERT, UPDATE (lifted_at, lifted_by) ON agenda_exceptions TO k_secretaria, k_gestion;
GRANT SELECT ON turn_notices, turn_reassigned
  TO k_admision, k_secretaria, k_medico, k_enfermeria, k_laboratorio, k_resultados, k_gestion;
GRANT INSERT ON turn_notices, turn_events TO k_secretaria, k_gestion;
GRANT UPDATE (state, done_at, done_by) ON turn_notices TO k_admision, k_secretaria, k_medico, k_gestion;
GRANT INSERT ON turn_reassigned TO k_admision, k_secretaria, k_medico;
GRANT UPDATE (seq, state, state_at, cancelled_by, cancelled_late) ON turns TO k_gestion;
GRANT UPDATE (active, during) ON bookings TO k_gestion;
GRANT DELETE ON block_places TO k_gestion;
GRANT EXECUTE ON FUNCTION charts.end_visit(uuid, uuid) TO k_secretaria;
GRANT EXECUTE ON FUNCTION room_turns(bigint, date, date) TO k_admin, k_secretaria;
GRANT EXECUTE ON FUNCTION clinic_turns(bigint, date) TO k_admin;
-- Fees come by import alone; administration names schedules and says what a procedure is charged as.
GRANT INSERT, UPDATE ON fee_schedules TO k_admin;
GRANT INSERT, UPDATE, DELETE ON procedure_fees TO k_admin;
GRANT INSERT (batch, line, place, code, name, units, price) ON staging_fees TO k_admin, k_importacion;
GRANT INSERT (batch, line, place, day, name, country, clinic, works) ON staging_holidays TO k_admin, k_importacion;
GRANT INSERT ON staging_registry TO k_admin, k_importacion;
GRANT EXECUTE ON FUNCTION import_fees(text, text, date, text[], uuid), import_holidays(uuid),
  import_registry(text, uuid, timestamptz, boolean) TO k_admin, k_importacion;
GRANT SELECT ON personal_rights, sessions TO k_admin, k_privacidad;
GRANT INSERT, UPDATE ON triage_levels, ticket_series TO k_admin;
GRANT DELETE ON ticket_series TO k_admin;
GRANT USAGE ON SEQUENCE resource_ids TO k_admin, k_secretaria;
GRANT EXECUTE ON FUNCTION access.create_login(text, bigint, bytea, text, boolean, boolean, text),
  access.issue_code(text, bytea), access.reset_service(text, bytea, text), access.sync_groups(text),
  access.give_role(text, bigint, text, timestamptz), access.take_role(text, bigint, text),
  access.set_right(text, bigint, text, text, timestamptz, text), access.clear_right(text, bigint, text),
  access.enable_login(text, boolean), access.expire_login(text, timestamptz),
  access.supervise(text, timestamptz),
  access.end_session(text, uuid), access.live_sessions(), access.sweep() TO k_admin;

-- A draft is its author's alone, in every role.
ALTER TABLE note_drafts ENABLE ROW LEVEL SECURITY;
CREATE POLICY note_drafts_own ON note_drafts TO k_medico
  USING (author = session_user) WITH CHECK (author = session_user);

-- Audit: nobody changes an act or a seal; who reads them, and who may have them sealed.
-- k_sello is for the sealer's account: it calls one function and reads hashes.
GRANT USAGE ON SCHEMA audit TO k_admin, k_privacidad, k_sello;
GRANT SELECT ON acts, seal_items TO k_privacidad;
GRANT SELECT ON seals TO k_admin, k_privacidad, k_sello;
GRANT EXECUTE ON FUNCTION audit.count_notes(), audit.verify_notes(uuid, integer) TO k_privacidad;
GRANT EXECUTE ON FUNCTION audit.seal(integer, boolean) TO k_admin, k_privacidad, k_sello;
