"""What a run's end says of what its models thought."""

import contextlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from pytest_modeleval.foreign import harmless
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.models.spec import ModelSpec, read_aliases
from pytest_modeleval.options.sources import Settings
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.sample import StopRun
from pytest_modeleval.store.store import Store


def with_thinking(run: FinishedRun, specs: Sequence[ModelSpec], settings: Settings, store: Store) -> FinishedRun:
    """The run with the measures of thinking, where they are asked for, or with the line that tells of them.

    Without, where no answer has a thought, and where the store cannot be written: who writes files says so.
    """
    options = run.options
    if options.thinking == "off" or not run.rows:
        return run
    has_page = bool(options.report) or any(path.suffix == ".html" for path in options.write)
    with contextlib.suppress(StopRun):
        store.flush()
        stored = Run(run.id, run.began)
        with closing(Past(run.folder)) as past:
            thinkers = past.thinkers(stored)
        if not thinkers:
            return run
        if options.thinking == "on" or has_page:
            # Only a run that measures pays for reading these.
            from pytest_modeleval.thinking.measured import measured

            found = measured(run.folder, [stored], specs, read_aliases(settings.tables["models"]))
            return replace(run, sections=[*run.sections, found]) if found.levels else run
        names = ", ".join(map(harmless, thinkers))
        line = f"the answers of {names} have thoughts: modeleval thinking {stored.short} measures them"
        return replace(run, remarks=[*run.remarks, line])
    return run
