"""What answers and references share: exact match, token F1, ROUGE."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.overlap import exact_match, rouge, words


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The quick, brown fox!", ["the", "quick", "brown", "fox"]),
        ("3.5 per-cent snake_case", ["3", "5", "per", "cent", "snake", "case"]),
        ("是木星。", ["是", "木", "星"]),
        ("用 Python 3 写", ["用", "python", "3", "写"]),
        ("ＡＢＣ１２３", ["abc123"]),
        ("カタカナ", ["カ", "タ", "カ", "ナ"]),
        ("Straße naïve", ["strasse", "naïve"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("العَرَبِيَّة", ["العَرَبِيَّة"]),
        ("대한민국의 수도", ["대한민국의", "수도"]),
        ("+ -", ["+", "-"]),
        ("", []),
    ],
    ids=["punctuation", "ascii marks", "han", "mixed", "full width", "kana", "latin", "indic", "arabic", "korean", "no word", "empty"],
)  # fmt: skip
def test_words(text: str, tokens: list[str]) -> None:
    assert words(text) == tokens


@pytest.mark.parametrize(
    ("answer", "references", "right"),
    [
        ("Paris", ["Paris"], True),
        (" paris. ", ["Paris"], True),
        ("Paris", ["London", "Paris"], True),
        ("是木星。", ["是木星"], True),
        ("+", ["+"], True),
        ("It is Paris", ["Paris"], False),
        ("Paris Paris", ["Paris"], False),
        ("", ["Paris"], False),
        ("-", ["+"], False),
        ("木星", ["是木星"], False),
    ],
)
def test_exact_match(answer: str, references: list[str], right: bool) -> None:
    assert exact_match(answer, references) == right


# (answer, reference) → (precision, recall) of ROUGE-1, ROUGE-2, ROUGE-L: what rouge-score 0.1.2 prints without its
# stemmer. The first is the example of its README; the next three are of Lin 2004, section 3.1, whose ROUGE-L is 3/4,
# 2/4 and 2/4.
ROUGE = {
    ("The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog"): (
        (6 / 8, 6 / 9),
        (2 / 7, 2 / 8),
        (5 / 8, 5 / 9),
    ),
    ("police kill the gunman", "police killed the gunman"): ((3 / 4, 3 / 4), (1 / 3, 1 / 3), (3 / 4, 3 / 4)),
    ("the gunman kill police", "police killed the gunman"): ((3 / 4, 3 / 4), (1 / 3, 1 / 3), (2 / 4, 2 / 4)),
    ("the gunman police killed", "police killed the gunman"): ((1, 1), (2 / 3, 2 / 3), (2 / 4, 2 / 4)),
    ("a b x c y g", "a b c d e f g"): ((4 / 6, 4 / 7), (1 / 5, 1 / 6), (4 / 6, 4 / 7)),
    ("it is 3.5 percent in 2020", "It's 3.5 per cent, e.g. in 2020"): ((5 / 7, 5 / 10), (2 / 6, 2 / 9), (5 / 7, 5 / 10)),
    ("the cat the", "the the the cat"): ((1, 3 / 4), (1 / 2, 1 / 3), (2 / 3, 2 / 4)),
    ("two", "one"): ((0, 0), (0, 0), (0, 0)),
    ("one", "one two"): ((1, 1 / 2), (0, 0), (1, 1 / 2)),
    ("木星", "是木星"): ((1, 2 / 3), (1, 1 / 2), (1, 2 / 3)),
    ("", "one"): ((0, 0), (0, 0), (0, 0)),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), ROUGE.items(), ids=lambda value: str(value[0])[:20])
def test_rouge(texts: tuple[str, str], expected: tuple[tuple[float, float], ...]) -> None:
    answer, reference = texts

    found = rouge(answer, [reference])

    assert list(found) == ["rouge-1", "rouge-2", "rouge-l"]
    assert [(overlap.precision, overlap.recall) for overlap in found.values()] == [pytest.approx(e) for e in expected]


def test_rouge_f1_is_the_readmes() -> None:
    """rouge1 0.7058…, rougeL 0.5882… as its scorer returns them for the README's example."""
    found = rouge("The quick brown dog jumps on the log.", ["The quick brown fox jumps over the lazy dog"])

    assert (found["rouge-1"].f1, found["rouge-l"].f1) == pytest.approx((0.7058823529411765, 0.5882352941176471))


def test_of_several_references_the_best_counts() -> None:
    assert rouge("a b", ["c d", "a b", "a"])["rouge-2"].f1 == 1
    assert rouge("a b", ["c d", "a x y"])["rouge-1"].f1 == pytest.approx(2 * 1 / (2 + 3))


TEXTS = st.text(st.characters(), max_size=60)


@given(TEXTS, TEXTS)
def test_all_values_are_bounded_and_repeatable(answer: str, reference: str) -> None:
    found = rouge(answer, [reference])

    assert found == rouge(answer, [reference])
    for overlap in found.values():
        assert 0 <= overlap.precision <= 1
        assert 0 <= overlap.recall <= 1
        assert 0 <= overlap.f1 <= 1
    assert exact_match(answer, [reference]) in (0, 1)
    assert exact_match(answer, [reference]) <= found["rouge-1"].f1


@given(TEXTS.filter(str.strip))
def test_the_same_text_is_whole_and_an_empty_one_nothing(text: str) -> None:
    assert exact_match(text, [text]) == rouge(text, [text])["rouge-1"].f1 == rouge(text, [text])["rouge-l"].f1 == 1
    assert exact_match("", [text]) == rouge("", [text])["rouge-1"].f1 == rouge("", [text])["rouge-l"].f1 == 0


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_the_longest_common_subsequence_is_the_textbooks(one: list[str], two: list[str]) -> None:
    lengths = [[0] * (len(two) + 1) for _ in range(len(one) + 1)]
    for i, left in enumerate(one):
        for j, right in enumerate(two):
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if left == right else max(lengths[i][j + 1], lengths[i + 1][j])

    found = rouge(" ".join(one), [" ".join(two)])["rouge-l"]

    assert found.precision * len(one) == pytest.approx(lengths[-1][-1])
    assert found.recall * len(two) == pytest.approx(lengths[-1][-1])


@pytest.mark.parametrize(
    "text", ["a " * 50_000, "木" * 50_000, "\ufdfa" * 10_000, "." * 50_000, "\ud800 \0" * 1000, "9" * 200_000]
)
def test_long_and_odd_answers_are_scored(text: str) -> None:
    assert exact_match(text, ["a b c"]) == 0
    assert 0 <= rouge(text, ["a b c " * 100])["rouge-l"].f1 <= 1


def test_a_single_reference_is_no_list_of_letters() -> None:
    assert (exact_match("a cat", "a cat"), exact_match("a", "a cat")) == (1, 0)
    assert rouge("a cat", "a cat") == rouge("a cat", ["a cat"])
