"""What is answered out of the run store, without a model and without a run."""

from contextlib import closing

import pytest

from pytest_modeleval.config import project_root
from pytest_modeleval.history.past import Past
from pytest_modeleval.reports.history import history


def answer(config: pytest.Config) -> int:
    """Print what --eval-history asks for; the exit status."""
    every = config.option.verbose > 0
    with closing(Past(project_root(config.invocation_params.dir) / ".modeleval")) as past:
        lines = history(past, config.option.modeleval_history, every=every)
    print("\n".join(lines))
    return int(pytest.ExitCode.OK)
