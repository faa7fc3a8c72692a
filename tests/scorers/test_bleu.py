"""BLEU of one answer."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers import bleu as module
from pytest_modeleval.scorers.bleu import ORDERS, bleu, tokenizer_for

# (answer, references) → BLEU-1..4, from the counts that stand beside them.
CASES = {
    # 6/9, 2/8, 1/7 and, with nothing of length 4, half of 1/6; as long as the reference: no penalty.
    ("The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog"): (
        6 / 9,
        (6 / 9 * 2 / 8) ** (1 / 2),
        (6 / 9 * 2 / 8 * 1 / 7) ** (1 / 3),
        (6 / 9 * 2 / 8 * 1 / 7 * 1 / 12) ** (1 / 4),
    ),
    ("Paris", "Paris"): (1, 1, 1, 1),
    # All of two tokens of three: the penalty exp(1 - 3/2) alone, at every order.
    ("木星", "是木星"): (0.6065306597126334,) * 4,
    ("", "Paris"): (0, 0, 0, 0),
    ("London", "Paris"): (0, 0, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), CASES.items(), ids=lambda value: str(value[0])[:12])
def test_bleu(texts: tuple[str, str], expected: tuple[float, ...]) -> None:
    answer, reference = texts

    assert list(bleu(answer, [reference]).values()) == pytest.approx(expected)


def test_words_count_as_often_as_in_the_reference() -> None:
    """Papineni 2002, example 2: 2/7, where each "the" of seven would count without clipping."""
    answer, references = "the the the the the the the", ["the cat is on the mat", "there is a cat on the mat"]

    assert bleu(answer, references)["bleu-1"] == pytest.approx(2 / 7)


def test_the_whole_is_what_sacrebleus_own_command_prints(tmp_path: Path) -> None:
    answer, reference = "The dog bit the man today.", "The dog had bit the man."
    (tmp_path / "reference").write_text(reference)
    (tmp_path / "answer").write_text(answer)
    command = [sys.executable, "-m", "sacrebleu", "reference", "-i", "answer", "-sl", "-b", "-w", "10"]

    printed = subprocess.check_output(command, cwd=tmp_path, text=True)

    assert 100 * bleu(answer, [reference])["bleu-4"] == pytest.approx(float(printed))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("answer", ["a quick brown fox", "the quick the", "fox", "x y z", "over the lazy dog jumps"])
def test_each_order_is_sacrebleus(answer: str, order: int) -> None:
    references = ["the quick brown fox jumps over the lazy dog", "a fox jumps"]
    expected = BLEU(max_ngram_order=order, effective_order=True).sentence_score(answer, references).score

    assert bleu(answer, references)[f"bleu-{order}"] == pytest.approx(expected / 100)


@pytest.mark.parametrize(
    ("references", "tokenizer"),
    [(["Paris"], "13a"), (["是木星", "Jupiter"], "zh"), (["木星です"], "char"), (["สวัสดี"], "char"), (["서울"], "13a")],
)
def test_the_references_script_chooses_the_tokenizer(references: list[str], tokenizer: str) -> None:
    assert tokenizer_for(references) == tokenizer


TEXTS = st.text(st.characters(), max_size=60)


@given(TEXTS, TEXTS)
def test_every_value_is_bounded_and_repeatable(answer: str, reference: str) -> None:
    found = bleu(answer, [reference])

    assert found == bleu(answer, [reference])
    assert all(0 <= value <= 1 for value in found.values())


@given(TEXTS.filter(str.strip))
def test_the_same_text_is_whole_and_an_empty_one_nothing(text: str) -> None:
    assert set(bleu(text, [text]).values()) == {1}
    assert set(bleu("", [text]).values()) == {0}


@pytest.mark.parametrize("text", ["." * 9_000, "1," * 9_000, "a.1-" * 3_000, "木" * 9_000, "\ud800\0" * 1000])
def test_long_and_odd_answers_are_scored(text: str) -> None:
    assert 0 <= bleu(text, ["one two"])["bleu-4"] < 1


def test_no_text_is_kept() -> None:
    bleu("one two", ["one two"])

    info = TokenizerRegexp.__call__.cache_info()
    assert info.currsize == 0


def test_without_sacrebleu_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    module._metric.cache_clear()

    with pytest.raises(SampleError, match=r"BLEU needs sacrebleu: pip install 'pytest-modeleval\[text\]'"):
        bleu("a", ["a"])


def test_a_single_reference_is_no_list_of_letters() -> None:
    assert bleu("a cat sat on it", "a cat sat on it") == bleu("a cat sat on it", ["a cat sat on it"])
