"""The benchmark that is made of a user's file: what importing it as a module would give."""

from collections.abc import Callable
from types import ModuleType

import pytest

from pytest_modeleval.custom import choice, qa
from pytest_modeleval.custom.files import UserData, name_of
from pytest_modeleval.items.declare import Shots, benchmark
from pytest_modeleval.options.options import Options
from pytest_modeleval.sample import Completion, Sample, SampleError, Score


def module_of(data: UserData, options: Options) -> ModuleType:
    """A module with the benchmark of a file or folder; `pytest.UsageError` for a metric that cannot be."""
    module = ModuleType(name_of(data.path), f"{data.path} as a benchmark")
    test = _test(data, options)
    setattr(module, test.__name__, test)
    return module


def _test(data: UserData, options: Options) -> Callable[[Sample, Completion], None]:
    form = choice if data.format == "choice" else qa
    scored = choice.scored if form is choice else _scorer(options)

    def body(sample: Sample, completion: Completion) -> None:
        assert scored(sample, completion)

    body.__name__ = f"test_{name_of(data.path)}"
    shots = Shots(0, "dev") if data.solved else None
    return benchmark(data, form.to_sample, prompt=form.PROMPT, shots=shots)(body)


def _scorer(options: Options) -> Callable[[Sample, Completion], Score]:
    metrics = options.metric or ("exact", "f1")
    for name in metrics:
        try:
            # What a metric needs is missing before the first question, not after it.
            qa.METRICS[name]("a", ["a"])
        except SampleError as error:
            raise pytest.UsageError(f"metric {name!r} of [run]: {error}") from None
    return qa.scorer_of(metrics, 0.5 if options.pass_mark is None else options.pass_mark)
