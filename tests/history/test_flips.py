"""Flip rates, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.history.flips import Flips, flips_of
from pytest_modeleval.store.rows import ScoreRow, sample_name

KEY = ("m", "b", "main-00001")


def attempts(runs: str, *, stored: str = "", samples: str = "") -> list[ScoreRow]:
    """One letter an answer: r, w or e (error); a space begins the next run."""
    found, run, number = [], 0, 0
    for letter in runs:
        if letter == " ":
            run += 1
            continue
        outcome = {"r": "right", "w": "wrong", "e": "error"}[letter]
        content = samples[number] if samples else "x"
        item = "t.py::test_b[main-00001]"
        value = {"r": 1.0, "w": 0.0}.get(letter)
        kept = 1.0 if stored and stored[number] == "s" else None
        attempt = ScoreRow(
            run=f"run{run}",
            item=item,
            metric="main",
            model="m",
            benchmark="b",
            subset="main",
            group="",
            sample=content,
            repeat=0,
            outcome=outcome,
            value=value,
            stored=kept,
        )
        found.append(attempt)
        number += 1
    return found


@pytest.mark.parametrize(
    ("runs", "flips", "pairs", "flaky"),
    [
        ("r", 0, 0, False),
        ("r r r", 0, 2, False),
        ("r w", 1, 1, False),
        ("r r w w", 1, 3, False),
        ("r w r", 2, 2, True),
        ("w r r w", 2, 3, True),
        ("r w r w r", 4, 4, True),
        ("rw", 1, 1, True),
        ("rr ww", 1, 3, False),
        ("r e r", 0, 1, False),
        ("w e r e w", 2, 2, True),
    ],
)
def test_flips_by_hand(runs: str, flips: int, pairs: int, flaky: bool) -> None:
    found = flips_of(attempts(runs))[KEY]

    assert (found.flips, found.pairs, found.is_flaky) == (flips, pairs, flaky)
    assert found.rate == (flips / pairs if pairs else None)


def test_errors_alone_have_no_history() -> None:
    assert flips_of(attempts("e e")) == {}


def test_a_stored_answer_judged_again_is_no_new_one() -> None:
    assert flips_of(attempts("r r r w", stored="-ss-"))[KEY] == Flips(1, 1, 1, torn=False)


def test_another_question_is_no_flip() -> None:
    assert flips_of(attempts("r w r", samples="xyx"))[KEY] == Flips(0, 1, 0, torn=False)


@given(st.text("rwe ", max_size=40))
def test_a_rate_is_a_share(runs: str) -> None:
    for found in flips_of(attempts(runs)).values():
        assert 0 <= found.flips <= found.pairs
        assert found.is_flaky <= (found.flips > 0)


@pytest.mark.parametrize(
    ("item", "subset", "name"),
    [
        ("t.py::test_b[main-00042]", "main", "main-00042"),
        ("t.py::test_b[main-00042-r3]", "main", "main-00042"),
        ("t.py::test_b[qwen3-main-123456]", "main", "main-123456"),
        ("t.py::test_b[a_b-00001]", "a/b", "a_b-00001"),
        ("t.py::test_b[main-line-00001]", "main", "main-line-00001"),
        ("t.py::test_b[x-line-00001]", "x-line", "x-line-00001"),
        ("t.py::test_b[2024-00001-00002]", "2024-00001", "2024-00001-00002"),
        ("t.py::test_b[strange]", "main", "strange"),
    ],
)
def test_a_sample_has_one_name_in_all_runs(item: str, subset: str, name: str) -> None:
    assert sample_name(item, subset) == name
