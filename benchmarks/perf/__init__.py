"""Load tests, run by a --perf-* flag alone."""
