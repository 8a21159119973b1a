"""Polls: one answer, several, a scale or a quiz; hidden from the audience until they are closed, and exact."""
