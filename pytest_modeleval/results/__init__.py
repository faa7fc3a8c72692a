"""From answers to outcomes, and the table of scores that they add up to."""
