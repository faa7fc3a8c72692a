"""What a bare `pytest .` does not look into. Nothing else: it is also read when benchmarks run out of a checkout."""

collect_ignore = ["bench", "build", "scripts"]
