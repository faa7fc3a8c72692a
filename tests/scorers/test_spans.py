"""DROP's spans and numbers."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.sample import Score, recorded_scores
from pytest_modeleval.scorers.spans import best_alignment, normal_span, same_spans, spans_f1

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


@pytest.mark.parametrize(
    ("span", "normal"),
    [
        ("The Eagles", "eagles"),
        ("38-yard", "38.0 yard"),
        ("1,000", "1000.0"),
        ("2.50", "2.5"),
        # Its point goes with its sign: the official script drops punctuation where the word is no number as it stands.
        ("$2.50", "250.0"),
        ("St. Paul", "st paul"),
        ("23 May 1992", "23.0 may 1992.0"),
        ("A", "a"),
        ("9" * 400, "9" * 400),
    ],
)
def test_spans_are_normalised_as_in_the_official_script(span: str, normal: str) -> None:
    assert normal_span(span) == normal


# What the official script gives for these (drop_eval.py, `get_metrics`): exact match and F1.
@pytest.mark.parametrize(
    ("got", "wanted", "exact", "f1"),
    [
        ("2", ["2"], 1, 1),
        ("2.0", ["2"], 1, 1),
        ("two", ["2"], 0, 0),
        ("2 years", ["2"], 0, 0.67),
        ("3 years", ["2 years"], 0, 0),
        ("years", ["2 years"], 0, 0),
        ("38", ["38-yard"], 0, 0.67),
        ("38 yards", ["38-yard"], 0, 0.5),
        ("Philip Rivers", ["Philip Rivers"], 1, 1),
        ("rivers", ["Philip Rivers"], 0, 0.67),
        ("the sixth terminal.", ["sixth terminal"], 1, 1),
        ("Tom Brady; Philip Rivers", ["Philip Rivers", "Tom Brady"], 1, 1),
        ("Philip Rivers", ["Philip Rivers", "Tom Brady"], 0, 0.5),
        ("Philip Rivers; Tom Brady; Eli Manning", ["Philip Rivers", "Tom Brady"], 0, 0.67),
        ("Philip Rivers, Tom Brady", ["Philip Rivers", "Tom Brady"], 0, 0.33),
        ("Tom; Tom Brady", ["Tom Brady", "Tom"], 1, 1),
        ("Tom Brady; Tom", ["Tom", "Brady"], 0, 0.83),
        ("Tom; Tom", ["Tom"], 0, 0.5),
        ("30 May 1992", ["30 May 1992"], 1, 1),
        ("May 30, 1992", ["30 May 1992"], 0, 1),
        ("May 1992", ["30 May 1992"], 0, 0.8),
        ("", ["2"], 0, 0),
        (";;", ["2"], 0, 0),
    ],
)
def test_exact_match_and_f1(got: str, wanted: list[str], exact: float, f1: float) -> None:
    scores: list[Score] = []
    token = recorded_scores.set(scores)
    score = same_spans(f"ANSWER: {got}", [wanted])
    recorded_scores.reset(token)

    assert (score.name, score.value, score.passed) == ("main", f1, bool(exact))
    assert [(further.name, further.value) for further in scores[:-1]] == [("exact_match", exact)]


def test_the_best_reference_counts_and_blank_ones_do_not() -> None:
    references = [["2"], [""], ["3", "4"], ["3"]]

    assert same_spans("3", references)
    assert not same_spans("", references)
    assert same_spans("3", references).expected == "2"


def test_references_without_text_are_the_benchmarks_mistake() -> None:
    with pytest.raises(ValueError, match=r"the references \[\[' '\]\] hold no text"):
        same_spans("2", [[" "]])


@given(st.integers(1, 4), st.integers(0, 3), st.data())
def test_the_alignment_is_the_best_of_all(rows: int, more: int, data: st.DataObject) -> None:
    columns = rows + more
    row = st.lists(st.integers(0, 10).map(lambda tenths: tenths / 10), min_size=columns, max_size=columns)
    scores = data.draw(st.lists(row, min_size=rows, max_size=rows))

    pairs = best_alignment(scores)

    best = max(sum(scores[i][j] for i, j in enumerate(chosen)) for chosen in permutations(range(columns), rows))
    assert sum(scores[i][j] for i, j in pairs) == pytest.approx(best)
    assert sorted(i for i, _ in pairs) == list(range(rows))
    assert len({j for _, j in pairs}) == rows


@given(ANY_TEXT, st.lists(ANY_TEXT.filter(str.strip), min_size=1, max_size=4))
def test_no_text_breaks_it(text: str, wanted: list[str]) -> None:
    score = same_spans(text, [wanted])

    assert 0 <= score.value <= 1
    assert score == same_spans(text, [wanted])
    assert not same_spans("", [wanted])


@given(st.lists(st.text("ab1 .-", min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_spans_are_themselves_in_any_order(spans: list[str]) -> None:
    assert same_spans("; ".join(reversed(spans)), [spans])
    assert spans_f1(spans, spans) == 1


def test_more_spans_than_can_count_take_no_time() -> None:
    """Ten right ones among 100,000 have a mean below half a percent, which the official rounding makes 0."""
    right = [f"name {number}" for number in range(10)]

    assert spans_f1([*right, "wrong"], right) == 0.91
    assert spans_f1([*right, *["wrong"] * 1990], right) == 0
    assert spans_f1([*right, *["wrong"] * 1900], right) == 0.01
    assert same_spans("; ".join(right * 10_000), [right]).value == 0
    assert same_spans("9" * 1_000_000, [right]).value == 0
