"""Every shipped benchmark on two made-up rows, a right and a wrong answer, and on the real data where it lies."""

import gzip
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.models.spec import TINY
from tests.conftest import alias, run, run_alone


@dataclass(frozen=True)
class Recorded:
    """`rows/NAME.json`: a benchmark's made-up rows, answers to them, and what is known of the real data.

    ``files`` are the rows, or the text, by the file's path; ``right`` and ``wrong`` the answers by the item's id; ``asked`` is a
    pattern (fnmatch) of the last message, ``weighed`` are the pairs that log-likelihoods are asked for, the context a
    pattern. ``real`` has the number of samples of the copy in shared/data, the first one's target and number of
    messages, and the flags that the copy needs; ``reference`` says whether the target itself is a right answer.
    ``judge`` is what a judge says, by the item's id, to all that it is asked of it. ``flags`` are those that the
    answers need to be scored.
    """

    files: dict[str, list[dict[str, Any]] | str]
    right: dict[str, str]
    wrong: dict[str, str]
    asked: str
    weighed: list[list[str]] = field(default_factory=list)
    real: dict[str, Any] = field(default_factory=dict)
    reference: bool = True
    judge: dict[str, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)


RECORDED = {
    path.stem: Recorded(**json.loads(path.read_text("utf-8")))
    for path in (Path(__file__).parent / "rows").glob("*.json")
}
REAL = sorted(name for name, recorded in RECORDED.items() if recorded.real)
# What needs a file of the user's to be scored, and has tests of its own: in scorers/.
JUDGED_ELSEWHERE = {"scicode", "swe_bench_lite", "swe_bench_verified", "terminal_bench"}
BENCHMARKS = {path.stem.removeprefix("test_") for path in (Path(__file__).parents[1] / "benchmarks").glob("test_*.py")}

# Each answer of these is a program that runs.
OF_CODE = {"mbpp", "mbpp_plus"}

# Prints what the run would ask: how many samples, and of the first its target, its messages and the last one's text.
PRINT_ASKED = """
import json
from pytest_modeleval.items.collect import selected
from pytest_modeleval.sample import last_question

def pytest_collection_finish(session):
    samples = [ref.source.sample(ref.subset, ref.row) for ref in map(selected, session.items)]
    first = samples[0]
    print("ASKED", json.dumps([len(samples), first.target, len(first.messages), last_question(first.messages), getattr(first.prompt, 'pairs', ())]))
"""


def copy_of(real_data: Path, name: str) -> str:
    """The folder in which the benchmark's copy lies."""
    restricted = real_data / "_noncommercial"
    return str(restricted if (restricted / name).is_dir() else real_data)


def asked(result: pytest.RunResult) -> list[Any]:
    found = re.search(r"^ASKED (.*)", result.stdout.str(), re.MULTILINE)
    assert found, result.stdout.str()
    return json.loads(found[1])  # type: ignore[no-any-return]


def write_answers(pytester: pytest.Pytester, name: str) -> list[str]:
    """Write down the answers to a benchmark's rows, and a judge's verdicts on them; the flags that have them scored."""
    recorded = RECORDED[name]
    files = {"answers.jsonl": recorded.right | recorded.wrong, "verdicts.jsonl": recorded.judge}
    for file, texts in files.items():
        lines = [json.dumps({"id": f"{name}[{item}]", "text": text}) for item, text in texts.items()]
        (pytester.path / file).write_text("\n".join(lines))
    judge = ["--model", "judge=replay:verdicts.jsonl"] if recorded.judge else []
    return ["--model", "replay:answers.jsonl", *judge, "--eval-data", "data", *recorded.flags]


def shown(item: str) -> str:
    """An id as pytest writes it, for a pattern."""
    return re.escape(item.encode("ascii", "backslashreplace").decode())


def chosen(name: str, items: Iterable[str]) -> str:
    """What ``-k`` selects them by; of ids that are not ASCII, which pytest writes in escapes, all."""
    words = [f"test_{name}[{item}]" for item in items]
    return " or ".join(words) if words[0].isascii() else f"test_{name}["


