"""Declarations become parameters: which samples, under which ids, with which marks."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.hub import NoData
from pytest_modeleval.items.declare import Benchmark
from pytest_modeleval.items.draw import choose
from pytest_modeleval.items.selection import could_select
from pytest_modeleval.items.settings import Settings, settings_of
from pytest_modeleval.items.shipped import shipped_names, unknown_benchmark
from pytest_modeleval.items.source import Source
from pytest_modeleval.limits import used_up
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import ItemName, SampleName, id_part
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import MARK, Options, closest, unknown
from pytest_modeleval.record import Labels


class SampleRef(NamedTuple):
    """The parameter of an item: which row is asked of which model, for the how-manieth time. Opens nothing."""

    source: Source
    model: ModelSpec
    subset: str
    row: int
    repeat: int
    labels: Labels | None = None
    # A published collection's line, and not the dataset's row of that number.
    line: bool = False

    @property
    def name(self) -> SampleName:
        """What the sample is called within its benchmark."""
        return SampleName(self.subset, self.row, self.line)

    @property
    def item(self) -> ItemName:
        """What recorded answers call it: without the model, by the repeat where there are several."""
        repeat = self.repeat if self.source.repeats > 1 else None
        return ItemName(self.source.benchmark.name, self.name, repeat=repeat)


class Drawn(Protocol):
    """A collection's rows, by benchmark and subset, with their labels; ``lines`` where it holds the samples itself."""

    @property
    def name(self) -> str:
        """What the collection is called."""

    @property
    def rows(self) -> Mapping[str, Mapping[str, Mapping[int, Labels]]]:
        """The rows to ask."""

    @property
    def asked(self) -> int:
        """How many rows are asked."""

    @property
    def available(self) -> int:
        """Of how many they were drawn."""

    @property
    def not_run(self) -> Mapping[str, int]:
        """The lines of benchmarks that are not here, counted."""

    @property
    def lines(self) -> object | None:
        """The file of its lines."""

    def asked_of(self, declared: Benchmark) -> Benchmark:
        """The benchmark as it is run."""


