-- Where imports stage rows, and their ledger. Declared in clinic/staging.py.

CREATE UNLOGGED TABLE staging_people (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  key TEXT NOT NULL,
  given TEXT NOT NULL,
  family TEXT NOT NULL,
  specialty TEXT
);

CREATE UNLOGGED TABLE staging_patients (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  key TEXT NOT NULL,
  given TEXT NOT NULL,
  family TEXT NOT NULL,
  sex TEXT NOT NULL,
  birth DATE,
  deceased_on DATE,
  phone TEXT,
  email TEXT,
  address TEXT,
  city TEXT,
  search TEXT[] NOT NULL,
  documents TEXT[] NOT NULL,
  document_columns TEXT[] NOT NULL,
  document_texts TEXT[] NOT NULL
);

CREATE UNLOGGED TABLE staging_coverages (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  patient_key TEXT NOT NULL,
  payer TEXT NOT NULL,
  member_number TEXT,
  since DATE,
  until DATE
);

CREATE UNLOGGED TABLE staging_allergies (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  patient_key TEXT NOT NULL,
  substance TEXT,
  system TEXT,
  code TEXT,
  category TEXT,
  reaction TEXT,
  severity TEXT,
  since DATE,
  until DATE
);

CREATE UNLOGGED TABLE staging_visits (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  key TEXT NOT NULL,
  patient_key TEXT NOT NULL,
  doctor_key TEXT,
  institution TEXT NOT NULL,
  kind TEXT NOT NULL,
  started_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  reason TEXT,
  title TEXT,
  attributes JSONB NOT NULL
);

CREATE UNLOGGED TABLE staging_diagnoses (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  patient_key TEXT NOT NULL,
  visit_key TEXT NOT NULL,
  system TEXT NOT NULL,
  code TEXT NOT NULL,
  text TEXT NOT NULL,
  onset DATE,
  abated DATE
);

CREATE UNLOGGED TABLE staging_prescriptions (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  patient_key TEXT NOT NULL,
  visit_key TEXT NOT NULL,
  state TEXT NOT NULL,
  starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ends_at TIMESTAMP WITH TIME ZONE,
  reason TEXT,
  system TEXT NOT NULL,
  code TEXT NOT NULL,
  text TEXT NOT NULL,
  dispenses INTEGER
);

CREATE UNLOGGED TABLE staging_observations (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  patient_key TEXT NOT NULL,
  visit_key TEXT,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  vital BOOLEAN NOT NULL,
  category TEXT NOT NULL,
  title TEXT NOT NULL,
  system TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  value_number NUMERIC,
  value_text TEXT,
  unit TEXT
);

CREATE UNLOGGED TABLE staging_rejects (
  batch UUID NOT NULL,
  line BIGINT NOT NULL,
  kind TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  reason TEXT NOT NULL
);

CREATE TABLE import_ledger (
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  patient_id UUID NOT NULL,
  id UUID NOT NULL,
  hash BYTEA,
  CONSTRAINT import_ledger_pk PRIMARY KEY (source, kind, key),
  CONSTRAINT import_ledger_kind_ck CHECK (kind IN ('patient', 'visit'))
);
