"""Something to look at and to measure on: the demo accounts, and a believable city of ASN."""
