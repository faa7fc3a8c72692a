"""What is cut from an answer before it is scored."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.items.filters import filtered, read_filter

TEXT = "<think>7 or 8?</think> The answer is 7. No, the answer is 8, so 8."


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ([], TEXT),
        (["remove_until=</think>"], " The answer is 7. No, the answer is 8, so 8."),
        (["remove_until=###"], TEXT),
        (["remove_until=</think>", "strip"], "The answer is 7. No, the answer is 8, so 8."),
        ([r"regex=answer is (\d)"], "7"),
        ([r"regex=answer is (\d)", "take_last"], "8"),
        ([r"regex=answer is (\d)", "take_first"], "7"),
        ([r"regex=\d", "majority"], "8"),
        ([r"regex=(\d) or (\d)"], "7"),
        ([{"regex": r"(\d) or (\d)", "group": 2}], "8"),
        ([{"regex": r"(\d) or (\d)", "group": 0}], "7 or 8"),
        (["regex=zebra"], ""),
        ([{"regex": "zebra", "fallback": "[invalid]"}], "[invalid]"),
    ],
)
def test_filters_work_in_their_order(filters: list[Any], left: str) -> None:
    assert filtered(TEXT, [read_filter("here", spec) for spec in filters]) == left


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("stripp", "unknown filter in here: 'stripp'; did you mean 'strip'?*"),
        ("strip=x", "here: filter strip takes no value: 'strip=x'"),
        ("remove_until", "here: filter remove_until needs a value: 'remove_until'"),
        ("regex=(", "here: '(' is no regular expression: *"),
        ({"regex": "(a)", "group": 2}, "here: '(a)' has 1 groups, and no group 2"),
        ({"regex": "a", "grup": 2}, "unknown key of filter regex in here: 'grup'; did you mean 'group'?*"),
        ({"strip": True, "group": 1}, "unknown key of filter strip in here: 'group'*"),
        ({}, "unknown filter in here: ''*"),
    ],
)
def test_a_filter_that_is_not_understood_is_one_line(spec: Any, message: str) -> None:
    pattern = re.escape(message).replace(r"\*", ".*")

    with pytest.raises(pytest.UsageError, match=f"^{pattern}"):
        read_filter("here", spec)


@given(st.text())
def test_any_text_goes_through_every_filter(text: str) -> None:
    specs = ["remove_until=a", "regex=.", "strip", "majority", "take_last", "take_first"]
    once = filtered(text, [read_filter("here", spec) for spec in specs])

    assert once == filtered(text, [read_filter("here", spec) for spec in specs])
    assert len(once) <= 1
