"""What a pytest-xdist worker knows: its number, its share, the items it was given, its GPU."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import pytest


def worker_input(config: pytest.Config) -> Mapping[str, Any] | None:
    """What the controller told this worker; None when this process is no worker."""
    return getattr(config, "workerinput", None)


def is_controller(config: pytest.Config) -> bool:
    """Whether the tests run in other processes than this one."""
    return worker_input(config) is None and bool(getattr(config.option, "tx", None))


def stay_in_one_process(config: pytest.Config) -> None:
    """Start no workers, for what asks nothing; before xdist's own configuration."""
    config.option.dist, config.option.tx = "no", []


def each_worker_runs_all(config: pytest.Config) -> bool:
    """Whether every worker reports every item (``--dist each``)."""
    return getattr(config.option, "dist", "no") == "each"


def scheduler_of_groups(config: pytest.Config, log: Any, group: Callable[[str], object]) -> Any:
    """What sends items to workers as xdist does by itself, those of one group to the same one; None for another --dist.

    The items of a group follow each other. ``group`` tells an item's by its node id.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScheduling  # type: ignore[import-untyped]

    class InGroups(LoadScheduling):  # type: ignore[misc]
        def _send_tests(self, node: Any, num: int) -> None:
            behind = map(self.collection.__getitem__, islice(self.pending, max(0, num - 1), None))
            groups = map(group, behind if num > 0 else ())
            last = next(groups, None)
            super()._send_tests(node, num + sum(1 for _ in takewhile(lambda each: each == last, groups)))

    return InGroups(config, log)


def share(config: pytest.Config, concurrency: int | None) -> int | None:
    """This process's part of a fixed number of requests in flight."""
    worker = worker_input(config)
    if concurrency is None or worker is None:
        return concurrency
    return max(1, concurrency // int(worker["workercount"]))


def given_items(session: pytest.Session) -> list[pytest.Item]:
    """The items that wait for this process: all of the session, or what the controller has sent to this worker."""
    if worker_input(session.config) is None:
        return session.items
    with _queue(session) as numbers:
        return [session.items[number] for number in numbers if isinstance(number, int)]


def last_given(session: pytest.Session) -> object:
    """What this worker was sent last: another value where it was sent more, which costs nothing to see."""
    with _queue(session) as numbers:
        return numbers[-1] if numbers else None


@contextmanager
def _queue(session: pytest.Session) -> Iterator[Sequence[object]]:
    """The numbers of the items that wait for this worker."""
    for plugin in session.config.pluginmanager.get_plugins():
        # xdist has no hook that tells; its queue does.
        if type(plugin).__name__ == "WorkerInteractor":
            with plugin.torun.lock() as numbers:
                yield numbers
            return
    yield ()


def pin_gpu(config: pytest.Config) -> None:
    """Show worker k one GPU: number k, counted round, of those the caller can see; before torch is imported."""
    worker = worker_input(config)
    if worker is None:
        return
    gpus = visible_gpus(os.environ, Path("/dev"))
    if gpus:
        number = int(re.sub(r"\D", "", worker["workerid"]) or 0)
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]


def visible_gpus(environment: Mapping[str, str], devices: Path) -> Sequence[str]:
    """The caller's GPUs: its CUDA_VISIBLE_DEVICES where set, else every NVIDIA device of the machine."""
    listed = environment.get("CUDA_VISIBLE_DEVICES")
    if listed is not None:
        return [part.strip() for part in listed.split(",") if part.strip()]
    numbers = (re.fullmatch(r"nvidia(\d+)", path.name) for path in devices.glob("nvidia*"))
    return sorted((match[1] for match in numbers if match), key=int)
