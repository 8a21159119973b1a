"""Proofs too long for `make test`: `make proof AREA=learn`. Each prints one line: what, how much, held or BROKEN."""
