"""What the answers of stored runs thought, level by level."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from string import ascii_uppercase
from typing import NamedTuple

from pytest_modeleval.asking.thoughts import AboutThought
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.judging.verdict import FIRST_RIGHT, SOLUTIONS
from pytest_modeleval.models.counting import TextCounter
from pytest_modeleval.record import ERROR, RIGHT, UNSCORED
from pytest_modeleval.sample import Completion, last_question
from pytest_modeleval.scorers.steps import Rule, Steps, count_switches, rule_for, steps_of
from pytest_modeleval.store.rows import HIDDEN, ScoreRow, StoredSample
from pytest_modeleval.thinking.measures import Level, Thought, whole_and_levels
from pytest_modeleval.thinking.told import Told, new_solutions, told_in

# An option and its letter, as prompts have them.
_OPTION = re.compile(r"^[ \t]*\(?([A-Z])[).．、:][ \t]*(\S.*)$", re.MULTILINE)
# Models whose APIs give a summary in place of the thought, or none at all, by the ends of their names.
_SUMMARISES = re.compile(r"(?:^|[/:.])(?:gpt-[4-9]|o[1-9](?:$|-)|claude-(?!3)|gemini-|grok-4)", re.IGNORECASE)

# What an answer is that is not measured, in words for people.
ERRORS = "in error"
WITHOUT = "without a thought"
CUT_OFF = "cut off in the thought"
SUMMARISED = "with a summary in place of the thought"
WITHHELD = "whose thought the API keeps"
NOT_KEPT = "not in the store"
PROTECTED = "protected"
KINDS = (CUT_OFF, WITHOUT, SUMMARISED, WITHHELD, ERRORS, PROTECTED, NOT_KEPT)
# Who found the first right paragraph.
BY_RULE, BY_JUDGE = "rule", "judge"


@dataclass(frozen=True)
class Asked:
    """Models as they were asked in a run: ``shown`` is what each is called here, by its name there.

    ``counters`` count tokens by the models' own tokenizers, where those are known.
    """

    run: Run
    shown: Mapping[str, str]
    counters: Mapping[str, TextCounter | None]


class Found(NamedTuple):
    """The first right paragraph, None where there is none, and who looked for it: "" where nobody can tell."""

    paragraph: int | None
    by: str


class Counted(NamedTuple):
    """A thought's tokens, and those up to each of some places; characters where nobody counted its tokens."""

    tokens: float
    up_to: Sequence[float]
    is_in_tokens: bool = True


def levels_of(past: Past, asked: Sequence[Asked], by: str = "") -> list[Level]:
    """What every model of some runs thought on each benchmark: the whole first, then level by level.

    A level is a ``subset``, a ``group`` of subsets, or a value of the axis that ``by`` names; by default a group where
    the benchmark has several, as in the table of scores.
    """
    levels: dict[tuple[str, str, str], Level] = {}
    for each in asked:
        summarising = _summarising(past, each.run)
        key = _level_by(by or _default(past, each.run))
        told = told_in(past, each.run)
        for sample in past.samples(each.run.id):
            main = sample.main
            if main.outcome == UNSCORED or main.model not in each.shown:
                continue
            place = each.shown[main.model], main.benchmark, key(main)
            level = levels.setdefault(place, Level(*place))
            _add(level, sample, each.counters.get(main.model), told, is_summary=main.model in summarising)
    thinking = {(level.model, level.benchmark) for level in levels.values() if _thinks(level)}
    shown = [level for level in levels.values() if (level.model, level.benchmark) in thinking]
    return whole_and_levels(sorted(shown, key=lambda level: level.model))


def _thinks(level: Level) -> bool:
    return bool(level.thoughts or level.others.keys() & {CUT_OFF, SUMMARISED, WITHHELD})


def _default(past: Past, run: Run) -> Mapping[str, str]:
    """What the levels of each of a run's benchmarks are."""
    groups: dict[str, set[str]] = {}
    for attempt in past.attempts(run):
        groups.setdefault(attempt.benchmark, set()).add(attempt.group)
    return {name: "group" if len(found) > 1 else "subset" for name, found in groups.items()}


def _level_by(by: str | Mapping[str, str]) -> Callable[[ScoreRow], str]:
    def level(row: ScoreRow) -> str:
        name = by if isinstance(by, str) else by[row.benchmark]
        if name in ("subset", "group"):
            return row.group if name == "group" else row.subset
        return str(row.stands_at.get(name, ""))

    return level


def _summarising(past: Past, run: Run) -> set[str]:
    """The models of a run whose APIs are known to summarise what they thought."""
    return {model for model, name in past.served_as(run) if _SUMMARISES.search(name)}