@dataclass
class Collector:
    """Parametrizes the benchmark tests of one session."""

    options: Options
    models: Sequence[ModelSpec]
    tables: Mapping[str, Table]
    lock: Path
    keywords: str
    marks: str
    typed: bool
    drawn: Drawn | None = None
    error: pytest.UsageError | None = None
    names: set[str] = field(default_factory=set)
    sizes: dict[str, Mapping[str, int]] = field(default_factory=dict)
    without_data: dict[str, str] = field(default_factory=dict)
    _where: dict[str, str] = field(default_factory=dict)

    def parametrize(self, metafunc: pytest.Metafunc, declared: Benchmark) -> None:
        """One parameter a sample; none when `-k` or `-m` cannot select any. Keeps the first user's error."""
        if "sample" not in metafunc.fixturenames:
            self.error = self.error or pytest.UsageError(
                f"{declared.where}: a benchmark's test takes `sample` or `completion` as an argument"
            )
            return
        params: list[Any] = []
        try:
            self._refuse_second(declared)
            if self.drawn is not None and declared.name not in self.drawn.rows:
                skip = pytest.mark.skip(reason=f"the collection {self.drawn.name} asks none of its samples")
                params = [pytest.param(None, id="not-drawn", marks=skip)]
            else:
                params = self._params(metafunc, self.drawn.asked_of(declared) if self.drawn else declared)
        except NoData as error:
            # What nobody named, neither it nor its tags, is left out in the open.
            if self._is_chosen(metafunc, declared):
                self.error = self.error or pytest.UsageError(str(error))
            else:
                self.without_data[declared.name] = str(error)
                skip = pytest.mark.skip(reason=str(error))
                params = [pytest.param(None, id="no-data", marks=skip)]
        except pytest.UsageError as error:
            self.error = self.error or error
        except (OSError, MemoryError) as error:
            why = f"{declared.name}: cannot make its data ready: {error or type(error).__name__}"
            self.error = self.error or pytest.UsageError(why + used_up(self.lock.parent))
        metafunc.parametrize("sample", params, indirect=True)

    def refuse_empty(self, items: Sequence[pytest.Item], *, failed: bool = False) -> None:
        """Raise for a mistake found while collecting, or when `-k` and `-m` left nothing to ask."""
        if self.error is not None:
            raise self.error
        self._refuse_strange_tables()
        if not items and not failed and self._where and (self.keywords or self.marks):
            flag, expression = ("-k", self.keywords) if self.keywords else ("-m", self.marks)
            for why in self.without_data.values():
                raise pytest.UsageError(why)
            words = words_of(expression)
            strange = [w for w in words if not any(w.lower() in f"test_{name.lower()}" for name in self.names)]
            if strange:
                what = f"benchmark, subset or tag in {flag} {expression!r}:"
                raise unknown_benchmark(what, strange[0], self._hints(), unlisted=self.names)

    def others_of(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """The samples that ``-k`` names for their subset's or tag's sake, by a word that is another benchmark's name.

        Of the shipped ones none was collected; which names a user's own have is known once all are.
        """
        found: dict[tuple[str, str], bool] = {}
        left = []
        for item in items:
            ref = selected(item)
            if ref is None or not (others := self._others(item, ref.source.benchmark)):
                continue
            key = ref.source.benchmark.name, ref.subset
            if key not in found:
                names = [node.name for node in item.listchain()[1:-1]] + [mark.name for mark in item.iter_markers()]
                found[key] = could_select(self.keywords, names, items=item.name, others=others)
            left += [] if found[key] else [item]
        return left

    def _others(self, item: pytest.Item, declared: Benchmark) -> set[str]:
        """The words of ``-k`` that are other benchmarks' names, and mean those alone unless this one is named too."""
        words = {word.lower() for word in words_of(self.keywords)}
        if not words or declared.name.lower() in words or item.session.isinitpath(item.path):
            return set()
        return words & {name.lower() for name in (*shipped_names(), *self._where)}

    def _refuse_strange_tables(self) -> None:
        """Raise for what is no benchmark but looks like one; a run need not look into all folders."""
        known = {*self._where, *shipped_names()}
        for where, names in (("the config", self.tables), ("--eval-show", self.options.show)):
            for name in names:
                if name not in known and closest(name, known, cutoff=0.8):
                    raise unknown(f"benchmark in {where}:", name, known)

    def _hints(self) -> list[str]:
        return sorted(self.names) if len(self.names) <= 40 else sorted(self._where)

    def _refuse_second(self, declared: Benchmark) -> None:
        first = self._where.setdefault(declared.name, declared.where)
        if first != declared.where:
            raise pytest.UsageError(
                f"two benchmarks are called {declared.name!r}: {first} and {declared.where}; rename one"
            )

    def _is_chosen(self, metafunc: pytest.Metafunc, declared: Benchmark) -> bool:
        """Whether the user named the benchmark: by path, collection, or a word of `-k` or `-m` that it answers to.

        One that is only selected by the name of a subset (`-k arithmetic` is also a part of one of BBH's) is not.
        """
        if self.typed or declared.name in self.options.eval or self.options.collection is not None:
            return True
        above, tags = _names_above(metafunc, declared)
        named = [name.lower() for name in (*above, *tags[1:])]
        return any(word.lower() in name for word in words_of(self.keywords) for name in named) or any(
            word in tags[1:] for word in words_of(self.marks)
        )

    def _params(self, metafunc: pytest.Metafunc, declared: Benchmark) -> list[Any]:
        above, tags = _names_above(metafunc, declared)
        self.names |= {declared.name, *declared.tags}
        others = self._others(metafunc.definition, declared)
        subsets = {}
        for subset, group in _parts(declared, self.options.eval.get(declared.name, ())).items():
            marks = [*declared.tags, *([group] if group else [])]
            self.names |= {subset, *marks}
            if could_select(self.marks, [*tags, *marks]) and any(
                could_select(
                    self.keywords, [*above, *tags, *marks], items=f"{metafunc.definition.name}[{start}", others=others
                )
                for start in (self._item(declared.name, model, subset).start for model in self.models)
            ):
                subsets[subset] = marks
        if not subsets:
            return []
        _refuse_alike(declared, subsets)
        settings = settings_of(declared.name, self.tables, self.options)
        if self.drawn and self.drawn.lines:
            settings = replace(settings, shots=None)
        place = self.place(declared.name, chosen=self._is_chosen(metafunc, declared))
        rows = declared.dataset.open(place, list(subsets), _examples(declared, settings))
        return self._params_of(
            Source(
                declared,
                rows,
                settings,
                self.options.seed,
                self.options.repeats,
                declared.name in self.options.show,
            ),
            subsets,
            metafunc.config,
        )

    def place(self, benchmark: str, *, chosen: bool) -> Place:
        """Where a benchmark's data may come from; from a hub only when it was chosen."""
        options = self.options
        folder = options.data / benchmark if options.data else None
        return Place(benchmark, folder, self.lock, options.hub, options.offline, chosen)

    def _item(self, benchmark: str, model: ModelSpec, subset: str) -> ItemName:
        """The name of a subset's first item."""
        sample = SampleName(subset, 0, bool(self.drawn and self.drawn.lines))
        return ItemName(benchmark, sample, model.name if len(self.models) > 1 else "")

    def _params_of(self, source: Source, subsets: Mapping[str, Sequence[str]], config: pytest.Config) -> list[Any]:
        chosen = self._chosen(source, subsets)
        params = []
        for model in self.models:
            for subset, indexes in chosen.items():
                marks = [_mark(config, name) for name in subsets[subset]]
                first = self._item(source.benchmark.name, model, subset)
                start, line = first.start, first.sample.line
                for index, labels in indexes.items():
                    for repeat in range(self.options.repeats):
                        end = f"-r{repeat + 1}" if self.options.repeats > 1 else ""
                        ref = SampleRef(source, model, subset, index, repeat, labels, line)
                        params.append(pytest.param(ref, id=f"{start}{index:05}{end}", marks=marks))
        return params

    def _chosen(self, source: Source, subsets: Iterable[str]) -> Mapping[str, Mapping[int, Labels | None]]:
        """The rows to ask of each subset, with a collection's labels."""
        name, options = source.benchmark.name, self.options
        if self.drawn is not None:
            drawn = self.drawn.rows[name]
            return {subset: drawn[subset] for subset in subsets if subset in drawn}
        sizes = self.sizes[name] = {subset: source.rows.count(subset) for subset in subsets}
        per_subset = options.limit_per_subset
        chosen = choose(sizes, limit=options.limit, limit_per_subset=per_subset, seed=options.seed, name=name)
        return {subset: dict.fromkeys(indexes) for subset, indexes in chosen.items()}


def _names_above(metafunc: pytest.Metafunc, declared: Benchmark) -> tuple[list[str], list[str]]:
    """What pytest's own -k looks at beside an item's name and marks, as its `KeywordMatcher.from_item`; its marks.

    Those are the names above it, but the session's and the root folder's, and what was added as a keyword to any.
    """
    above = {
        node.name
        for node in metafunc.definition.listchain()
        if not isinstance(node, pytest.Session)
        and not (isinstance(node, pytest.Directory) and isinstance(node.parent, pytest.Session))
    }
    above |= metafunc.definition.listextrakeywords() | (metafunc.function.__dict__.keys() - {"pytestmark"})
    return sorted(above), [MARK, *declared.tags, *(mark.name for mark in metafunc.definition.iter_markers())]


def _parts(declared: Benchmark, names: Sequence[str]) -> Mapping[str, str]:
    """The subsets, with their groups, that `--eval` names by their own name or their group's; all for none."""
    subsets = declared.dataset.subsets
    for name in names:
        if name not in subsets and name not in subsets.values():
            raise unknown(f"part of {declared.name} in --eval:", name, {*subsets, *subsets.values()} - {""})
    return {subset: group for subset, group in subsets.items() if not names or {subset, group} & {*names}}


def _refuse_alike(declared: Benchmark, subsets: Iterable[str]) -> None:
    """`pytest.UsageError` for subsets of one spelling, whose samples no id, baseline or history could tell apart."""
    spelt: dict[str, str] = {}
    for subset in subsets:
        if (other := spelt.setdefault(id_part(subset), subset)) != subset:
            raise pytest.UsageError(
                f"{declared.name}: the subsets {other!r} and {subset!r} are one in items' ids, {id_part(subset)}: "
                "rename one"
            )


def words_of(expression: str) -> list[str]:
    """The names in an expression of `-k` or `-m`."""
    return [word for word in re.findall(r"[\w.\-]+", expression) if word not in ("and", "or", "not")]


def _examples(declared: Benchmark, settings: Settings) -> str | None:
    """The split that solved examples come from, when there are to be any."""
    if declared.shots is None or settings.shots == 0 or (settings.shots is None and declared.shots.number == 0):
        return None
    return declared.shots.split


def _mark(config: pytest.Config, name: str) -> pytest.MarkDecorator:
    """The mark of a tag or group; declared first, so that --strict-markers knows it."""
    config.addinivalue_line("markers", f"{name}: benchmarks tagged {name}")
    mark: pytest.MarkDecorator = getattr(pytest.mark, name)
    return mark


def declaration(item: pytest.Item | pytest.Metafunc) -> Benchmark | None:
    """What `@benchmark` said of this test, if it did."""
    node: Any = item.definition if isinstance(item, pytest.Metafunc) else item
    mark = node.get_closest_marker(MARK)
    return mark.args[0] if mark and mark.args and isinstance(mark.args[0], Benchmark) else None


def selected(item: pytest.Item) -> SampleRef | None:
    """Which sample an item asks, if it is a benchmark's."""
    callspec = getattr(item, "callspec", None)
    ref = callspec.params.get("sample") if callspec else None
    return ref if isinstance(ref, SampleRef) else None


def reported_name(item: pytest.Item, ref: SampleRef) -> str:
    """What an item's benchmark is called in reports: ``answers (strict)`` where a test has further parameters.

    What they make of one sample are scores of several things, which no mean joins.
    """
    name, callspec = ref.source.benchmark.name, item.callspec  # type: ignore[attr-defined]
    if len(callspec.params) == 1:
        return name
    before, _, after = str(callspec.id).partition(ref.item.id)
    before = before.removesuffix(f"{id_part(ref.model.name)}-").strip("-")
    further = "-".join(part for part in (before, after.strip("-")) if part)
    return f"{name} ({further})" if further else name
