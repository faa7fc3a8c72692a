"""LLMBar's four judges, recorded in both orders, as a panel: the check values of its README come out."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.judging.fence import fenced
from pytest_modeleval.judging.rubric import Preference, Rubric
from tests.conftest import FaultyServer, run

PROMPT = "Which output follows the instruction?\\n{instruction}\\n(a):\\n{first}\\n(b):\\n{second}"
JUDGES = ("GPT-4", "ChatGPT", "LLaMA2", "PaLM2")
SUBSETS = {"natural": "Natural", "neighbor": "Adversarial/Neighbor", "gptinst": "Adversarial/GPTInst"}
BODY = """
@benchmark(generated(lambda subset, index: DATA[{name!r}][index], {{"main": len(DATA[{name!r}])}}), sample_of)
async def test_{name}(sample: Sample, judge: Judge) -> None:
    one, two = sample.metadata["outputs"]
    battle = await judge.compare(BETTER, one, two, instruction=sample.asked)
    Score(battle.value, battle.value == float(sample.target))
"""
SOURCE = f"""
import json
from pathlib import Path
from pytest_modeleval import Judge, Preference, Rubric, Sample, Score, benchmark, generated

DATA = json.loads(Path(__file__).with_name("rows.json").read_text())
BETTER = Rubric("{PROMPT}", Preference())

def sample_of(row):
    return Sample(row["input"], str(2 - row["label"]), metadata={{"outputs": [row["output_1"], row["output_2"]]}})
"""
# Accuracy where output 1 was shown first, where it was second, the same winner in both, share of the first shown.
PUBLISHED = {
    ("natural", "GPT-4"): (0.95, 0.96, 0.95, 0.505),
    ("natural", "ChatGPT"): (0.80, 0.83, 0.71, 0.605),
    ("neighbor", "GPT-4"): (0.7761, 0.7985, 0.9328, 0.5112),
    ("neighbor", "ChatGPT"): (0.2239, 0.1642, 0.7164, 0.6194),
}


@pytest.fixture
def rows(real_data: Path) -> Mapping[str, Sequence[dict[str, Any]]]:
    """The rows of each subset."""
    path = real_data / "llmbar" / "llmbar_with_verdicts.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"no LLMBar in {path}")
    with gzip.open(path, "rt") as file:
        found = [json.loads(line) for line in file]
    return {name: [row for row in found if row["subset"] == subset] for name, subset in SUBSETS.items()}


def recorded(row: Mapping[str, Any], judge: str) -> list[dict[str, Any]]:
    """A judge's two replies on a row, as `replay:` reads them: what cannot be read stays as it was said."""
    rubric = Rubric(PROMPT.replace("\\n", "\n"), Preference())
    replies = []
    for order, shown in (("shown_12", ("output_1", "output_2")), ("shown_21", ("output_2", "output_1"))):
        (text, _), winner = row["verdicts"][judge][order]
        if winner in ("1", "2"):
            text = json.dumps({"verdict": "A>B" if (winner == "1") == (order == "shown_12") else "B>A"})
        given = {name: fenced(row[output], "s") for name, output in zip(("first", "second"), shown, strict=True)}
        asked = rubric.asked({"instruction": row["input"], **given})
        replies.append({"messages": [{"role": "user", "content": asked}], "text": text})
    return replies


def test_four_recorded_judges_are_measured_by_experts_labels(
    project: pytest.Pytester, faulty: FaultyServer, rows: Mapping[str, Sequence[dict[str, Any]]]
) -> None:
    (project.path / "rows.json").write_text(json.dumps(rows))
    (project.path / "test_llmbar.py").write_text(SOURCE + "".join(BODY.format(name=name) for name in SUBSETS))
    for judge in JUDGES:
        replies = [reply for of in rows.values() for row in of for reply in recorded(row, judge)]
        (project.path / f"{judge}.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    labels = [
        {"benchmark": name, "sample": f"main-{number:05}", "label": "first" if row["label"] == 1 else "second"}
        for name, of in rows.items()
        for number, row in enumerate(of)
    ]
    (project.path / "labels.jsonl").write_text("".join(json.dumps(label) + "\n" for label in labels))
    panel = [argument for judge in JUDGES for argument in ("--model", f"judge=replay:{judge}.jsonl")]

    result = run(
        project, "--model", "faulty", *panel, "test_llmbar.py", "--eval-write", "out.json",
        "--eval-set", "judge.labels=labels.jsonl", "--eval-set", 'judge.believe={"errors": 0.05}', "--eval-min-score", "natural=0.1", "--eval-min-score", "neighbor=0.1",
    )  # fmt: skip

    document = json.loads((project.path / "out.json").read_text())
    found = {
        (each["benchmark"], next(name for name in JUDGES if f"{name}.jsonl" in judge["who"])): judge
        for each in document["calibrations"]
        for judge in each["judges"]
    }
    assert len(found) == 12
    for key, published in PUBLISHED.items():
        effect, orders = found[key]["order_effect"], found[key]["orders"]
        told = orders["AB"], orders["BA"], effect["consistent"], effect["first_shown"]
        assert [each["mean"] for each in told] == pytest.approx(published, abs=5e-5), key
    # Of LLaMA2's 92 pairs one reply cannot be read: no verdict on that pair, and not a wrong one as in the README.
    llama = found["gptinst", "LLaMA2"]
    assert (llama["n"], llama["order_effect"]["pairs"]) == (91, 91)
    assert llama["order_effect"]["consistent"]["mean"] == pytest.approx(0.7283 * 92 / 91, abs=1e-4)
    assert faulty.asked == []
    # Right on the natural ones, and misled by the adversarial ones.
    lines = {line.split()[0]: line for line in result.outlines if " advice only, as " in line or "passed  " in line}
    assert "  passed  " in lines["natural"], lines
    assert "inconclusive" in lines["neighbor"], lines
