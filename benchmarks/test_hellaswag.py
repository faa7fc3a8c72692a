"""HellaSwag: which ending goes on with a description of everyday acts (Zellers et al. 2019, arXiv:1905.07830)."""

import re

from pytest_modeleval import Cloze, Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.sample import label_in
from pytest_modeleval.scorers.choices import same_choice

HELLASWAG = hub(modelscope="evalscope/hellaswag", huggingface="Rowan/hellaswag", split="validation")

PROMPT = "Which of the options continues this text most plausibly?\n\n" + MULTIPLE_CHOICE


def clean(text: str) -> str:
    """The text without WikiHow's marks, as the lm-evaluation-harness cleans it."""
    return re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". ")).replace("  ", " ")


def to_sample(row: Row) -> Sample:
    text = clean(f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}")
    return Sample(
        {"question": text}, "ABCD"[label_in(row["label"], range(4))], [clean(ending) for ending in row["endings"]]
    )


@benchmark(HELLASWAG, to_sample, prompt=PROMPT, cloze=Cloze("{question}"), tags=["commonsense", "en"])
def test_hellaswag(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
