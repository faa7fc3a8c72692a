"""What a conftest.py may implement."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_modeleval.models import Model
    from pytest_modeleval.models.spec import ModelSpec
    from pytest_modeleval.results.finished import FinishedRun, Writer
    from pytest_modeleval.sandbox.program import OpenSandbox


@pytest.hookspec(firstresult=True)
def pytest_modeleval_open_model(spec: "ModelSpec") -> "Model | None":
    """Open a model of an ``api`` of your own (`models.Model`); return None for every other.

    Its stored answers serve until the code that this function reaches changes.

    ::

        def pytest_modeleval_open_model(spec):
            if spec.api == "mine":
                return MyModel(spec.model, **spec.args)
    """


@pytest.hookspec(firstresult=True)
def pytest_modeleval_open_sandbox(kind: str) -> "OpenSandbox | None":
    """Open a sandbox of your own (`sandbox.program.OpenSandbox`), for ``--eval-sandbox KIND``; None for every other.

    ::

        def pytest_modeleval_open_sandbox(kind):
            if kind == "cluster":
                return ClusterSandbox()
    """


@pytest.hookspec
def pytest_modeleval_endings() -> "Mapping[str, Writer] | None":
    """What writes files of endings of your own, for ``--eval-write FILE``.

    ::

        def pytest_modeleval_endings():
            return {".xlsx": write_excel}  # write_excel(path, run), run a FinishedRun
    """


@pytest.hookspec
def pytest_modeleval_finished(run: "FinishedRun") -> None:
    """A run has ended, was judged and written: make what you want of it.

    ::

        def pytest_modeleval_finished(run):
            for row in run.rows:
                post(row.model, row.benchmark, row.score)

    Called once, in the process that all results reach, also for a run that was broken off (``run.ended``). What it
    raises fails the run in one line.
    """
