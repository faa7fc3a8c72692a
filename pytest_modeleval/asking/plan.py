"""What a run would take and what it could see, before it asks anything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_modeleval.asking.asker import Asker
from pytest_modeleval.asking.spending import dollars, most_completion_tokens, prompt_bytes
from pytest_modeleval.asking.trial import first_request
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.judging.settings import RULE, JudgeSettings
from pytest_modeleval.models.counting import token_counter
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Request
from pytest_modeleval.sample import SampleError
from pytest_modeleval.statistics.paired import detectable_drop
from pytest_modeleval.store.store import Store

# The share of samples on which two runs are taken to differ where no baseline tells.
ASSUMED = 0.1
# What a token is where there is no tokenizer; English text has about four bytes a token.
_BYTES = 4


@dataclass
class Line:
    """One model and benchmark of a plan; tokens and dollars are those of the items whose answers are not stored.

    ``counted``: the tokenizer told the prompt's tokens. ``learnt``: earlier answers told the completion's, else it is
    the most that there may be; None when nothing bounds them. ``differ``: the share of samples on which two runs do.
    """

    model: str
    benchmark: str
    items: int = 0
    stored: int = 0
    unreadable: int = 0
    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    dollars: float | None = None
    counted: bool = True
    learnt: bool = True
    differ: float = ASSUMED
    assumed: bool = True
    samples: set[tuple[str, int]] = field(default_factory=set)
    # The requests that are to be paid, and those of them that generate.
    asked: int = 0
    generate: int = 0

    @property
    def drop(self) -> float | None:
        """The smallest drop that so many samples see with 80% power at 5%."""
        return detectable_drop(len(self.samples), self.differ, alpha=0.05) if self.samples else None


class Planner:
    """Makes the plan of one run, item by item."""

    def __init__(
        self,
        store: Store,
        askers: Mapping[str, Asker],
        discordance: Callable[[str], float | None],
        judges: JudgeSettings,
    ) -> None:
        self._store, self._askers, self._discordance, self._judges = store, askers, discordance, judges
        self._counters: dict[str, Callable[[Request], int] | None] = {}
        self._lines: dict[tuple[str, str], Line] = {}
        self._seen: set[str] = set()
        self._fought: set[tuple[str, str, str, int, int]] = set()
        self._roles: dict[tuple[str, str], Line] = {}

    def add(self, ref: SampleRef, roles: Mapping[str, Sequence[ModelSpec]]) -> None:
        """Count one item, whose body also asks the models in its ``roles``: what, nobody knows before.

        A judge is asked as often as its benchmark says (`Judging`), by all orders and repeats.
        """
        name = ref.source.benchmark.name
        for role, specs in roles.items():
            for spec in specs:
                if spec.way.is_votes:
                    continue
                line = self._roles.get((spec.name, name)) or self._begin_role(spec, name)
                line.items += 1
                line.asked += self._calls(ref) if role == "judge" else 1
        for spec in ref.models:
            # A model is asked once for all its battles over a sample.
            once = (spec.name, name, ref.subset, ref.row, ref.repeat)
            if ref.against is None or once not in self._fought:
                self._fought.add(once)
                self._add(ref, spec)

    def _add(self, ref: SampleRef, spec: ModelSpec) -> None:
        """Count what one model is asked for an item."""
        name = ref.source.benchmark.name
        line = self._lines.get((spec.name, name)) or self._begin(spec.name, name)
        line.items += 1
        line.samples.add((ref.subset, ref.row))
        asker = self._askers[spec.name]
        try:
            request = first_request(ref.source.sample(ref.subset, ref.row), ref._replace(model=spec))
            tokens, key = self._tokens(spec, request), asker.key(request)
        except SampleError:
            line.unreadable += 1
            return
        if asker.knows(request) or key in self._seen:
            line.stored += 1
            return
        # Repeats share the answer to what does not vary.
        self._seen |= set() if request.varies else {key}
        line.asked += 1
        line.generate += request.varies
        line.prompt_tokens += tokens

    def lines(self, models: Iterable[ModelSpec]) -> Sequence[Line]:
        """The plan."""
        specs = {spec.name: spec for spec in models}
        for line in self._lines.values():
            self._complete(line, specs[line.model])
        for line in self._roles.values():
            self._learn(line, specs[line.model])
        return [*self._lines.values(), *self._roles.values()]

    def _calls(self, ref: SampleRef) -> int:
        """How often each judge is asked about a sample; 0 for one that cannot be read."""
        judging, settings = ref.source.benchmark.judging, self._judges
        if settings.strategy == RULE:
            return 0
        try:
            calls = judging.calls_of(ref.source.sample(ref.subset, ref.row))
        except SampleError:
            return 0
        return calls * settings.repeats * (2 if judging.pairs and settings.swap != "off" else 1)

    def _begin(self, model: str, benchmark: str) -> Line:
        line = self._lines[model, benchmark] = Line(model, benchmark)
        discordance = self._discordance(benchmark)
        line.assumed = discordance is None
        line.differ = ASSUMED if discordance is None else discordance
        return line

    def _begin_role(self, spec: ModelSpec, name: str) -> Line:
        line = self._roles[spec.name, name] = Line(spec.name, name, counted=False)
        return line

    def _learn(self, line: Line, spec: ModelSpec) -> None:
        """Take a role's tokens from what earlier runs of the benchmark asked of its model.

        A run with more repeats than those asks more of it for an item; a body may ask more than its benchmark says.
        """
        items, answers, *tokens = self._store.tokens_in_role(line.model, line.benchmark)
        line.learnt, line.completion_tokens = items > 0, None
        if not items:
            return
        times = max(line.items / items, line.asked / answers) if line.asked else 0
        line.prompt_tokens, line.completion_tokens = (round(times * each) for each in tokens)
        if spec.price:
            line.dollars = dollars(spec, line.prompt_tokens, line.completion_tokens)

    def _tokens(self, spec: ModelSpec, request: Request) -> int:
        if spec.name not in self._counters:
            self._counters[spec.name] = token_counter(spec)
        counter = self._counters[spec.name]
        return prompt_bytes(request) // _BYTES if counter is None else counter(request)

    def _complete(self, line: Line, spec: ModelSpec) -> None:
        mean = self._store.mean_completion_tokens(line.model, line.benchmark)
        each = mean if mean is not None else most_completion_tokens(spec, spec.generation)
        line.learnt = mean is not None
        line.counted = self._counters.get(line.model) is not None
        line.completion_tokens = round(line.generate * each) if each is not None else None if line.generate else 0
        if spec.price and line.completion_tokens is not None:
            line.dollars = dollars(spec, line.prompt_tokens, line.completion_tokens)


def summed(lines: Sequence[Line]) -> Line:
    """The plan's last line; its drop is what all samples together could see."""
    total = Line("all", "")
    for line in lines:
        total.items += line.items
        total.stored += line.stored
        total.asked += line.asked
        total.unreadable += line.unreadable
        total.prompt_tokens += line.prompt_tokens
        total.samples |= {(f"{line.model} {line.benchmark} {subset}", row) for subset, row in line.samples}
    completions = [line.completion_tokens for line in lines]
    dollars = [line.dollars for line in lines]
    total.completion_tokens = None if None in completions else sum(filter(None, completions))
    total.dollars = None if None in dollars else sum(filter(None, dollars))
    total.counted = all(line.counted for line in lines)
    total.learnt = all(line.learnt for line in lines)
    total.assumed = any(line.assumed for line in lines)
    total.differ = sum(line.differ * len(line.samples) for line in lines) / max(1, len(total.samples))
    return total
