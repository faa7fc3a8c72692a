"""A user's own files as benchmarks: one module a format, then reading, checking and collecting them."""
