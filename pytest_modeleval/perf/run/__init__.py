"""Load tests in a pytest session."""
