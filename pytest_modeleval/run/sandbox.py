"""Where a run's programs run: opened before the first question, where a test takes it."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pluggy
import pytest

from pytest_modeleval.asking.given import own_names
from pytest_modeleval.asking.programs import KeptSandbox
from pytest_modeleval.sandbox.kinds import open_sandbox
from pytest_modeleval.store.store import Store


def sandbox_of_run(items: Iterable[pytest.Item], kind: str, hook: pluggy.HookRelay, store: Store) -> KeptSandbox | None:
    """The sandbox, tried out; None where no item takes it. `pytest.UsageError` where it cannot be had."""
    if not any("sandbox" in own_names(item) for item in items):
        return None
    # In a thread: a loop of pytest's own process may be somebody's.
    with ThreadPoolExecutor(1) as aside:
        return KeptSandbox(aside.submit(asyncio.run, open_sandbox(kind, hook)).result(), store)
