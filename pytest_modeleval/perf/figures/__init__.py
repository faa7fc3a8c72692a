"""From the records of a load to its figures."""
