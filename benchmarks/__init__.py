"""mintonce measured beside something else in the same run: ``python -m benchmarks``."""
