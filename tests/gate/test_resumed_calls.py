"""An interrupted gate's answers that call tools: they are the same where their calls are."""

import pytest

from pytest_modeleval.asking.resuming import _letters, is_same
from pytest_modeleval.sample import Completion


def calling(name: str, arguments: str, id_: str = "a") -> Completion:
    return Completion("", tool_calls=[{"id": id_, "function": {"name": name, "arguments": arguments}}])


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (calling("look", '{"n": 1}', "b"), True),
        (calling("look", '{"n": 2}'), False),
        (calling("go", '{"n": 1}'), False),
        (Completion(""), False),
    ],
)
def test_answers_are_the_same_where_their_calls_are(other: Completion, same: bool) -> None:
    assert is_same(calling("look", '{"n": 1}'), other) is same


def test_a_call_tells_as_much_as_its_letters() -> None:
    assert _letters(calling("look", '{"n": 1}')) == len('look({"n": 1})')
