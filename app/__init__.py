"""Gurindam, split by feature; imports point one way only (see docs/architecture.md)."""
