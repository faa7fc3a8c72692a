"""MMLU-Pro: harder questions of 14 fields with up to ten options (Wang et al. 2024, arXiv:2406.01574)."""

import re

from pytest_modeleval import Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.items.declare import Rule
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.official import mmlu_pro_choice

CATEGORIES = (
    "math, physics, chemistry, law, engineering, other, economics, health, psychology, business, biology, "
    "philosophy, computer science, history"
)
MMLU_PRO = hub(
    modelscope="TIGER-Lab/MMLU-Pro",
    huggingface="TIGER-Lab/MMLU-Pro",
    split="test",
    by="category",
    subsets=CATEGORIES.split(", "),
)

PROMPT = "A question about {category} with one right option. Reason step by step.\n\n" + MULTIPLE_CHOICE

RULES = {"own": same_choice, "official": mmlu_pro_choice}


def to_sample(row: Row) -> Sample:
    # "N/A" fills up some questions' options and is none, as in the official script (TIGER-AI-Lab/MMLU-Pro).
    options = [option.strip() for option in row["options"] if option != "N/A"]
    thought = re.sub(r"\s*The answer is \(?[A-J]\)?\.?\s*$", "", row["cot_content"].removeprefix("A: "))
    solution = f"{thought}\nANSWER: {row['answer']}".strip()
    return Sample(row, target=row["answer"], options=options, solution=solution)


@benchmark(MMLU_PRO, to_sample, prompt=PROMPT, tags=["knowledge", "en"], shots=Shots(5, "validation"), rules=RULES)
def test_mmlu_pro(sample: Sample, completion: Completion, rule: Rule) -> None:
    assert rule(completion, sample.target, sample.options)
