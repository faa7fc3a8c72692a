"""A model's calls over several turns, on BFCL's classes inside a session of the sandbox, and what is wrong with them.

Fresh for each sample and repeat; a call is a method by its name with plain values, and no text is evaluated.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_modeleval.foreign import with_whole_pairs
from pytest_modeleval.sample import SampleError
from pytest_modeleval.sandbox.program import Outcome, Session
from pytest_modeleval.scorers.bfcl.calls import Call, read_gold
from pytest_modeleval.scorers.bfcl.checker import Wrong
from pytest_modeleval.scorers.bfcl.rows import CLASSES, INSTALL, INSTALL_FOR_MEMORY, Row

# With one more step that calls something a conversation is over, and wrong: ``MAXIMUM_STEP_LIMIT``.
MOST_STEPS = 20
NO_CALLS, STATE, RESULTS, STEPS, BROKEN = (
    "no call in a turn",
    "wrong state",
    "wrong results",
    "too many steps",
    "calls that do not end",
)
_HOME = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"
# The code a session begins with, and what is imported once before sessions are made.
CODE = Path(__file__).with_name("world.py").read_text("utf-8")
IMPORTS = tuple(f"{_HOME}.{module}" for name, module in CLASSES.items() if not name.startswith("Memory"))
# What memories import; importing their own modules makes folders.
MEMORY_IMPORTS = ("numpy", "rank_bm25", "overrides", "filelock")


class OverStep(Exception):
    """A step that ended the session, as it took too long: the sample is ``wrong``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.wrong = Wrong(BROKEN, why)


class Conversation:
    """One row's classes in a session, which began with `CODE`: steps of calls, and an end of each turn."""

    def __init__(self, session: Session, row: Row, *, module_of: Callable[[str], str] | None = None) -> None:
        self._session, self._row = session, row
        self._module_of = module_of or (lambda name: f"{_HOME}.{CLASSES[name]}")
        self._turn, self._has_called = 0, False

    async def begin(self) -> None:
        """Make the classes; `SampleError` where they cannot be made, as without ``bfcl_eval``."""
        modules = {name: self._module_of(name) for name in self._row.classes}
        is_long = "long_context" in self._row.category
        outcome = await self._session.call("begin", modules, dict(self._row.config), is_long)
        if not outcome.values:
            raise SampleError(f"{self._row.id}: BFCL's classes cannot be made: {outcome.why} ({INSTALL})")

    async def results(self, calls: Sequence[Call]) -> list[str]:
        """The texts that a step's calls give back; `OverStep` where the step does not end."""
        self._has_called |= bool(calls)
        return await _step(self._session, calls)

    async def turn_over(self) -> Wrong | None:
        """What is wrong after a turn, None where nothing is.

        Where the gold of a turn calls something, the model must have called something too, the public attributes of
        all classes be equal, and each of the gold's results be among those that the model has got so far.
        """
        turn, self._turn = self._turn, self._turn + 1
        has_called, self._has_called = self._has_called, False
        if not (gold := self._row.gold[turn]):
            return None
        where = f"turn {turn + 1}: "
        if not has_called:
            return Wrong(NO_CALLS, f"{where}nothing was called")
        differences, lacking = _values(await self._session.call("turn_over", [read_gold(each) for each in gold]))
        if differences:
            return Wrong(STATE, where + differences[0])
        return Wrong(RESULTS, f"{where}no call gave {lacking[0]}") if lacking else None


class Memory:
    """A memory of BFCL's in a session, which began with `CODE`: ``kv`` or ``rec_sum``."""

    def __init__(self, session: Session, row: Row) -> None:
        self._session, self._row = session, row

    async def begin(self, held: Mapping[str, Any]) -> str:
        """Fill it with what it ``held`` after the conversation before; the text of it that a model always sees."""
        (name,) = self._row.classes
        outcome = await self._session.call("begin_memory", f"{_HOME}.{CLASSES[name]}", name, dict(held))
        if not outcome.values:
            raise SampleError(f"{self._row.id}: BFCL's memory cannot be made: {outcome.why} ({INSTALL_FOR_MEMORY})")
        return with_whole_pairs(str(outcome.values[0]))

    async def results(self, calls: Sequence[Call]) -> list[str]:
        """The texts that a step's calls give back; `OverStep` where the step does not end."""
        return await _step(self._session, calls)

    async def held(self) -> Mapping[str, Any]:
        """What it holds now."""
        held: Mapping[str, Any] = _values(await self._session.call("memory"))
        return held


async def _step(session: Session, calls: Sequence[Call]) -> list[str]:
    given: list[tuple[str, list[Any], dict[str, Any]]] = [(name, [], dict(arguments)) for name, arguments in calls]
    # Half of a surrogate pair, out of a text that a model wrote as escapes, is sent to nobody.
    return [with_whole_pairs(each) for each in _values(await session.call("step", given))]


def _values(outcome: Outcome) -> Any:
    if not outcome.values:
        raise OverStep(outcome.why)
    return outcome.values[0]
