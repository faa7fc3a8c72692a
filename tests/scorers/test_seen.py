"""Short answers about pictures: the official functions' verdicts, worked out with them."""

import gzip
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_modeleval import Row
from pytest_modeleval.sample import Score, recorded_scores
from pytest_modeleval.scorers.seen import anls, holds_gold, is_close, likeness, relaxed_accuracy, same_words
from pytest_modeleval.scorers.vqa import agreement, normal_answer, soft_accuracy
from pytest_modeleval.scorers.yes_no import all_right, pope_reading, pope_score, same_yes_no, yes_or_no
from tests.conftest import run


def recorded(score: object, *given: object) -> dict[str, float]:
    """What a scorer records beside what it gives, by name."""
    scores: list[Score] = []
    token = recorded_scores.set(scores)
    try:
        score(*given)  # type: ignore[operator]
    finally:
        recorded_scores.reset(token)
    return {each.name: each.value for each in scores}


@pytest.mark.parametrize(
    ("gold", "answer", "passed"),
    [
        ("100", "104.9", True), ("100", "105", True), ("100", "105.1", False), ("0", "0", True), ("0", "0.01", False),
        ("50%", "0.5", True), ("50%", "50", False), ("0.5", "52%", True), ("Yes", "yes", True), ("-5", "-5.2", True),
        ("14", "14 million", False), ("2,000", "2000", False),
        # EvalScope has it so too; VLMEvalKit and lmms-eval compare texts where the gold is 0.
        ("0", "0.0", True),
    ],
)  # fmt: skip
def test_a_number_is_within_five_percent(gold: str, answer: str, passed: bool) -> None:
    assert is_close(answer, gold) is passed
    assert bool(relaxed_accuracy(f"I think so.\nANSWER: {answer}", gold)) is passed


@pytest.mark.parametrize("answer", ["nan", "inf", "1e999", "-inf"])
def test_what_is_no_finite_number_is_close_to_none(answer: str) -> None:
    assert not is_close(answer, "100")


@pytest.mark.parametrize(
    ("golds", "answer", "value"),
    [
        (["March 12, 2021"], "march 12 2021", 0.928571), (["ITC"], "itc limited", 0), (["$5.00"], "5.00", 0.8),
        (["a b"], "a  b", 1), (["abcd"], "abXX", 0.5), (["abcd", "wxyz"], "wxy", 0.75),
    ],
)  # fmt: skip
def test_likeness_is_one_less_the_edits_a_letter(golds: Sequence[str], answer: str, value: float) -> None:
    assert likeness(answer, golds) == pytest.approx(value, abs=1e-6)
    assert bool(anls(f"ANSWER: {answer}", golds)) is (value >= 0.5)


@pytest.mark.parametrize(("count", "value"), [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1), (10, 1)])
def test_an_answer_counts_by_how_many_gave_it(count: int, value: float) -> None:
    answers = ["blue"] * count + [f"other {number}" for number in range(10 - count)]

    assert agreement("the blue", answers) == pytest.approx(value)
    assert soft_accuracy("ANSWER: Blue.", answers).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "normal"),
    [("Two", "2"), ("a dog's bowl", "dog's bowl"), ("dont know", "don't know"), ("1,000", "1000"), ("yes.", "yes"),
     ("black/white", "black white"), ("black / white", "black white"), ("2.5", "2.5")],
)  # fmt: skip
def test_answers_are_compared_in_one_spelling(text: str, normal: str) -> None:
    assert normal_answer(text) == normal


def test_a_gold_stands_in_the_answer() -> None:
    assert holds_gold("The word is centre", ["CENTRE"])
    assert holds_gold("Ba=C", ["B a = C"], formula=True)
    assert not holds_gold("ba=c", ["B a = C"], formula=True)
    assert not holds_gold("", ["CENTRE"]).found
    said = recorded(holds_gold, "It may be centre.\nANSWER: center", ["CENTRE"])
    assert said == {"main": 0, "official": 1}


def test_the_letter_or_the_words_are_the_target() -> None:
    question = "Where?\n\nA. Left\nB. Right\n\nAnswer with the letter."

    assert same_words("It is on the right: ANSWER: B", "B", question)
    assert not same_words("maybe", "B", question).found
    assert same_words("2.", "2", "How many?")
    assert recorded(same_words, "I count 2.\nANSWER: 2", "2", "How many?") == {"official": 0, "main": 1}


@pytest.mark.parametrize(
    ("text", "said", "official"),
    [
        ("Yes", "yes", "yes"), ("No, there is none.", "no", "no"), ("There is no dog in it", "no", "no"),
        ("I see.\nANSWER: no", "no", "yes"), ("", "", "yes"), ("It is not there", "", "no"), ("NO", "no", "yes"),
        ("It may be yes or no", "", "no"), ("I see a dog", "", "yes"),
    ],
)  # fmt: skip
def test_no_answer_is_never_a_yes(text: str, said: str, official: str) -> None:
    assert (yes_or_no(text), pope_reading(text)) == (said, official)
    assert same_yes_no(text, "yes").found is bool(said)


