"""What is written of a finished run."""
