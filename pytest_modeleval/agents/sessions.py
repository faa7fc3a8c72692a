"""Tools that run in a session of the sandbox: what the model wrote runs there, and nowhere else."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from pytest_modeleval.agents.described import described_by, purpose_of, version_of
from pytest_modeleval.agents.tool import Tool, ToolError, as_text
from pytest_modeleval.asking.programs import AskedSession, BlockingSession
from pytest_modeleval.calls import Called
from pytest_modeleval.sandbox.program import FINISHED, Outcome, SandboxError, Session, SyncSession

_OUTPUT = 16_384
_ENDED = "the session is over"


def python_tool(session: Session | SyncSession, *, name: str = "python", output: int = _OUTPUT) -> Tool:
    """A tool that runs Python code in a session: what it prints, and what it raises, is its result.

    The session's own limits bound it.
    """

    def python(code: Annotated[str, "the code; print what you want to see"]) -> None:
        """Run Python code. Names and files are kept from call to call."""

    return _tool(session, python, name, output, lambda values: session.run(values["code"]), _printed)


def session_tools(session: Session | SyncSession, *functions: Callable[..., Any], output: int = _OUTPUT) -> list[Tool]:
    """Tools that call functions of a session by their names, with arguments as JSON has them.

    The functions are told to the model as they are here, and run there: the session's code has them too, such as
    ``sandbox.session(inspect.getsource(world))`` and ``session_tools(session, world.look, world.go)``. Raises
    `pytest.UsageError` as `tool` does.
    """
    return [
        _tool(session, each, each.__name__, output, partial(_called, session, each.__name__), _given)
        for each in functions
    ]


def _called(session: Any, function: str, values: Mapping[str, Any]) -> Any:
    return session.call(function, **values)


def _given(outcome: Outcome) -> str:
    return as_text(outcome.values[0])


def _tool(
    session: Any,
    function: Callable[..., Any],
    name: str,
    output: int,
    step: Callable[[Mapping[str, Any]], Any],
    told: Callable[[Outcome], str],
) -> Tool:
    if not isinstance(session, AskedSession | BlockingSession):
        raise TypeError(f"a session is what sandbox.session() gives, not a {type(session).__name__}")
    schema, _ = described_by(function, name)
    is_async = isinstance(session, AskedSession)

    async def run(values: Mapping[str, Any]) -> str:
        return _told(await step(values), told)

    def run_sync(values: Mapping[str, Any]) -> str:
        return _told(step(values), told)

    def again(values: Mapping[str, Any], called: Called) -> None:
        async def redo() -> None:
            _refuse_other(await step(values), name, called)

        def redo_sync() -> None:
            _refuse_other(step(values), name, called)

        if isinstance(session, AskedSession):
            session.later(redo)
        else:
            session.later(redo_sync)

    return Tool(
        name,
        purpose_of(function),
        schema,
        run if is_async else run_sync,
        math.inf,
        output,
        version_of(session.version, name, schema, output),
        is_async,
        again,
    )


def _told(outcome: Outcome, told: Callable[[Outcome], str]) -> str:
    """What a step that ended well is told by; `ToolError` for any other."""
    if outcome.kind != FINISHED:
        raise ToolError(f"{_ENDED}: {outcome.why}")
    if not outcome.ended_well:
        raise ToolError(f"{outcome.stdout}{outcome.stderr or outcome.why}".strip())
    return told(outcome)


def _printed(outcome: Outcome) -> str:
    return outcome.stdout + outcome.stderr or "(nothing was printed)"


def _refuse_other(outcome: Outcome, name: str, called: Called) -> None:
    """`SandboxError` for a step that was run once more, and ended the session or did not, other than before."""
    if (outcome.kind != FINISHED) != called.error.startswith(_ENDED):
        raise SandboxError(
            f"{name}(…) was run again, so that the session is where it was, and ended otherwise than before: "
            f"{outcome.why or 'well'}"
        )