def test_always_yes_has_popes_figures() -> None:
    """Of 1,500 each: accuracy 0.5, precision 0.5, recall 1, F1 2/3, yes ratio 1."""
    said = [recorded(pope_score, "yes", target) for target in ["yes", "no"] * 1500]

    for prefix in ("", "official_"):
        precision, recall = (
            math.fsum(values) / len(values)
            for name in ("precision", "recall")
            if (values := [each[prefix + name] for each in said if prefix + name in each])
        )
        assert (precision, recall) == (0.5, 1)
        assert 2 * precision * recall / (precision + recall) == pytest.approx(0.666667, abs=1e-6)
    assert sum(each["main"] for each in said) == 1500
    assert {each["yes_ratio"] for each in said} == {1}


@pytest.mark.parametrize(
    ("says", "figures"),
    [("yes", (0.421661, 0.072254, 0.046154)), ("no", (0.578339, 0.121387, 0.2))],
)
def test_hallusion_benchs_three_accuracies(real_data: Path, says: str, figures: Sequence[float]) -> None:
    """What the official script makes of its 951 questions with a picture, where a model always says the same."""
    from benchmarks.test_hallusion_bench import to_sample

    rows = json.loads((real_data / "hallusion_bench/HallusionBench.json").read_text())
    samples = [to_sample(Row({**row, "image": ""}, "x")) for row in rows if row["visual_input"] != "0"]
    right = [float(bool(same_yes_no(says, sample.target))) for sample in samples]

    assert len(samples) == 951
    assert sum(right) / 951 == pytest.approx(figures[0], abs=1e-6)
    for axis, groups, figure in (("figure", 346, figures[1]), ("question", 455, figures[2])):
        values = [sample.axes[axis] for sample in samples]
        found = all_right(list(zip(right, values, strict=True)))
        assert found
        assert (len(set(values)), round(found.mean, 6)) == (groups, figure)


def test_four_in_five_recorded_answers_to_hallusion_bench_say_yes_or_no(real_data: Path) -> None:
    rows = json.loads((real_data / "hallusion_bench/HallusionBench_result_sample.json").read_text())
    said = [yes_or_no(row["model_prediction"]) for row in rows]

    assert len(said) == 254
    assert said.count("") == 49


def test_popes_real_rows(real_data: Path) -> None:
    from benchmarks.test_pope import to_sample

    for part in ("adversarial", "popular", "random"):
        with gzip.open(real_data / f"pope/coco/coco_pope_{part}.json.gz", "rt") as file:
            rows = [json.loads(line) for line in file]
        samples = [to_sample(Row({"question": row["text"], "answer": row["label"], "image": ""}, "x")) for row in rows]
        assert [sample.target for sample in samples].count("yes") == 1500
        assert len(samples) == 3000


def test_ocr_benchs_real_rows(real_data: Path) -> None:
    """Each gold is a right answer to its question, and the subsets are the data's ten."""
    from benchmarks.test_ocr_bench import OCR_BENCH, to_sample

    rows = json.loads((real_data / "ocr_bench/OCRBench.json").read_text())

    assert {row["type"] for row in rows} == set(OCR_BENCH.subsets)
    for row in rows:
        sample = to_sample(Row({**row, "answer": row["answers"], "dataset": row["dataset_name"], "image": ""}, "x"))
        assert holds_gold(
            f"ANSWER: {sample.target}", sample.metadata["golds"], formula=row["dataset_name"] == "HME100k"
        )


def test_figures_by_axes_stand_in_the_table(pytester: pytest.Pytester) -> None:
    from tests.test_benchmarks import write_answers, write_rows

    write_rows(pytester, "hallusion_bench")

    result = run(pytester, *write_answers(pytester, "hallusion_bench"), "-k", "hallusion_bench")

    result.stdout.re_match_lines([r".* main .* 0\.500 .*", r".* fAcc .* 0\.500 .*", r".* qAcc .* 0\.000 .*"])


@pytest.mark.parametrize("every", ["0", "true", "1.5", "'x'"])
def test_vqas_part_is_one_in_a_whole_number(pytester: pytest.Pytester, every: str) -> None:
    from tests.test_benchmarks import write_answers, write_rows

    write_rows(pytester, "vqav2")

    result = run(pytester, *write_answers(pytester, "vqav2"), "-k", "vqav2", "--eval-set", f"vqav2.every={every}")

    result.stderr.re_match_lines([".*every takes a whole number of at least 1, not .*"])
