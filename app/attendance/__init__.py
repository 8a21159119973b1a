"""Attendance that counts: the ledger of who was in the room when, check-ins, what a webinar's conditions make of it, JP, appeals, the
report."""
