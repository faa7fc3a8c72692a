"""LLMBar's four judges as a panel of battles, and its experts as people who voted (arXiv:2310.07641)."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.arena.battle import COMPARE
from pytest_modeleval.judging.fence import fenced
from pytest_modeleval.judging.votes import answer_hash
from pytest_modeleval.store.messages import sample_rows
from tests.arena.conftest import document, verdict
from tests.conftest import run

JUDGES = ("GPT-4", "ChatGPT", "LLaMA2", "PaLM2")
PARTS = ("Natural", "Neighbor", "GPTInst")
BENCHMARK = """
import json
from pathlib import Path
from pytest_modeleval import Completion, Sample, benchmark, generated

ROWS = json.loads(Path(__file__).with_name("rows.json").read_text())

@benchmark(generated(lambda subset, index: ROWS[subset][index], {name: len(rows) for name, rows in ROWS.items()}),
           lambda row: Sample(row["input"], ""))
def test_llmbar(sample: Sample, completion: Completion) -> None:
    pass
"""
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def rows(real_data: Path) -> Rows:
    """The rows of some subsets."""
    path = real_data / "llmbar" / "llmbar_with_verdicts.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"no copy of LLMBar in {path.parent}")
    found: Rows = {part: [] for part in PARTS}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            part = row["subset"].removeprefix("Adversarial/")
            if part in found:
                found[part].append(row)
    return found


def asked(row: dict[str, Any], first: str, second: str) -> list[dict[str, str]]:
    """What a judge is asked, by another store's marks."""
    shown = {"first": fenced(row[first], "another secret"), "second": fenced(row[second], "another secret")}
    return [{"role": "user", "content": COMPARE.asked({"question": row["input"], **shown})}]


def record(folder: Path, rows: Rows) -> None:
    """The benchmark, both outputs as models' answers, the judges' recorded verdicts and the experts' votes."""
    (folder / "test_llmbar.py").write_text(BENCHMARK)
    (folder / "rows.json").write_text(json.dumps(rows))
    lines: dict[str, list[object]] = {}
    for part, own in rows.items():
        for index, row in enumerate(own):
            for number in (1, 2):
                answer = {"id": f"llmbar[{part}-{index:05}]", "text": row[f"output_{number}"]}
                lines.setdefault(f"output_{number}", []).append(answer)
            for judge in JUDGES:
                for order, first, second in (("shown_12", "1", "2"), ("shown_21", "2", "1")):
                    winner = row["verdicts"][judge][order][1]
                    said = "no idea" if winner is None else verdict("A>B" if winner == first else "B>A")
                    messages = asked(row, f"output_{first}", f"output_{second}")
                    lines.setdefault(judge, []).append({"messages": messages, "text": said})
            sample = sample_rows([{"role": "user", "content": row["input"]}], "", "")[0].hash
            hashes = {"first": answer_hash(row["output_1"]), "second": answer_hash(row["output_2"])}
            vote = {"sample": sample, **hashes, "vote": "A" if row["label"] == 1 else "B", "voter": "experts"}
            lines.setdefault("experts", []).append(vote)
    for name, own_lines in lines.items():
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in own_lines))


def test_the_panel_says_what_its_verdicts_say(project: pytest.Pytester, rows: Rows) -> None:
    record(project.path, rows)
    judges = [each for judge in JUDGES for each in ("--model", f"judge=replay:{judge}.jsonl")]
    models = (
        "--model",
        "replay:output_1.jsonl",
        "--model",
        "replay:output_2.jsonl",
        "--model",
        "judge=votes:experts.jsonl",
    )
    natural = ("-k", "Natural", "test_llmbar.py", "--eval-write", "out.json")

    result = run(project, *models, *judges, "--eval-arena", *natural)

    result.assert_outcomes(passed=100)
    told = document(project)
    # The README's check values: the same in both orders, and the share of those shown first that won.
    for judge, consistent, first in (("GPT-4", 0.95, 0.505), ("ChatGPT", 0.71, 0.605)):
        use = told["judges"][f"judge=replay:{judge}.jsonl"]
        assert (use["pairs"], use["consistent"] / use["pairs"], use["first"] / use["won"]) == (100, consistent, first)
    # Agreement with the experts, of those that say the same in both orders; the others' outcome is a tie.
    for judge in JUDGES:
        both = [
            (row["label"], *(row["verdicts"][judge][order][1] for order in ("shown_12", "shown_21")))
            for row in rows["Natural"]
        ]
        (agreed,) = [
            each
            for each in told["agreements"]
            if each["judges"] == ["judge=votes:experts.jsonl", f"judge=replay:{judge}.jsonl"]
        ]
        assert agreed["battles"] == sum(None not in each for each in both)
        assert agreed["share"]["mean"] == pytest.approx(
            sum(one == two == str(label) for label, one, two in both) / agreed["battles"]
        )
    result.stdout.fnmatch_lines(["judge=replay:GPT-4.jsonl: 200 verdicts; the same in both orders 95% of 100 pairs; *"])


def test_one_judge_that_cannot_be_read_is_no_verdict(project: pytest.Pytester, rows: Rows) -> None:
    """LLaMA2 on GPTInst: one of 184 replies has none, so that 91 battles are judged."""
    record(project.path, {"GPTInst": rows["GPTInst"]})
    models = ("--model", "replay:output_1.jsonl", "--model", "replay:output_2.jsonl")

    result = run(
        project,
        *models,
        "--model",
        "judge=replay:LLaMA2.jsonl",
        "--eval-arena",
        "test_llmbar.py",
        "--eval-write",
        "out.json",
    )

    result.assert_outcomes(passed=91, errors=1)
    told = document(project)
    (pair,) = told["pairs"]
    assert (pair["battles"], pair["errors"]) == (91, 1)
    # .7283 of 92.
    assert pair["battles"] - pair["split"] == 67
    winners = [
        tuple(row["verdicts"]["LLaMA2"][order][1] for order in ("shown_12", "shown_21")) for row in rows["GPTInst"]
    ]
    assert (pair["won"], pair["lost"]) == (winners.count(("1", "1")), winners.count(("2", "2")))


def test_consistency_is_not_agreement(project: pytest.Pytester, rows: Rows) -> None:
    """ChatGPT on Neighbor is consistent on 72 % of the pairs, and right about a fifth."""
    record(project.path, {"Neighbor": rows["Neighbor"]})
    models = (
        "--model",
        "replay:output_1.jsonl",
        "--model",
        "replay:output_2.jsonl",
        "--model",
        "judge=votes:experts.jsonl",
    )

    run(
        project,
        *models,
        "--model",
        "judge=replay:ChatGPT.jsonl",
        "--eval-arena",
        "test_llmbar.py",
        "--eval-write",
        "out.json",
    )

    told = document(project)
    use = told["judges"]["judge=replay:ChatGPT.jsonl"]
    assert use["consistent"] / use["pairs"] == pytest.approx(0.7164, abs=5e-5)
    assert use["first"] / use["won"] == pytest.approx(0.6194, abs=5e-5)
    (agreed,) = told["agreements"]
    assert agreed["share"]["high"] < 0.25
    assert agreed["kappa"]["high"] < 0
