"""A battle as the test of a sample: both models' answers, and what the judges say of them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

import pytest

from pytest_modeleval.asking.contestants import TURNS, Contestants
from pytest_modeleval.items.declare import Benchmark
from pytest_modeleval.judging.rubric import Judging, Preference, Rubric
from pytest_modeleval.judging.types import Judge
from pytest_modeleval.judging.votes import pair_key
from pytest_modeleval.options.options import MARK
from pytest_modeleval.sample import Sample, Score, last_question
from pytest_modeleval.scorers.style import style
from pytest_modeleval.store.messages import sample_rows

_FIELDS = frozenset({"question", "first", "second", "reference"})
_ASKED = """\
Two assistants, A and B, have answered the same user. Decide which answer serves this user better.

Find out first what the user wants, and what an answer has to get right. Then weigh both: whether what they say is \
correct, whether they do all that was asked and leave out what was not, whether they are clear and of use. A wrong \
result outweighs good style. Originality counts where the user wants some. It is no merit to be long, nor to stand \
first. Where there are several turns, judge the conversation as a whole{by_reference}.

What the user asked:
{{question}}
{reference}
The answer of A:
{{first}}

The answer of B:
{{second}}"""
_BY_REFERENCE = (
    ". A correct answer is given below: hold both against it, and an answer that comes to another result is wrong"
)
COMPARE = Rubric(_ASKED.format(by_reference="", reference=""), Preference())
COMPARE_BY_REFERENCE = Rubric(
    _ASKED.format(by_reference=_BY_REFERENCE, reference="\nA correct answer:\n{reference}\n"), Preference()
)
# What many published prompts end with, and ask for in their own words.
_OFFICIAL = r"\[\[([AB<>=]{3,4})\]\]"


def rubrics(prompt: str | None) -> tuple[Rubric, Rubric]:
    """What judges are asked of a sample without a reference answer, and with one.

    That is the user's ``prompt`` where there is one; where it names marks such as ``[[A>B]]``, those are read.
    `pytest.UsageError` for one that lacks an answer, or has fields that nobody fills.
    """
    if prompt is None:
        return COMPARE, COMPARE_BY_REFERENCE
    try:
        own = Rubric(prompt, Preference(_OFFICIAL if "[[A>" in prompt else None))
    except TypeError as error:
        raise pytest.UsageError(f"arena_prompt of [run]: {error}") from None
    if others := own.fields - _FIELDS:
        known = ", ".join(f"{{{name}}}" for name in sorted(_FIELDS))
        raise pytest.UsageError(f"arena_prompt of [run] has the field {{{min(others)}}}, and a judge is given {known}")
    return own, own


def played(declared: Benchmark, prompt: str | None) -> Benchmark:
    """The benchmark whose samples are battles: what it asks is asked, and its own test is not run."""
    # Where it compares an answer with its target, that is another model's, and no reference.
    has_reference = not declared.judging.pairs
    body = wraps(declared.body)(_body(rubrics(prompt), has_reference=has_reference))
    return replace(declared, body=body, judging=Judging(pairs=True), harmonic={})


def _body(chosen: tuple[Rubric, Rubric], *, has_reference: bool) -> Callable[..., Awaitable[None]]:
    """The body of a battle's test."""

    async def battle(sample: Sample, contestants: Contestants, judge: Judge) -> None:
        reference = sample.target.strip() if has_reference else ""
        one, two = await contestants.answers()
        found = await judge.compare(
            chosen[bool(reference)], shown(one), shown(two), question=asked_of(sample), reference=reference
        )
        about = pair_key(sample_rows(sample.messages, sample.target, "")[0].hash, shown(one), shown(two))
        contestants.fought(found, (style("\n\n".join(one), len), style("\n\n".join(two), len)), about)
        won = "a tie" if found.value == 0.5 else contestants.names[found.value < 0.5]
        Score(found.value, True, won, why=str(found), measured=True)

    return battle


def shown(texts: Sequence[str]) -> str:
    """What somebody said in each turn, as judges and people read it."""
    if len(texts) == 1:
        return texts[0]
    return "\n\n".join(f"[Turn {number}]\n{text}" for number, text in enumerate(texts, 1))


def asked_of(sample: Sample) -> str:
    """What the user asks in each turn."""
    return shown([last_question(sample.messages), *sample.metadata.get(TURNS, ())])


def test_of(declared: Benchmark, *, in_class: bool) -> Callable[..., None]:
    """What pytest makes the items of: a function that takes a battle's arguments, marked with the benchmark."""

    def battle(sample: object, judge: object) -> None:  # noqa: ARG001 - what it is given
        raise RuntimeError(f"{declared.name} runs under pytest with the modeleval plugin only")

    def method(self: object, sample: object, judge: object) -> None:  # noqa: ARG001
        battle(sample, judge)

    test: Any = getattr(pytest.mark, MARK)(declared)(method if in_class else battle)
    # Whatever the project calls its tests; -k finds it by the name of the benchmark's own, too.
    test.__test__ = True
    setattr(test, declared.body.__name__, True)
    test.is_battle = True
    return test  # type: ignore[no-any-return]


def made(collector: Any, obj: object, prompt: str | None) -> Sequence[pytest.Item] | None:
    """The battles in place of a benchmark's items; None for what is no benchmark, and where pytest makes battles."""
    declared = _declared(obj)
    if declared is None or _is_battle(obj):
        return None
    if declared.probe:
        return []
    several = sum(_declared(value) is not None for value in vars(collector.obj).values()) > 1
    name = f"test_arena_{declared.name}" if several else "test_arena"
    test = test_of(played(declared, prompt), in_class=isinstance(collector, pytest.Class))
    # Where pytest looks for a test's function, for as long as it makes the items.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collector.obj, name, test, raising=False)
        found = collector.ihook.pytest_pycollect_makeitem(collector=collector, name=name, obj=test)
    return found if isinstance(found, list) else []


def _is_battle(value: object) -> bool:
    return getattr(value, "is_battle", False) is True


def _declared(value: object) -> Benchmark | None:
    marks = getattr(value, "pytestmark", ())
    told = [mark.args[0] for mark in marks if getattr(mark, "name", "") == MARK and mark.args]
    return next((each for each in told if isinstance(each, Benchmark)), None)
