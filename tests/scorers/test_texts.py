"""The words of an answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.texts import Normalise, holds_text, literal, plain, same_text, spaced, token_f1

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)
NORMALISERS = [plain, spaced, literal]


@pytest.mark.parametrize(
    ("normalise", "answer", "target"),
    [
        (plain, "The Eiffel Tower.", "eiffel tower"),
        (plain, "ANSWER: **Jane Ballou**", "Jane Ballou"),
        (plain, "Reasons.\n\n### Answer\nJane Ballou", "Jane Ballou"),
        (plain, "**Final Answer**\n\nJane Ballou", "Jane Ballou"),
        (plain, "<answer>Jane Ballou</answer>", "Jane Ballou"),
        (plain, "答案是巴黎。", "巴黎"),
        (plain, "Therefore, the answer is (Jane Ballou).", "Jane Ballou"),
        (plain, "84,512", "84512"),
        (plain, "75.68", "75.68%"),
        (plain, "$400", "400"),
        (plain, "-5", "-5."),
        (plain, "A", "A"),
        (plain, "The The", "the the"),
        (plain, "“Café” Noir", "“café” noir"),
        (spaced, "Sunset-Boulevard", "sunset boulevard"),
        (spaced, "Who's Who", "who s who"),
        (spaced, "Sixty_Four", "sixty four"),
        (spaced, "‘Rocket’ man", "rocket man"),
        (literal, "So the answer is (B).", "(B)"),
        (literal, "So the answer is **Yes**.", "yes"),
        (literal, "the answer is \\boxed{\\text{invalid}}", "invalid"),
        (literal, "So the answer is ] } ].", "] } ]"),
        (literal, "So the answer is ]}].", "] } ]"),
        (literal, "So the answer is $-219$.", "-219"),
        (literal, "So the answer is costume  counterpart oven.", "costume counterpart oven"),
        (literal, "True", "True"),
        (literal, "Monsters, Inc", "Monsters, Inc"),
    ],
)
def test_these_are_the_target(normalise: Normalise, answer: str, target: str) -> None:
    score = same_text(answer, [target], normalise=normalise)

    assert score, score
    assert score.value == 1
    assert token_f1(answer, [target], normalise=normalise).value == 1
    assert holds_text(answer, [target], normalise=normalise)


@pytest.mark.parametrize(
    ("normalise", "answer", "target"),
    [
        (plain, "The capital of France is Paris.", "Paris"),
        (plain, "P", "Paris"),
        (plain, "", "Paris"),
        (plain, "the", "A"),
        (plain, "...", "The The"),
        (plain, "7.55", "75.5"),
        (plain, "-5", "5"),
        (plain, "3", "3.14"),
        (spaced, "s", "Sunset Boulevard"),
        (spaced, "It was filmed on Sunset Boulevard", "Sunset Boulevard"),
        (spaced, "sunsetboulevard", "sunset boulevard"),
        (literal, "So the answer is Yes, he does.", "Yes"),
        (literal, "So the answer is ] ] }.", "] } ]"),
        (literal, "So the answer is [ { ] } ].", "] } ]"),
        (literal, "219", "-219"),
        (literal, "So the answer is counterpart costume oven.", "costume counterpart oven"),
        (literal, "valid", "invalid"),
        (literal, "A", "(A)"),
    ],
)
def test_these_are_not(normalise: Normalise, answer: str, target: str) -> None:
    assert not same_text(answer, [target], normalise=normalise)


@pytest.mark.parametrize("score", [same_text, holds_text, token_f1])
def test_a_single_target_is_no_list_of_letters(score: Any) -> None:
    assert score("Sunset Boulevard", "Sunset Boulevard") == score("Sunset Boulevard", ["Sunset Boulevard"])
    assert score("Sunset Boulevard", "Sunset Boulevard").passed
    assert not score("s", "Sunset Boulevard").passed


def test_any_target_will_do_and_the_first_is_shown() -> None:
    score = same_text("sunset blvd", ["Sunset Boulevard", "Sunset Blvd."])

    assert (score.passed, score.expected, score.got) == (True, "Sunset Boulevard", "sunset blvd")


@pytest.mark.parametrize(
    ("answer", "targets", "f1"),
    [
        ("Paris", ["Paris"], 1),
        ("the city of Paris", ["Paris"], 0.5),
        ("Paris, France", ["Paris", "city of Paris France"], 2 * 1 * 0.5 / 1.5),
        ("Paris Paris Paris", ["Paris"], 0.5),
        ("London", ["Paris"], 0),
        ("", ["Paris"], 0),
        ("P", ["Paris"], 0),
    ],
)
def test_f1_over_words(answer: str, targets: list[str], f1: float) -> None:
    """SQuAD's and TriviaQA's: words count as often as they stand in both, the best target counts."""
    score = token_f1(answer, targets)

    assert score.value == pytest.approx(f1)
    assert score.passed == (f1 == 1)


@pytest.mark.parametrize(
    ("answer", "target", "held"),
    [
        ("The capital of France is Paris.", "Paris", True),
        ("In August 24, 1974, he left", "August 24, 1974", True),
        ("P", "Paris", False),
        ("Comparison", "Paris", False),
        ("Parisian", "Paris", False),
        ("18", "1", False),
        ("", "Paris", False),
    ],
)
def test_a_target_in_the_answer(answer: str, target: str, *, held: bool) -> None:
    """The target has to stand in the answer, not the answer in the target."""
    assert holds_text(answer, [target]).passed == held


@pytest.mark.parametrize("scorer", [same_text, holds_text, token_f1])
def test_targets_without_text_are_the_benchmarks_mistake(scorer: object) -> None:
    with pytest.raises(ValueError, match=r"the targets \['', ' '\] hold no text"):
        scorer("Paris", ["", " "])  # type: ignore[operator]


@given(ANY_TEXT, ANY_TEXT.filter(str.strip), st.sampled_from(NORMALISERS))
def test_no_text_breaks_it(text: str, target: str, normalise: Normalise) -> None:
    for scorer in (same_text, holds_text, token_f1):
        score = scorer(text, [target], normalise=normalise)

        assert 0 <= score.value <= 1
        assert score == scorer(text, [target], normalise=normalise)
        assert not scorer("", [target], normalise=normalise)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1), st.sampled_from(NORMALISERS))
def test_every_word_is_itself(word: str, normalise: Normalise) -> None:
    assert same_text(f"ANSWER: {word}", [word], normalise=normalise)


@pytest.mark.parametrize("piece", ["the ", "-", ".5", "a", "1.", "*", "\ud800", "\0"])
@pytest.mark.parametrize("normalise", NORMALISERS)
def test_a_long_answer_takes_no_long_time(piece: str, normalise: Normalise) -> None:
    text = piece * 100_000

    assert not same_text(text, ["Paris"], normalise=normalise)
    assert not token_f1(text, ["Paris"], normalise=normalise)
    assert not holds_text(text, ["Paris"], normalise=normalise)
