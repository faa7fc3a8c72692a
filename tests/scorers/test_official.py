"""The official scripts' rules, and how a benchmark is scored by them."""

import json
import random

import pytest

from pytest_modeleval.scorers.official import cmmlu_choice, cmmlu_letter, mmlu_pro_choice, mmlu_pro_letter
from tests.conftest import run
from tests.test_benchmarks import write_rows


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The answer is (B).", "B"),
        ("The answer is B. Wait, the answer is (C).", "B"),
        ("The answer is **B**.", "B"),
        ("the final answer is\nB", "B"),
        ("ANSWER: B", "B"),
        ("Answer: B", "B"),
        ("Answer: C or answer: D\nAnswer: E", "D"),
        ("Answer: Answer: B", "B"),
        ("Answer:\n\nB", "B"),
        ("Not A but perhaps (D), says Bob.", "D"),
        ("I think so.", "I"),
        ("Answer: K", None),
        ("答案是B", None),
        ("b", None),
        ("", None),
    ],
)
def test_mmlu_pros_official_letter(text: str, letter: str | None) -> None:
    """What `extract_answer` gave for each; it gave the same for 142,671 recorded answers of 12 models."""
    assert mmlu_pro_letter(text) == letter


@pytest.mark.parametrize("options", [3, 4, 9, 10])
def test_mmlu_pros_guess_is_the_official_one(options: int) -> None:
    random.seed(12345)
    official = "ABCDEFGHIJ"[random.randint(0, options - 1)]

    score = mmlu_pro_choice("No idea.", official, ["x"] * options)

    assert (score.passed, score.got, score.found) == (True, official, False)
    assert score.why == "the official script's guess: no option in the answer"


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("B或C", "B"),
        ("答案是\uff1aC", "C"),
        ("答案\n是C", "C"),
        ("答案应该是D", "D"),
        ("故选B", "B"),
        ("不选B", "B"),
        ("C选项正确", "C"),
        ("正确选项为 D", "D"),
        ("答案为上面的C", "C"),
        ("\u3000A错误\uff0cB和C正确", "C"),
        ("\u3000A、B当选", "B"),
        ("我认为是 D", "D"),
        ("只有 D", "D"),
        ("A 和 D", "A"),
        ("是A还是D", "D"),
        ("答案\uff1a\uff22", None),
        ("", None),
    ],
)
def test_cmmlus_official_letter(text: str, letter: str | None) -> None:
    """What `extract_choice` gave for each, after the lines were joined as its callers do."""
    assert cmmlu_letter(text) == letter


def test_cmmlus_guess_stays_the_same_for_an_answer() -> None:
    guesses = [cmmlu_choice(f"不知道{n}", "A", ["x"] * 4).got for n in range(40)]

    assert guesses == [cmmlu_choice(f"不知道{n}", "A", ["x"] * 4).got for n in range(40)]
    assert set(guesses) == set("ABCD")


@pytest.fixture
def recorded(pytester: pytest.Pytester) -> pytest.Pytester:
    """One question of MMLU-Pro whose right answer is I, and an answer that corrects itself."""
    write_rows(pytester, "mmlu_pro")
    row = {"id": "mmlu_pro[physics-00000]", "text": "The answer is (I). Wait, no. The answer is (C)."}
    (pytester.path / "answers.jsonl").write_text(json.dumps(row))
    return pytester


ASK = ("--model", "replay:answers.jsonl", "--eval-data", "data", "--eval-shots", "0")
ONE = ("-k", "test_mmlu_pro[physics-00000")


def choose(project: pytest.Pytester, rule: str, benchmark: str = "mmlu_pro") -> None:
    (project.path / "modeleval.toml").write_text(f'[benchmarks.{benchmark}]\nrule = "{rule}"\n')


def test_the_config_chooses_the_rule(recorded: pytest.Pytester) -> None:
    run(recorded, *ASK, *ONE).assert_outcomes(failed=1)

    choose(recorded, "official")
    run(recorded, *ASK, *ONE).assert_outcomes(passed=1)


def test_a_baseline_under_one_rule_is_none_for_the_other(recorded: pytest.Pytester) -> None:
    run(recorded, *ASK, *ONE, "--eval-save-baseline", "b.json")
    # Another system's: over the very answers of the baseline no gate runs at all.
    answers = recorded.path / "answers.jsonl"
    answers.write_text(f"{answers.read_text()}\n")
    choose(recorded, "official")

    result = run(recorded, *ASK, *ONE, "--eval-baseline", "b.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: mmlu_pro: the baseline's scorer was *, this run's is *"])


@pytest.mark.parametrize(
    ("name", "rule", "message"),
    [
        ("mmlu_pro", "oficial", "ERROR: unknown rule of mmlu_pro: 'oficial'; did you mean 'official'? *own*"),
        ("arithmetic", "official", "ERROR: arithmetic offers no rules to choose among: leave rule = 'official' out"),
    ],
)
def test_an_unknown_rule_is_refused(recorded: pytest.Pytester, name: str, rule: str, message: str) -> None:
    choose(recorded, rule, name)

    result = run(recorded, *ASK, "-k", f"test_{name}[")

    result.stderr.fnmatch_lines([message])
