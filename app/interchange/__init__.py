"""Readers and writers at the border: course packages, GIFT questions."""
