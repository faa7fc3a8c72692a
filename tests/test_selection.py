"""What -k and -m could select is told as pytest would decide it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.items.selection import could_select

NAMES = ["test_gsm8k.py", "math"]


@pytest.mark.parametrize(
    ("expression", "could"),
    [
        ("q17", True),
        ("Q17", True),
        ("main:q17", True),
        ("exam[main:q17-r2]", True),
        ("not q17", True),
        ("not (q17 or q18)", True),
        ("exam and q17", True),
        ("q19", False),
        ("dev:q17", False),
        ("gsm8k and q17", False),
        ("not (main and exam)", False),
        ("00001", True),
    ],
)
def test_ids_are_not_known_to_be_all_items_names(expression: str, could: bool) -> None:
    assert could_select(expression, ["exam.jsonl"], items="test_exam[main-", ids=["q17", "q18"]) is could


@pytest.mark.parametrize(
    ("expression", "could"),
    [
        ("", True),
        ("gsm8k", True),
        ("GSM8K", True),
        ("gsm", True),
        ("mmlu", False),
        ("not gsm8k", False),
        ("gsm8k and not math", False),
        ("mmlu or gsm8k", True),
        ("mmlu or arc", False),
        ("gsm8k and 00042", True),
        ("mmlu and 00042", False),
        ("not 00042", True),
        ("not (mmlu or math)", False),
        ("gsm8k and (", True),
        ("gsm8k ??", True),
        ("main-00001", True),
        ("main-00001]", True),
        ("gsm8k[main-000", True),
        ("00001-r2", True),
        ("r2", True),
        ("main-r2", True),
        ("dev-00001", False),
        ("humaneval164", False),
        ("x1", False),
    ],
)
def test_k(expression: str, could: bool) -> None:
    assert could_select(expression, NAMES, items="test_gsm8k[main-") == could


@pytest.mark.parametrize(
    ("expression", "could"), [("math", True), ("mat", False), ("not math", False), ("math and not slow", True)]
)
def test_m(expression: str, could: bool) -> None:
    assert could_select(expression, ["math", "modeleval"]) == could


words = st.sampled_from(["a", "b", "c", "1"])
expressions = st.recursive(
    words,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda e: f"(not {e})"),
    ),
    max_leaves=8,
)


@given(expressions, st.sets(st.sampled_from("abc")), st.booleans())
def test_what_pytest_selects_is_never_ruled_out(expression: str, names: set[str], number: bool) -> None:
    """The value of the expression itself, once the number is known, against what was said before."""
    known = {word: word in names for word in "abc"} | {"one": number}
    selected = eval(expression.replace("1", "one"), {}, known)

    assert could_select(expression, names, items="test_[") or not selected
