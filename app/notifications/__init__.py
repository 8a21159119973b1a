"""Telling people things, once: the bell, mail through an outbox, reminders that respect working hours."""
