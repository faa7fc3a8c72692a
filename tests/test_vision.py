"""Benchmarks with pictures: figures beside the main one, orders of options, rows that are left out, real rows."""

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import test_math_vision, test_math_vista, test_mm_star
from pytest_modeleval.datasets import Row
from pytest_modeleval.items.prompts import EITHER, composed
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.mathvista import mathvista_official, same_value
from tests.conftest import alias, run
from tests.test_benchmarks import write_rows

PNG = "data:image/png;base64,iVBORw0KGgo="


def asked(pytester: pytest.Pytester, name: str, answers: dict[str, str], *flags: str) -> pytest.RunResult:
    write_rows(pytester, name)
    lines = [json.dumps({"id": f"{name}[{item}]", "text": text}) for item, text in answers.items()]
    (pytester.path / "answers.jsonl").write_text("\n".join(lines))
    return run(pytester, "--model", "replay:answers.jsonl", "--eval-data", "data", "--eval", name, *flags)


@pytest.mark.parametrize(
    ("name", "answers", "expected"),
    [
        # The nearest of "red" and "blue" to nothing is "red", and 14.9 cut off is 14.
        ("math_vista", {"default-00000": "", "default-00003": "ANSWER: 14.9"}, (0.0, 1.0)),
        ("mmmu_pro", {"standard__10_options_-00000": "Nothing.", "standard__10_options_-00001": "(A)"}, (0.5, 0.55)),
    ],
)
def test_the_official_figure_stands_beside_ours(
    pytester: pytest.Pytester, name: str, answers: dict[str, str], expected: tuple[float, float]
) -> None:
    result = asked(pytester, name, answers, "-k", " or ".join(f"test_{name}[{item}]" for item in answers))

    lines = re.findall(r"(main|official) +\d+ +\d+ +([\d.]+)", result.stdout.str())
    assert {metric: float(mean) for metric, mean in lines} == {"main": expected[0], "official": expected[1]}


def test_other_questions_of_mmmu_pro_are_asked_by_name(pytester: pytest.Pytester) -> None:
    write_rows(pytester, "mmmu_pro")
    flags = ["--model", "tiny", "--eval-data", "data", "--co", "-q"]

    assert "2 tests collected" in run(pytester, *flags, "--eval", "mmmu_pro").stdout.str()
    one = run(pytester, *flags, "--eval", "mmmu_pro/standard (4 options),mmmu_pro/vision").stdout.str()
    assert re.findall(r"test_mmmu_pro\[(.*)-0", one) == ["standard__4_options_", "vision"]


def test_science_qa_leaves_out_what_has_no_picture(pytester: pytest.Pytester) -> None:
    result = asked(pytester, "science_qa", {"default-00000": "ANSWER: A", "default-00001": "ANSWER: B"}, "-rs")

    assert result.parseoutcomes() == {"passed": 2, "skipped": 1}
    result.stdout.fnmatch_lines(["*it has no picture*"])


CIRCLING = """
import re
from pytest_modeleval import Chat, Completion

ASKED = []

class Circling:
    answers = {Chat}
    concurrency = 1
    async def check(self, kind): pass
    async def close(self): print("ASKED", len(ASKED))
    async def answer(self, request):
        (message,) = request.messages
        assert [part["type"] for part in message["content"]] == ["image_url", "text"]
        ASKED.append(text := message["content"][1]["text"])
        return Completion(f"ANSWER: {WANTED(text)}")

def pytest_modeleval_open_model(spec):
    return Circling()

def letter_of(option):
    return lambda text: re.search(rf"^([A-D])\\. {option}$", text, re.MULTILINE)[1]

"""


@pytest.mark.parametrize(
    ("wanted", "main", "vanilla", "requests"),
    [('letter_of("blue")', 1.0, 1.0, 4), ('lambda text: "B"', 0.0, 1.0, 2), ('letter_of("red")', 0.0, 0.0, 1)],
)
def test_mm_bench_wants_the_option_in_every_order(
    pytester: pytest.Pytester, wanted: str, main: float, vanilla: float, requests: int
) -> None:
    write_rows(pytester, "mm_bench")
    pytester.makeconftest(f"{CIRCLING}WANTED = {wanted}\n")
    alias(pytester, "circling", api="circling", model="x")

    flags = ["--eval-data", "data", "-k", "mm_bench[en-00002]", "-s"]
    said = run(pytester, "--model", "circling", *flags).stdout.str()

    lines = dict(re.findall(r"(main|vanilla) +1 +0 +([\d.]+)", said))
    assert {metric: float(mean) for metric, mean in lines.items()} == {"main": main, "vanilla": vanilla}, said
    assert f"ASKED {requests}" in said


def test_mm_benchs_own_rotations_are_no_further_questions(pytester: pytest.Pytester) -> None:
    write_rows(pytester, "mm_bench")

    said = run(pytester, "--model", "tiny", "--eval-data", "data", "--eval", "mm_bench", "--co", "-q").stdout.str()

    assert re.findall(r"test_mm_bench\[(.*)\]", said) == ["en-00000", "en-00002", "cn-00000", "cn-00002"]


def real_rows(folder: Path) -> Sequence[dict[str, Any]]:
    with gzip.open(folder / "testmini.jsonl.gz", "rt") as file:
        return [{**json.loads(line), "decoded_image": PNG} for line in file]


def test_every_answer_of_math_vista_is_right(real_data: Path) -> None:
    """The copy has no pictures, so that the questions and the scoring are real, and their pictures made up."""
    for row in real_rows(real_data / "math_vista"):
        sample = test_math_vista.to_sample(Row(row, row["pid"]))
        kind, precision = sample.metadata["kind"], sample.metadata["precision"]
        answer = f"ANSWER: {sample.target}"
        ours = (
            same_choice(answer, sample.target, sample.options)
            if sample.options
            else same_value(answer, sample.target, kind, precision)
        )
        assert ours, row["pid"]
        assert mathvista_official(answer, row["answer"], sample.options, kind, precision), row["pid"]


def test_a_picture_of_math_vision_may_hold_several(real_data: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(real_data / "math_vision/data/testmini-00000-of-00001.parquet").to_pylist()
    several = [row for row in rows if row["question"].count("<image") > 1]

    assert len(several) == 22
    for row in several:
        sample = test_math_vision.to_sample(Row(row, row["id"]))
        (message,) = composed(sample, [], template=EITHER).messages
        assert [part["type"] for part in message["content"]] == ["image_url", "text"]
        assert "(picture 1)" in message["content"][1]["text"]


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("Which?\nOptions: A: red, or so, B: blue, C: green., D: 4", ["red, or so", "blue", "green.", "4"]),
        ("Vitamin A: why?\nOptions:\n(A) red\n(B) blue", ["red", "blue"]),
        ("Which? Choices: A. red", ["", "", "", ""]),
        ("Which?\nOptions: A: red, C: blue", ["", "", "", ""]),
    ],
)
def test_options_of_mm_star_are_read_out_of_the_question(question: str, options: Sequence[str]) -> None:
    assert test_mm_star.options_in(question) == options
