"""The benchmark that is made of a user's file: what importing it as a module would give."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from pytest_modeleval.custom import calls, choice, qa, questions
from pytest_modeleval.custom.files import FORMATS, UserData, name_of
from pytest_modeleval.items.declare import Shots, benchmark
from pytest_modeleval.judging.types import Judge
from pytest_modeleval.options.options import Options
from pytest_modeleval.sample import Completion, Sample, SampleError
from pytest_modeleval.scorers.function_calls import FIGURES, call_score


def module_of(data: UserData, options: Options) -> ModuleType:
    """A module with the benchmark of a file or folder; `pytest.UsageError` for a metric that cannot be."""
    module = ModuleType(name_of(data.path), f"{data.path} as a benchmark")
    test = _test(data, options)
    setattr(module, test.__name__, test)
    return module


def _test(data: UserData, options: Options) -> Callable[..., Any]:
    form = FORMATS[data.format]
    if form is questions and not options.arena:
        raise pytest.UsageError(
            f"{data.path} has questions without answers, which nothing scores: add a column 'answer', or have a judge "
            "compare what several models answer, --eval-arena"
        )
    body = _calling() if form is calls else _choosing() if form is choice else _answering(options)
    body.__name__ = f"test_{name_of(data.path)}"
    shots = Shots(0, "dev") if data.solved else None
    figures = FIGURES if form is calls else {}
    return benchmark(data, form.to_sample, prompt=form.PROMPT, shots=shots, aggregates=figures)(body)


def _calling() -> Callable[..., Any]:
    """The body that scores calls of tools."""

    def body(sample: Sample, completion: Completion) -> None:
        assert call_score(sample, completion)

    return body


def _choosing() -> Callable[..., Any]:
    """The body that scores choices."""

    def body(sample: Sample, completion: Completion) -> None:
        assert choice.scored(sample, completion)

    return body


def _answering(options: Options) -> Callable[..., Any]:
    """The body that scores free answers by the metrics that the options name."""
    metrics = options.metric or ("exact", "f1")
    for name in metrics:
        try:
            # What a metric needs is missing before the first question, not after it.
            if name != qa.JUDGE:
                qa.METRICS[name]("a", ["a"])
        except SampleError as error:
            raise pytest.UsageError(f"metric {name!r} of [run]: {error}") from None
    pass_mark = 0.5 if options.pass_mark is None else options.pass_mark
    if qa.JUDGE in metrics:
        judged = qa.judged_by(metrics, pass_mark)

        async def with_judge(sample: Sample, completion: Completion, judge: Judge) -> None:
            assert await judged(sample, completion, judge)

        return with_judge
    scored = qa.scorer_of(metrics, pass_mark)

    def by_rule(sample: Sample, completion: Completion) -> None:
        assert scored(sample, completion)

    return by_rule
