"""People and where they belong: accounts and sign-in, roles and how far they reach, the organization's units, civil servants (ASN)."""