def write_rows(pytester: pytest.Pytester, name: str) -> None:
    for file, rows in RECORDED[name].files.items():
        path = pytester.path / "data" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rows if isinstance(rows, str) else "".join(f"{json.dumps(row)}\n" for row in rows))


def test_every_benchmark_has_recorded_rows() -> None:
    assert set(RECORDED) == BENCHMARKS - {"arithmetic", "smoke"} - JUDGED_ELSEWHERE


@pytest.mark.parametrize("name", RECORDED)
def test_a_right_and_a_wrong_answer(pytester: pytest.Pytester, name: str) -> None:
    recorded = RECORDED[name]
    write_rows(pytester, name)
    answers = recorded.right | recorded.wrong

    result = run(pytester, *write_answers(pytester, name), "-k", chosen(name, answers), "-rpf")

    said = result.stdout.str()
    passed = {item for item in answers if re.search(rf"^PASSED .*\[{shown(item)}\]", said, re.MULTILINE)}
    failed = {
        item for item in answers if re.search(rf"^test_\w+\[{shown(item)}\]  (?:asked|wrong)", said, re.MULTILINE)
    }
    assert (passed, failed) == (set(recorded.right), set(recorded.wrong)), said


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_asked(pytester: pytest.Pytester, name: str) -> None:
    write_rows(pytester, name)
    pytester.makeconftest(PRINT_ASKED)
    first = chosen(name, [next(iter(RECORDED[name].right))])

    result = run(pytester, "--model", "tiny", "--eval-data", "data", "-k", first, "--co", "-qq", "-s")

    assert fnmatch(asked(result)[3], RECORDED[name].asked)


@pytest.mark.parametrize("name", [name for name, recorded in RECORDED.items() if recorded.weighed])
def test_what_is_weighed(pytester: pytest.Pytester, name: str) -> None:
    write_rows(pytester, name)
    pytester.makeconftest(PRINT_ASKED)
    flags = ["--model", "tiny", "--eval-data", "data", "--eval-set", "run.choices=loglikelihood", "--co", "-qq", "-s"]

    pairs = asked(run(pytester, *flags, "-k", f"{name}[{next(iter(RECORDED[name].right))}]"))[4]

    expected = RECORDED[name].weighed
    assert [continuation for _, continuation in pairs] == [continuation for _, continuation in expected]
    for (context, _), (pattern, _) in zip(pairs, expected, strict=True):
        assert fnmatch(context, pattern), context


@pytest.mark.parametrize("name", REAL)
def test_the_real_data_is_whole(real_data: Path, pytester: pytest.Pytester, name: str) -> None:
    """Sizes are the papers', or those that the copy's README gives."""
    real = RECORDED[name].real
    pytester.makeconftest(PRINT_ASKED)

    flags = ["--eval-data", copy_of(real_data, name), "-k", f"test_{name}[", *real.get("flags", [])]

    result = run(pytester, "--model", "tiny", *flags, "--co", "-qq", "-s")

    samples, target, messages, *_ = asked(result)
    assert (samples, messages) == (real["samples"], real["messages"])
    assert target == real.get("target", target)


@pytest.mark.parametrize("name", [name for name in REAL if RECORDED[name].reference])
def test_targets_of_the_real_data_are_scored_right(real_data: Path, pytester: pytest.Pytester, name: str) -> None:
    """An answer that is the reference itself passes, on a seeded draw of the real rows."""
    pytester.makeconftest(
        """
        from pytest_modeleval import Chat, Completion

        class Reference:
            answers = {Chat}
            concurrency = 8
            async def check(self, kind): pass
            async def close(self): pass
            async def answer(self, request):
                return Completion(TARGETS[request.sample_id])

        TARGETS = {}

        def pytest_modeleval_open_model(spec):
            return Reference()

        def pytest_collection_finish(session):
            from pytest_modeleval.items.collect import selected
            for item in session.items:
                ref = selected(item)
                TARGETS[item.name.removeprefix("test_")] = ref.source.sample(ref.subset, ref.row).target
        """
    )
    alias(pytester, "reference", api="reference", model="x")

    real, most = RECORDED[name].real, 20 if name in OF_CODE else 200
    flags = ["--eval-data", copy_of(real_data, name), "-k", f"test_{name}[", *real.get("flags", [])]

    result = run(pytester, "--model", "reference", *flags, "--eval-limit", str(most))

    assert result.parseoutcomes()["passed"] == min(most, real["samples"])
    assert "failed" not in result.parseoutcomes()


