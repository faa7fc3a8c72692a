"""Formulas over plain numbers: what values are, means and intervals, pairs of runs, evidence in sequence."""
