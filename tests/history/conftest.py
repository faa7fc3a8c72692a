"""Runs with known wrong answers, for what looks at several of them."""

from collections.abc import Callable

import pytest

from tests.conftest import FaultyServer, answer, run, send

# Asks with these samples wrong; a sample that starts with "!" gets no answer.
Ask = Callable[..., pytest.RunResult]


@pytest.fixture
def ask(project: pytest.Pytester, faulty: FaultyServer) -> Ask:
    def ask(*marks: str, flags: tuple[str, ...] = ("--eval-cache", "off"), wrong: str = "41") -> pytest.RunResult:
        def fault(handler, body) -> None:  # type: ignore[no-untyped-def]
            asked = body["messages"][-1]["content"]
            if any(f"{mark[1:]}:" in asked for mark in marks if mark.startswith("!")):
                send(handler, 500, {"error": {"message": "cannot"}})
                return
            answer(wrong if any(f"{mark}:" in asked for mark in marks) else "42")(handler, body)

        faulty.fault = fault
        return run(project, "--model", "faulty", "test_answers.py", *flags)

    return ask
