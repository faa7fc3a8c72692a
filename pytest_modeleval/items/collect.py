"""Declarations become parameters: which samples, under which ids, with which marks."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.hub import NoData
from pytest_modeleval.items.declare import Benchmark
from pytest_modeleval.items.draw import choose
from pytest_modeleval.items.named import Named, names_above
from pytest_modeleval.items.selection import could_select
from pytest_modeleval.items.settings import Setting, Settings, settings_of
from pytest_modeleval.items.shipped import own_settings, shipped_names, unknown_benchmark
from pytest_modeleval.items.source import Source
from pytest_modeleval.limits import used_up
from pytest_modeleval.models.spec import TINY, ModelSpec
from pytest_modeleval.names import ItemName, SampleName, id_part, versus
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import MARK, Options, closest, unknown
from pytest_modeleval.options.tables import WORDS
from pytest_modeleval.record import Labels

# What stands behind a benchmark's name in reports where its samples are battles.
ARENA = "arena"
# The id of the one parameter of a test whose samples are not selected.
_NOTHING = "not-selected"


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
    # What the sample is called in place of its row's number.
    id: str = ""
    # The model that the other one's answer is compared with, in a battle.
    against: ModelSpec | None = None

    @property
    def asked(self) -> str:
        """Who is asked, as ids and records name it: the model, or of a battle both, ``a-vs-b``."""
        return side(self.model, self.against)

    @property
    def models(self) -> list[ModelSpec]:
        """The models that are asked."""
        return [self.model] if self.against is None else [self.model, self.against]

    @property
    def name(self) -> SampleName:
        """What the sample is called within its benchmark."""
        return SampleName(self.subset, self.row, self.line, self.id)

    @property
    def item(self) -> ItemName:
        """What recorded answers call it: without the model, by the repeat where there are several."""
        repeat = self.repeat if self.source.repeats > 1 else None
        return ItemName(self.source.benchmark.name, self.name, repeat=repeat)

    @property
    def asks(self) -> dict[str, Any]:
        """Who asks, as a request says it."""
        item = self.item
        who = {"sample_id": str(item), "repeat": self.repeat, "anew": self.source.benchmark.probe}
        return {**who, "numbered": item.numbered} if item.numbered else who


def side(model: ModelSpec, against: ModelSpec | None) -> str:
    """What a model is called in ids and records, or two of them that meet in battles."""
    return model.name if against is None else versus(model.name, against.name)


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
    named: Named
    # What programs of samples import and their Python lacks, as a line; empty where it has all.
    lacking: Callable[[Iterable[SampleRef]], str]
    drawn: Drawn | None = None
    # The two models of each battle, in place of one that is asked alone.
    pairs: Sequence[tuple[ModelSpec, ModelSpec]] = ()
    error: pytest.UsageError | None = None
    sizes: dict[str, Mapping[str, int]] = field(default_factory=dict)
    without_data: dict[str, str] = field(default_factory=dict)
    without_judge: dict[str, str] = field(default_factory=dict)
    without_modules: dict[str, str] = field(default_factory=dict)
    _where: dict[str, str] = field(default_factory=dict)
    _own: dict[str, Mapping[str, Setting]] = field(default_factory=dict)

    def parametrize(self, metafunc: pytest.Metafunc, declared: Benchmark) -> None:
        """One parameter a sample; none when `-k` or `-m` cannot select any. Keeps the first user's error."""
        if "sample" not in metafunc.fixturenames:
            self.error = self.error or pytest.UsageError(
                f"{declared.where}: a benchmark's test takes `sample` or `completion` as an argument"
            )
            return
        params: list[Any] = []
        if self.error is not None:
            # Nothing will be asked, and a hub that does not answer takes seconds each time.
            metafunc.parametrize("sample", [pytest.param(None, id=_NOTHING)], indirect=True)
            return
        try:
            self._refuse_second(declared)
            if declared.probe and not self.named.is_itself(metafunc.definition, declared):
                self.named.names.add(declared.name)
            elif declared.probe and all(spec.model == str(TINY) for spec in self.models):
                raise pytest.UsageError(
                    f"{declared.name} looks at a server, and tiny, which only computes, is none: "
                    f"--model http://127.0.0.1:8000/v1 --eval {declared.name}"
                )
            elif self.drawn is not None and declared.name not in self.drawn.rows:
                skip = pytest.mark.skip(reason=f"the collection {self.drawn.name} asks none of its samples")
                params = [pytest.param(None, id="not-drawn", marks=skip)]
            else:
                params = self._params(metafunc, self.drawn.asked_of(declared) if self.drawn else declared)
        except _NoJudge as error:
            self.without_judge[declared.name] = str(error)
            params = self._left_out("no-judge", str(error))
        except _NoModules as error:
            self.without_modules[declared.name] = str(error)
            params = self._left_out("no-modules", str(error))
        except NoData as error:
            # What nobody named, neither it nor its tags, is left out in the open.
            if self.named.is_chosen(metafunc.definition, declared):
                self.error = self.error or pytest.UsageError(str(error))
            else:
                self.without_data[declared.name] = str(error)
                params = self._left_out("no-data", str(error))
        except pytest.UsageError as error:
            self.error = self.error or error
        except (OSError, MemoryError) as error:
            why = f"{declared.name}: cannot make its data ready: {error or type(error).__name__}"
            self.error = self.error or pytest.UsageError(why + used_up(self.lock.parent))
        metafunc.parametrize("sample", params or [pytest.param(None, id=_NOTHING)], indirect=True)

    def _left_out(self, what: str, why: str) -> list[Any]:
        """The parameter of a benchmark that nobody named and that cannot be asked; none beside what `-k` selects."""
        skip = pytest.mark.skip(reason=why)
        return [] if self.named.keywords or self.named.marks else [pytest.param(None, id=what, marks=skip)]

    def _lacks_judge(self, metafunc: pytest.Metafunc, declared: Benchmark) -> bool:
        """Whether a shipped benchmark that nobody named by its own name needs a judge, and there is none."""
        needs = {"judge", "judges"} & {*metafunc.fixturenames} and not declared.judging.optional
        is_named = f"test_{declared.name}" in self.named.words or self.named.is_itself(metafunc.definition, declared)
        return bool(needs) and "judge" not in self.options.roles and declared.name in shipped_names() and not is_named

    def refuse_empty(self, items: Sequence[pytest.Item], *, failed: bool = False) -> None:
        """Raise for a mistake found while collecting, or when `-k` and `-m` left nothing to ask."""
        if self.error is not None:
            raise self.error
        self._refuse_strange_tables()
        if not items and not failed and self._where and (self.named.keywords or self.named.marks):
            for left_out in (self.without_judge, self.without_data, self.without_modules):
                for why in left_out.values():
                    raise pytest.UsageError(why)
            self.named.refuse_unknown(self._where, self.sizes)

    def others_of(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """The samples that ``-k`` names for their subset's or tag's sake, by a word that is another benchmark's name.

        Of the shipped ones none was collected; which names a user's own have is known once all are.
        """
        found: dict[tuple[str, str], bool] = {}
        left = []
        for item in items:
            ref = selected(item)
            if ref is None or not (others := self.named.others(item, ref.source.benchmark, self._where)):
                continue
            key = ref.source.benchmark.name, ref.subset
            if key not in found:
                names = [node.name for node in item.listchain()[1:-1]] + [mark.name for mark in item.iter_markers()]
                found[key] = could_select(self.named.keywords, names, items=item.name, others=others)
            left += [] if found[key] else [item]
        return left

    def _refuse_strange_tables(self) -> None:
        """Raise for what is no benchmark but looks like one; a run need not look into all folders."""
        known = {*self._where, *shipped_names()}
        for where, names in (("the config", self.tables), ("show of [run]", self.options.show)):
            for name in names:
                if name not in known and closest(name, known, cutoff=0.8):
                    raise unknown(f"benchmark in {where}:", name, known)
        for name in self.options.set.get("benchmarks", {}):
            # Which is typed, and so about this run.
            if name not in known:
                raise unknown_benchmark("table in --eval-set:", name, known.union(WORDS))
        for name in {**self.tables, **self.options.set.get("benchmarks", {})}:
            # Those of benchmarks that this run does not ask were not read yet.
            own = self._own[name] if name in self._own else own_settings(name)
            settings_of(name, self.tables, self.options, own)

    def settings(self, declared: Benchmark) -> Settings:
        """The settings of a benchmark; `pytest.UsageError` for one that is not understood."""
        return settings_of(declared.name, self.tables, self.options, declared.settings)

    def _refuse_second(self, declared: Benchmark) -> None:
        self._own[declared.name] = declared.settings
        first = self._where.setdefault(declared.name, declared.where)
        if first != declared.where:
            raise pytest.UsageError(
                f"two benchmarks are called {declared.name!r}: {first} and {declared.where}; rename one"
            )

    def _params(self, metafunc: pytest.Metafunc, declared: Benchmark) -> list[Any]:
        named, test = self.named, metafunc.definition
        above, tags = names_above(test, declared)
        others = named.others(test, declared, self._where)
        more = _may_have_parameters(metafunc)
        subsets = {}
        parts = [*self.drawn.rows[declared.name]] if self.drawn else self.options.eval.get(declared.name, ())
        for subset, group in _parts(declared, parts, named.words).items():
            marks = [*declared.tags, *([group] if group else [])]
            named.names |= {declared.name, subset, *marks}
            named.tags |= {*marks}
            if could_select(named.marks, [*tags, *marks]) and any(
                could_select(
                    named.keywords,
                    [*above, *tags, *marks],
                    items=f"{test.name}[{first.start}",
                    others=others,
                    ids=declared.ids.get(subset, {}).values(),
                    more=more,
                )
                for first in (self._item(declared.name, *asked, subset) for asked in self._asked)
            ):
                subsets[subset] = marks
        if not subsets:
            return []
        _refuse_alike(declared, subsets)
        settings = self.settings(declared)
        if self.drawn and self.drawn.lines:
            settings = replace(settings, shots=None)
        for key, setting in declared.settings.items():
            if setting.needed and settings.own[key] is None:
                raise NoData(f"{declared.name} needs {setting.needed}: --eval-set {declared.name}.{key}=PATH")
        place = self.place(declared.name, chosen=named.is_chosen(test, declared))
        lacks_judge = self._lacks_judge(metafunc, declared)
        if lacks_judge and place.chosen:
            # Nothing is fetched for it.
            raise _NoJudge(declared)
        rows = declared.dataset.open(place, list(subsets), _examples(declared, settings))
        if lacks_judge:
            raise _NoJudge(declared)
        shown = declared.name in self.options.show
        source = Source(declared, rows, settings, self.options.seed, self.options.repeats, shown)
        params = self._params_of(source, subsets, metafunc.config)
        # Where it was named, the run ends with that before the first question.
        needs = declared.modules is not None and not place.chosen
        if needs and (why := self.lacking(param.values[0] for param in params)):
            raise _NoModules(why)
        return params

    def place(self, benchmark: str, *, chosen: bool) -> Place:
        """Where a benchmark's data may come from; from a hub only when it was chosen."""
        options = self.options
        folder = options.data / benchmark if options.data else None
        return Place(benchmark, folder, self.lock, options.hub, options.offline, chosen)

    @property
    def _asked(self) -> Sequence[tuple[ModelSpec, ModelSpec | None]]:
        """Who is asked by an item each: a model, or the two of a battle."""
        return self.pairs or [(model, None) for model in self.models]

    def _item(self, benchmark: str, model: ModelSpec, against: ModelSpec | None, subset: str) -> ItemName:
        """The name of a subset's first item."""
        sample = SampleName(subset, 0, bool(self.drawn and self.drawn.lines))
        return ItemName(benchmark, sample, side(model, against) if against or len(self.models) > 1 else "")

    def _params_of(self, source: Source, subsets: Mapping[str, Sequence[str]], config: pytest.Config) -> list[Any]:
        chosen = self._chosen(source, subsets)
        params = []
        for asked in self._asked:
            for subset, indexes in chosen.items():
                marks = [_mark(config, name) for name in subsets[subset]]
                first, ids = self._item(source.benchmark.name, *asked, subset), source.benchmark.ids.get(subset, {})
                start, line = first.start, first.sample.line
                for index, labels in indexes.items():
                    for repeat in range(self.options.repeats):
                        end = f"-r{repeat + 1}" if self.options.repeats > 1 else ""
                        own = ids.get(index, "")
                        ref = SampleRef(source, asked[0], subset, index, repeat, labels, line, own, asked[1])
                        name = f"{start[:-1]}:{own}" if own else f"{start}{index:05}"
                        params.append(pytest.param(ref, id=f"{name}{end}", marks=marks))
        # The battles over one sample follow each other, as they share its answers.
        places = {subset: place for place, subset in enumerate(chosen)}
        return sorted(params, key=lambda each: _place(each.values[0], places)) if self.pairs else params

    def _chosen(self, source: Source, subsets: Iterable[str]) -> Mapping[str, Mapping[int, Labels | None]]:
        """The rows to ask of each subset, with a collection's labels."""
        name, options = source.benchmark.name, self.options
        if self.drawn is not None:
            drawn = self.drawn.rows[name]
            return {subset: drawn[subset] for subset in subsets if subset in drawn}
        self.sizes[name] = {subset: source.rows.count(subset) for subset in subsets}
        rows = {subset: source.numbers(subset) for subset in subsets}
        if any(self.sizes[name].values()) and not any(map(len, rows.values())):
            said = ", ".join(f"{key} = {value}" for key, value in source.settings.own.items() if value is not None)
            raise pytest.UsageError(f"{name}: no row of {', '.join(rows)} is left by {said}")
        per_subset = options.limit_per_subset
        chosen = choose(rows, limit=options.limit, limit_per_subset=per_subset, seed=options.seed, name=name)
        return {subset: dict.fromkeys(indexes) for subset, indexes in chosen.items()}


def _place(ref: SampleRef, subsets: Mapping[str, int]) -> tuple[int, int, int]:
    return subsets[ref.subset], ref.row, ref.repeat


class _NoJudge(Exception):
    """A benchmark needs a judge, and is not asked for the lack of one."""

    def __init__(self, declared: Benchmark) -> None:
        super().__init__(f"{declared.name} needs a judge: --model judge=NAME")


class _NoModules(Exception):
    """The Python of a benchmark's programs lacks what they import."""


def _parts(declared: Benchmark, names: Sequence[str], words: Collection[str]) -> Mapping[str, str]:
    """The subsets, with their groups, that `--eval` names, or a word of ``-k`` by its whole name."""
    subsets = declared.dataset.subsets
    for name in names:
        if name not in subsets and name not in subsets.values():
            raise unknown(f"part of {declared.name} in --eval:", name, {*subsets, *subsets.values()} - {""})
    by_word = [] if names else [subset for subset in subsets if subset.lower() in words]
    return {**declared.parts(names), **declared.parts(by_word or names)}


def _refuse_alike(declared: Benchmark, subsets: Iterable[str]) -> None:
    """`pytest.UsageError` for subsets of one spelling, whose samples no id, baseline or history could tell apart."""
    spelt: dict[str, str] = {}
    for subset in subsets:
        if (other := spelt.setdefault(id_part(subset), subset)) != subset:
            raise pytest.UsageError(
                f"{declared.name}: the subsets {other!r} and {subset!r} are one in items' ids, {id_part(subset)}: "
                "rename one"
            )


def _examples(declared: Benchmark, settings: Settings) -> str | None:
    """The split that solved examples come from, when there are to be any."""
    if declared.shots is None or settings.shots == 0 or (settings.shots is None and declared.shots.number == 0):
        return None
    return declared.shots.split


def _may_have_parameters(metafunc: pytest.Metafunc) -> bool:
    """Whether a test may have parameters of the user's own, whose words stand in the items' ids."""
    made = metafunc._arg2fixturedefs
    own = {name for name, found in made.items() if found[-1].func.__module__ == "pytest_modeleval.fixtures"}
    arguments = metafunc.definition._fixtureinfo.argnames
    return not own.issuperset(arguments) or any(each.params for found in made.values() for each in found)


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


def stands_for_nothing(item: pytest.Item) -> bool:
    """Whether an item is there only because a test without any parameter would be skipped: nothing of it is asked."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("sample", item) is None and _NOTHING in callspec.id


def selected(item: pytest.Item) -> SampleRef | None:
    """Which sample an item asks, if it is a benchmark's."""
    callspec = getattr(item, "callspec", None)
    ref = callspec.params.get("sample") if callspec else None
    return ref if isinstance(ref, SampleRef) else None


def reported_name(item: pytest.Item, ref: SampleRef) -> str:
    """What an item's benchmark is called in reports: ``answers (strict)`` where a test has further parameters.

    What they make of one sample are scores of several things, which no mean joins.
    """
    name, further = ref.source.benchmark.name, ARENA if ref.against else further_parameters(item, ref)
    return f"{name} ({further})" if further else name


def further_parameters(item: pytest.Item, ref: SampleRef) -> str:
    """What an item's id says of parameters beside the sample; empty where there are none."""
    callspec = item.callspec  # type: ignore[attr-defined]
    # pytest-repeat's own parameter, which says how often, begins so.
    if sum(not parameter.startswith("__") for parameter in callspec.params) == 1:
        return ""
    before, _, after = str(callspec.id).partition(ref.item.id)
    before = before.removesuffix(f"{id_part(ref.model.name)}-").strip("-")
    return "-".join(part for part in (before, after.strip("-")) if part)
