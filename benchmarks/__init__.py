"""The shipped benchmarks, one file each; installed as pytest_modeleval.benchmarks."""