def questions_in(past: Past, run: Run, items: Collection[str], *, solutions: bool) -> Iterator[AboutThought]:
    """What judges are to be asked about thoughts of some items of a run.

    Where the right answer stands, of those before right answers in which no rule finds it; with ``solutions`` which of
    its solutions are new, of each whole thought with several paragraphs.
    """
    summarising = _summarising(past, run)
    for sample in past.samples(run.id, items):
        main, answer = sample.main, sample.completion
        if main.outcome == UNSCORED or answer is None or _kind(sample, is_summary=main.model in summarising):
            continue
        steps, target = steps_of(answer.thinking), sample.target or ""
        told = main.item, sample.asked, target, steps.paragraphs
        if main.outcome == RIGHT and target and _first(sample, steps, Told()).paragraph is None:
            yield AboutThought(FIRST_RIGHT, *told)
        if solutions and len(steps.places) > 1:
            yield AboutThought(SOLUTIONS, *told)


def _add(
    level: Level,
    sample: StoredSample,
    counter: TextCounter | None,
    told: Told,
    *,
    is_summary: bool,
) -> None:
    """Measure an answer, or count it among those that are not."""
    kind = _kind(sample, is_summary=is_summary)
    if sample.completion is not None and kind in ("", CUT_OFF):
        steps = steps_of(sample.completion.thinking)
        first = Found(None, "") if kind else _first(sample, steps, told)
        ends = [] if first.paragraph is None else [steps.end(first.paragraph), steps.end_of_thought(first.paragraph)]
        new = None if kind else new_solutions(sample.main.item, steps, told)
        counted = _counted(sample.completion, [*ends, *chain(*new or ())], counter)
        if kind == CUT_OFF:
            level.cut_off += [counted.tokens] if counted.is_in_tokens else []
        else:
            _measure(level, sample, counted, first, new)
            level.unjudged += not first.by and told.first.get(sample.main.item, 0) is None
            level.unparted += new is None and sample.main.item in told.rounds
    if kind:
        level.others[kind] = level.others.get(kind, 0) + 1


def _measure(
    level: Level, sample: StoredSample, counted: Counted, found: Found, new: Sequence[tuple[int, int]] | None
) -> None:
    main, by = sample.main, found.by
    is_right = main.outcome == "right" if main.has_verdict else None
    up_to = list(counted.up_to)
    first, thought = (0.0, 0.0) if by else (None, None)
    if found.paragraph is not None:
        first, thought, *up_to = up_to
    distinct = None if new is None else sum(up_to[1::2]) - sum(up_to[::2])
    if first:
        level.found[by] = level.found.get(by, 0) + 1
    elif by and is_right:
        level.not_found += 1
    assert sample.completion is not None
    switches = count_switches(sample.completion.thinking)
    name = f"{main.subset}/{main.name}"
    level.thoughts.append(
        Thought(name, counted.tokens, first, thought, switches, is_right, counted.is_in_tokens, distinct)
    )


def _kind(sample: StoredSample, *, is_summary: bool) -> str:
    """Why an answer is not measured; empty for one that is."""
    main, answer = sample.main, sample.completion
    if main.outcome == ERROR:
        return ERRORS
    if main.sample.startswith(HIDDEN):
        return PROTECTED
    if answer is None:
        return NOT_KEPT
    if not answer.thinking.strip():
        return WITHHELD if answer.thinking_tokens else WITHOUT
    # A token has at least one byte.
    if is_summary or len(answer.thinking.encode("utf-8", "replace")) < (answer.thinking_tokens or 0):
        return SUMMARISED
    return CUT_OFF if answer.finish_reason == "length" and not answer.text.strip() else ""


def _first(sample: StoredSample, steps: Steps, told: Told) -> Found:
    """The first paragraph with a right answer: by rule, else by what judges were asked and ``told``."""
    rule, item = _rule(sample), sample.main.item
    found = rule(steps.paragraphs) if rule else None
    if found is not None or item not in told.first:
        return Found(found, BY_RULE if rule else "")
    if (place := told.first[item]) is None:
        return Found(None, "")
    return Found(int(place) if 0 <= place < len(steps.places) else None, BY_JUDGE)


def _rule(sample: StoredSample) -> Rule | None:
    target, expected = sample.target or "", sample.told.expected or ""
    options = _options(last_question(sample.prompt or ())) if re.fullmatch("[A-Z]{1,10}", target) else ()
    # As `choices.same_choice` says it of several right letters, any of which is one.
    return rule_for(target, options, any_of=" or " in expected)


def _options(question: str) -> list[str]:
    """The options of a question, which stand in it by their letters: of several lists the last."""
    options: list[str] = []
    for letter, text in _OPTION.findall(question):
        if letter == "A":
            options = [text]
        elif options and letter == ascii_uppercase[len(options) % 26]:
            options.append(text)
    return options if len(options) > 1 else []


def _counted(answer: Completion, ends: Sequence[int], counter: TextCounter | None) -> Counted:
    """The tokens of a thought, and up to some places in it.

    By the model's tokenizer; else those that the server told, or the thought's share of all the answer's, and shares by
    characters.
    """
    thinking = answer.thinking
    if counter is not None:
        tokens, *up_to = counter(thinking, [len(thinking), *ends])
        if tokens:
            return Counted(tokens, up_to)
    told = answer.thinking_tokens or (
        (answer.completion_tokens or 0) * len(thinking) / (len(thinking) + len(answer.text))
    )
    if not told:
        return Counted(len(thinking), ends, is_in_tokens=False)
    return Counted(told, [told * end / len(thinking) for end in ends])
