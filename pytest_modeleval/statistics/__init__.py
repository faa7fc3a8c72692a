"""Formulas over plain numbers: values, means, intervals, pairs of runs, evidence in sequence, judges, ratings."""
