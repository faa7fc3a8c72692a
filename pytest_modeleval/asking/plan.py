"""What a run would take and what it could see, before it asks anything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_modeleval.asking.asker import Askers
from pytest_modeleval.asking.rehearsal import Rehearsal
from pytest_modeleval.asking.spending import dollars, most_completion_tokens, prompt_bytes
from pytest_modeleval.asking.thoughts import AboutThought
from pytest_modeleval.asking.trial import first_request
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.judging.settings import RULE
from pytest_modeleval.judging.verdict import OF_THOUGHTS
from pytest_modeleval.models.counting import token_counter
from pytest_modeleval.models.sent import as_sent
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Request
from pytest_modeleval.sample import NotAsked, SampleError
from pytest_modeleval.statistics.paired import detectable_drop
from pytest_modeleval.store.store import Store

# The share of samples on which two runs are taken to differ where no baseline tells.
ASSUMED = 0.1
# What a token is where there is no tokenizer; English text has about four bytes a token.
_BYTES = 4


@dataclass
class Line:
    """One model and benchmark of a plan; tokens and dollars are those of the items whose answers are not stored.

    Of a judge ``stored`` and ``asked`` count its replies, and ``is_most`` says that fewer may be asked for, as of
    conversations. ``prompt_tokens`` are None where nobody knows what these come to.
    ``counted``: the tokenizer told the prompt's tokens. ``learnt``: earlier answers told the completion's, else it is
    the most that there may be; None when nothing bounds them. ``differ``: the share of samples on which two runs do.
    """

    model: str
    benchmark: str
    items: int = 0
    stored: int = 0
    unreadable: int = 0
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    dollars: float | None = None
    counted: bool = True
    learnt: bool = True
    differ: float = ASSUMED
    assumed: bool = True
    samples: set[tuple[str, int]] = field(default_factory=set)
    # The items whose conversations with tools are not all stored: of these ``asked`` is the most turns.
    talks: int = 0
    # The requests that are to be paid, and those of them that generate.
    asked: int = 0
    generate: int = 0
    is_most: bool = False
    is_of_thoughts: bool = False

    @property
    def drop(self) -> float | None:
        """The smallest drop that so many samples see with 80% power at 5%."""
        return detectable_drop(len(self.samples), self.differ, alpha=0.05) if self.samples else None


# What is known of thoughts: of a model's answers to a benchmark, by their keys, what judges are to be asked about each;
# nothing of one that no run has scored.
Thoughts = Callable[[str, str], Mapping[str, Sequence[AboutThought]]]


class Planner:
    """Makes the plan of one run, item by item; with ``thoughts`` judges are asked about these too.

    That is ``each`` times at most about one, by each judge and repeat.
    """

    def __init__(
        self,
        store: Store,
        askers: Askers,
        discordance: Callable[[str], float | None],
        thoughts: Thoughts | None = None,
        each: int = 1,
    ) -> None:
        self._store, self._askers, self._discordance = store, askers.models, discordance
        self._judging, self._judges = askers.judging, [spec for spec, _ in askers.roles.get("judge", ())]
        self._rehearsal, self._thoughts, self._each = Rehearsal(askers), thoughts, each
        self._counters: dict[str, Callable[[Request], int] | None] = {}
        self._lines: dict[tuple[str, str], Line] = {}
        self._seen: set[str] = set()
        # By model and benchmark: items whose thoughts judges may be asked about, with their answers' keys.
        self._thinking: dict[tuple[str, str], list[tuple[SampleRef, str]]] = {}
        self._fought: set[tuple[str, str, str, int, int]] = set()
        # By model in a role and benchmark; and what judges are asked about thoughts.
        self._roles: dict[tuple[str, str], Line] = {}
        self._thinkers: dict[tuple[str, str], Line] = {}

    def close(self) -> None:
        """Close what was opened to be read."""
        self._rehearsal.close()

    def add(self, ref: SampleRef, roles: Mapping[str, Sequence[ModelSpec]], *, is_alone: bool) -> None:
        """Count one item, whose body also asks the models in its ``roles``; it ``is_alone`` without others' fixtures.

        What such a model is asked is known as far as the body goes with what is stored. Else a judge is asked at most
        as often as its benchmark says (`Judging`), by all orders, repeats and probes; of others nobody knows it.
        """
        name = ref.source.benchmark.name
        is_answered = bool(self._judges) and "judge" in roles and self._add_judges(ref, name, is_alone=is_alone)
        for spec in (spec for role, specs in roles.items() for spec in specs if role != "judge"):
            line = self._roles.get((spec.name, name)) or self._begin_role(spec, name)
            line.items += 1
            line.asked += 1
        self._add_models(ref, name, is_answered=is_answered)

    def _add_models(self, ref: SampleRef, name: str, *, is_answered: bool) -> None:
        """Count what the models under evaluation are asked: nothing where the body ``is_answered`` to its end."""
        for spec in ref.models:
            # A model is asked once for all its battles over a sample.
            once = (spec.name, name, ref.subset, ref.row, ref.repeat)
            if ref.against is None or once not in self._fought:
                self._fought.add(once)
                self._add(ref, spec, is_answered=is_answered)

    def _add(self, ref: SampleRef, spec: ModelSpec, *, is_answered: bool) -> None:
        """Count what one model is asked for an item."""
        name = ref.source.benchmark.name
        line = self._lines.get((spec.name, name)) or self._begin(spec.name, name)
        line.items += 1
        line.samples.add((ref.subset, ref.row))
        asker = self._askers[spec.name]
        try:
            request = first_request(ref.source.sample(ref.subset, ref.row), ref._replace(model=spec))
            tokens, key = self._tokens(spec, request), asker.key(request)
        except NotAsked:
            # Nobody asks it in a run either.
            return
        except SampleError:
            line.unreadable += 1
            return
        talks = ref.against is None and _may_talk(ref)
        if talks and (left := self._rehearsal.of_turns(ref)) is not None:
            line.stored += not left
            line.talks += left > 0
            line.asked += left
            line.generate += left
            line.is_most |= left > 0
            return
        kept = asker.known(request)
        if self._thoughts and self._judges and not (ref.against or ref.source.hidden):
            self._thinking.setdefault((spec.name, name), []).append((ref, kept or ""))
        if kept or is_answered or spec.way.is_run or key in self._seen:
            line.stored += 1
            return
        # Repeats share the answer to what does not vary.
        self._seen |= set() if request.varies else {key}
        line.asked += 1
        line.generate += request.varies
        line.prompt_tokens = (line.prompt_tokens or 0) + tokens

    def lines(self, models: Iterable[ModelSpec]) -> Sequence[Line]:
        """The plan."""
        specs = {spec.name: spec for spec in models}
        for (model, name), asked in self._thinking.items():
            self._add_thoughts(model, name, asked)
        for line in self._lines.values():
            self._complete(line, specs[line.model])
        roles = [*self._roles.values(), *self._thinkers.values()]
        for line in roles:
            self._learn(line, specs[line.model])
        return [*self._lines.values(), *roles]

    def _add_judges(self, ref: SampleRef, name: str, *, is_alone: bool) -> bool:
        """Count what judges are asked; whether the body goes to its end with the models' stored answers."""
        is_whole, counts = self._rehearsal.of_body(ref) if is_alone else (False, {})
        most = 0 if is_whole else self._most(ref)
        for spec in self._judges:
            if spec.way.is_votes:
                continue
            line = self._roles.get((spec.name, name)) or self._begin_role(spec, name)
            asked, stored = counts.get(spec.name, (0, 0))
            line.items += 1
            line.stored += stored
            line.asked += max(asked, most - stored)
            line.is_most |= most - stored > asked
        return is_whole

    def _most(self, ref: SampleRef) -> int:
        """How often each judge is asked about a sample at most; 0 for one that cannot be read."""
        judging, settings = ref.source.benchmark.judging, self._judging.settings
        if settings.strategy == RULE:
            return 0
        try:
            calls = judging.calls_of(ref.source.sample(ref.subset, ref.row))
        except SampleError:
            return 0
        if judging.pairs:
            return calls * settings.repeats * (2 if settings.swap != "off" else 1)
        return calls * (settings.repeats + (str(ref.item) in self._judging.probed))

    def _add_thoughts(self, model: str, name: str, asked: Sequence[tuple[SampleRef, str]]) -> None:
        """Count what judges are asked about the thoughts of a model."""
        assert self._thoughts is not None
        known = self._thoughts(model, name)
        questions = [(each, ref) for ref, key in asked for each in known.get(key, ())]
        unknown = sum(key not in known for _, key in asked) * self._judging.settings.repeats * self._each
        counts = self._rehearsal.of_thoughts(questions)
        for spec in (spec for spec in self._judges if not spec.way.is_votes):
            line = self._thinkers.get((spec.name, name)) or self._begin_role(spec, name, of_thoughts=True)
            new, stored = counts[spec.name]
            line.items += len(asked)
            line.stored += stored
            line.asked += new + unknown
            line.is_most |= unknown > 0

    def _begin(self, model: str, benchmark: str) -> Line:
        line = self._lines[model, benchmark] = Line(model, benchmark)
        discordance = self._discordance(benchmark)
        line.assumed = discordance is None
        line.differ = ASSUMED if discordance is None else discordance
        return line

    def _begin_role(self, spec: ModelSpec, name: str, *, of_thoughts: bool = False) -> Line:
        line = Line(spec.name, name, counted=False, is_of_thoughts=of_thoughts)
        (self._thinkers if of_thoughts else self._roles)[spec.name, name] = line
        return line

    def _learn(self, line: Line, spec: ModelSpec) -> None:
        """Take a role's tokens from what earlier runs of the benchmark asked of its model.

        A run with more repeats than those asks more of it for an item; a body may ask more than its benchmark says.
        """
        names = OF_THOUGHTS if line.is_of_thoughts else ()
        items, answers, *tokens = self._store.tokens_in_role(line.model, line.benchmark, names)
        line.learnt, line.completion_tokens = items > 0, None if line.asked else 0
        if not items:
            line.dollars = None if line.asked or not spec.price else 0.0
            return
        is_judge = spec in self._judges
        times = line.asked / (answers if is_judge else items)
        line.prompt_tokens, line.completion_tokens = (round(times * each) for each in tokens)
        if spec.price:
            line.dollars = dollars(spec, line.prompt_tokens, line.completion_tokens)

    def _tokens(self, spec: ModelSpec, request: Request) -> int:
        request = as_sent(spec, request)
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
        if line.talks:
            told = self._store.mean_tokens_of_items(line.model, line.benchmark)
            line.learnt, line.counted, line.prompt_tokens = told is not None, False, None
            if told:
                line.prompt_tokens, line.completion_tokens = (round(line.talks * mean) for mean in told)
        if spec.price and line.completion_tokens is not None and line.prompt_tokens is not None:
            line.dollars = dollars(spec, line.prompt_tokens, line.completion_tokens)


def _may_talk(ref: SampleRef) -> bool:
    """Whether a body can have a conversation with tools that is known before it runs."""
    code = ref.source.benchmark.body.__code__
    return "model" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def summed(lines: Sequence[Line]) -> Line:
    """The plan's last line; its drop is what all samples together could see."""
    total = Line("all", "")
    for line in lines:
        total.items += line.items
        total.stored += line.stored
        total.asked += line.asked
        total.unreadable += line.unreadable
        total.is_most |= line.is_most
        total.samples |= {(f"{line.model} {line.benchmark} {subset}", row) for subset, row in line.samples}
    prompts = [line.prompt_tokens for line in lines]
    completions = [line.completion_tokens for line in lines]
    dollars = [line.dollars for line in lines]
    total.prompt_tokens = None if None in prompts else sum(filter(None, prompts))
    total.completion_tokens = None if None in completions else sum(filter(None, completions))
    total.dollars = None if None in dollars else sum(filter(None, dollars))
    total.counted = all(line.counted for line in lines)
    total.learnt = all(line.learnt for line in lines)
    total.assumed = any(line.assumed for line in lines)
    total.differ = sum(line.differ * len(line.samples) for line in lines) / max(1, len(total.samples))
    return total
