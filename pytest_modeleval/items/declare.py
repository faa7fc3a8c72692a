"""`@benchmark`: a test function becomes one item per row of a dataset."""

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

import pytest

from pytest_modeleval.datasets import Dataset, Row
from pytest_modeleval.items.prompts import Cloze
from pytest_modeleval.items.settings import Setting
from pytest_modeleval.judging.rubric import Judging
from pytest_modeleval.options.options import MARK
from pytest_modeleval.sample import Sample, Score
from pytest_modeleval.statistics.aggregates import Aggregate

# A scorer: the answer, the target and the options, and by keyword the metric's name.
Rule = Callable[..., Score]
Body = TypeVar("Body", bound=Callable[..., Any])
# How rows that are in a list are given.
_LISTED = 'rows of a list are generated(lambda subset, index: ROWS[index], {"main": len(ROWS)})'


@dataclass(frozen=True)
class Shots:
    """Solved examples for each prompt: ``number`` rows of ``split`` in the sample's own subset, without itself.

    Of the split they are the first ones, but for ``skipped`` rows at its beginning.
    """

    number: int
    split: str
    skipped: int = 0


@dataclass(frozen=True)
class Benchmark:
    """What `@benchmark` was told. ``body`` is the test function as it was written."""

    dataset: Dataset
    to_sample: Callable[[Row], Sample]
    prompt: str | None
    cloze: Cloze
    tags: Sequence[str]
    shots: Shots | None
    harmonic: Mapping[str, tuple[str, str]]
    aggregates: Mapping[str, Aggregate]
    rules: Mapping[str, Rule]
    protected: bool
    probe: bool
    judging: Judging
    body: Callable[..., Any]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    among: Callable[[str, Mapping[str, Any]], bool] | None = None
    modules: Callable[[Row], Collection[str]] | None = None
    install: str = ""

    @property
    def name(self) -> str:
        """The function's name without ``test_``."""
        return self.body.__name__.removeprefix("test_")

    @property
    def where(self) -> str:
        """The file and line of the function."""
        body = inspect.unwrap(self.body)
        return f"{inspect.getfile(body)}:{body.__code__.co_firstlineno}"

    @property
    def ids(self) -> Mapping[str, Mapping[int, str]]:
        """What samples are called for their ids, by subset and row: those of the user's own files alone."""
        ids: Mapping[str, Mapping[int, str]] = getattr(self.dataset, "ids", {})
        return ids

    def parts(self, names: Collection[str]) -> dict[str, str]:
        """The subsets, with their groups, that are named by their own name or their group's; those to ask for none."""
        subsets, unnamed = self.dataset.subsets, getattr(self.dataset, "unnamed", None)
        if not names and unnamed:
            return {unnamed: subsets[unnamed]}
        return {subset: group for subset, group in subsets.items() if not names or {subset, group} & {*names}}

    @functools.cached_property
    def is_async(self) -> bool:
        """Whether the body talks to the model itself."""
        return inspect.iscoroutinefunction(self.body)


def benchmark(
    dataset: Dataset,
    to_sample: Callable[[Row], Sample],
    *,
    prompt: str | None = None,
    cloze: Cloze = Cloze(),  # noqa: B008 - frozen
    tags: Sequence[str] = (),
    shots: Shots | None = None,
    harmonic: Mapping[str, tuple[str, str]] | None = None,
    aggregates: Mapping[str, Aggregate] | None = None,
    rules: Mapping[str, Rule] | None = None,
    protected: bool = False,
    probe: bool = False,
    judging: Judging = Judging(),  # noqa: B008 - frozen
    settings: Mapping[str, Setting] | None = None,
    among: Callable[[str, Mapping[str, Any]], bool] | None = None,
    modules: Callable[[Row], Collection[str]] | None = None,
    install: str = "",
) -> Callable[[Body], Body]:
    """A decorator for a test of one sample: ``(sample, completion)``, or async ``(sample, model)``.

    ``to_sample`` makes the question of a row; where its prompt is fields, they fill the template ``prompt``.
    ``cloze`` is how its options are weighed where log-likelihoods choose. ``tags`` become marks, so that ``-m`` and
    ``-k`` select by them. ``harmonic`` names metrics that are the harmonic mean of two others' means, such as an F1
    of two accuracies; ``aggregates`` those that are made of the samples' scores in another way (`Aggregate`): by a
    score's own name one stands in the place of its mean. ``rules`` are the scorers that a user may choose from by name,
    the first one unless the config says ``rule = "…"``; the test takes the chosen one as the argument ``rule``.
    ``protected`` is for a benchmark whose authors ask not to show its questions: reports have its samples' ids and
    verdicts only, unless ``show`` of [run] names it. A ``probe`` is for a check of a server rather than of a model: it
    is asked where it is named, never as one of all, and always anew. ``judging`` says how a
    judge is asked, where the test takes one. ``settings`` are those that it takes beside the ones of all benchmarks;
    ``among`` says of a row, by its value of the dataset's ``column`` and the settings, whether it is asked at all.
    ``modules`` names what programs of a row's import: where the sandbox's Python lacks any, nothing is asked, and the
    command ``install`` is told.
    Raises `TypeError` for rows that are no dataset, or have no such column.
    """
    if not hasattr(dataset, "subsets"):
        kind = type(dataset).__name__
        raise TypeError(f"@benchmark takes the rows of hub(…) or generated(…) first, not a {kind}; {_LISTED}")
    if among is not None and not getattr(dataset, "column", None):
        raise TypeError("@benchmark(…, among=…) chooses rows by the column that hub(…, column=NAME) names")

    def decorate(body: Body) -> Body:
        declared = Benchmark(
            dataset,
            to_sample,
            prompt,
            cloze,
            tuple(tags),
            shots,
            harmonic or {},
            aggregates or {},
            rules or {},
            protected,
            probe,
            judging,
            body,
            settings or {},
            among,
            modules,
            install,
        )
        test: Callable[..., Any] = body
        if declared.is_async:
            # A plain function with the body's name and arguments, so that no other plugin for async tests claims it.
            @functools.wraps(body)
            def test(**_: object) -> None:
                raise RuntimeError(f"{declared.name} runs under pytest with the modeleval plugin only")

        marked = getattr(pytest.mark, MARK)(declared)(test)
        return marked  # type: ignore[no-any-return]

    return decorate


def declared_in(module: ModuleType) -> dict[str, Benchmark]:
    """The benchmarks of an imported test file, by name."""
    marks = (mark for value in vars(module).values() for mark in getattr(value, "pytestmark", ()))
    found = [mark.args[0] for mark in marks if getattr(mark, "name", "") == MARK and mark.args]
    return {declared.name: declared for declared in found if isinstance(declared, Benchmark)}
