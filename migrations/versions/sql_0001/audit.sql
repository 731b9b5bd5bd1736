-- Audit: seals over the acts, and who may read them.

CREATE SCHEMA audit AUTHORIZATION k_owner;
