-- Charts: leases, care relations, break-glass; policies on what is read by key.

CREATE SCHEMA charts AUTHORIZATION k_owner;
