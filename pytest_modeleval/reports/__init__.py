"""What people and programs see of a run, one module an output."""
