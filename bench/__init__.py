"""Measurements against a reference: `make bench AREA=learn`. What each figure means stands in docs/benchmarks.md."""
