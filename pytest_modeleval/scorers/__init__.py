"""Pure functions that judge an answer; one module a way of judging."""
