"""Collections: a weighted and labelled selection of several benchmarks' samples."""
