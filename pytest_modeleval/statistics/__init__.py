"""Formulas over plain numbers: means and intervals, pairs of runs, evidence in sequence."""