def test_truthful_qa_weighs_all_true_answers(pytester: pytest.Pytester) -> None:
    """mc2 of one row by hand: the true answers are the best one, shown as an option, and the two further ones."""
    write_rows(pytester, "truthful_qa")
    item = next(iter(RECORDED["truthful_qa"].right))
    texts = [continuation for _, continuation in RECORDED["truthful_qa"].weighed]
    chances = [0.5 if text.startswith(" No") else 0.2 if text.startswith(" Yes") else 0.05 for text in texts]
    line = {"id": f"truthful_qa[{item}]", "choice_logprobs": [math.log(chance) - 2000 for chance in chances]}
    (pytester.path / "answers.jsonl").write_text(json.dumps(line))

    flags = ["--model", "replay:answers.jsonl", "--eval-data", "data", "--eval-set", "run.choices=loglikelihood"]
    result = run(pytester, *flags, "-k", f"truthful_qa[{item}]")

    assert (texts.index(" No, they remember for months"), len(texts)) == ("ABC".index(target_of(item)), 5)
    result.stdout.re_match_lines([".*truthful_qa +main +1 +0 +1.000", ".*mc2 +1 +0 +0.600"])


def target_of(item: str) -> str:
    return RECORDED["truthful_qa"].right[item].removeprefix("ANSWER: ")


def test_the_place_of_truthful_qas_true_answer_tells_nothing(real_data: Path) -> None:
    """In the data it is always the first; shuffled, it is as often first as any of the 4.9 answers on average."""
    from benchmarks.test_truthful_qa import to_sample

    with gzip.open(real_data / "truthful_qa/multiple_choice/validation.jsonl.gz", "rt") as file:
        targets = [to_sample(json.loads(line)).target for line in file]

    assert 100 < targets.count("A") < 240
    assert 100 < targets.count("D") < 240


def test_mmlu_is_reported_in_the_papers_groups(pytester: pytest.Pytester) -> None:
    from benchmarks.test_mmlu import MMLU

    groups = list(MMLU.subsets.values())

    assert {group: groups.count(group) for group in groups} == {
        "STEM": 18, "Humanities": 13, "Social Science": 12, "Other": 14,
    }  # fmt: skip


def test_the_bundled_model_passes_the_easy_and_fails_the_hard(pytester: pytest.Pytester) -> None:
    result = run_alone(pytester, "--model", "tiny")

    outcomes = result.parseoutcomes()
    assert outcomes["skipped"] == len(BENCHMARKS) - 2
    assert outcomes["passed"] + outcomes["failed"] == 225
    scores = {part: float(score) for part, score in re.findall(r"tiny +(\w+) +\d+ +0 +([\d.]+)", result.stdout.str())}
    assert scores["add"] > 0.8
    assert 0.2 < scores["multiply"] < 0.6
    assert 0.6 < scores["arithmetic"] < 0.9


def test_the_bundled_model_is_small() -> None:
    weights = (TINY / "model.safetensors").stat().st_size

    assert weights <= 3_000_000
    assert weights / 4 < 1_000_000


def test_arithmetic_is_not_in_the_training_data() -> None:
    """The script leaves the benchmark's questions out by their very text; so they must not repeat by chance."""
    from benchmarks.test_arithmetic import ARITHMETIC

    subsets = {s: {ARITHMETIC.row(s, i)["question"] for i in range(ARITHMETIC.count(s))} for s in ARITHMETIC.subsets}

    assert len(set().union(*subsets.values())) > 190
