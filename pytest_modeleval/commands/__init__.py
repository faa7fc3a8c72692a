"""`modeleval`: what asks no model, each command a module."""
