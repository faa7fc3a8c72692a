"""MuSR: murder mysteries, object placements and team allocations as stories (Sprague et al. 2023, arXiv:2310.16049)."""

import ast

from pytest_modeleval import Cloze, Completion, Row, Sample, SampleError, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.sample import label_in
from pytest_modeleval.scorers.choices import same_choice

SPLITS = ["murder_mysteries", "object_placements", "team_allocation"]
MUSR = hub(modelscope="AI-ModelScope/MuSR", huggingface="TAUR-Lab/MuSR", split=SPLITS)

PROMPT = "{narrative}\n\n" + MULTIPLE_CHOICE
CLOZE = Cloze("{narrative}\n\nQuestion: {question}\nAnswer:")


def to_sample(row: Row) -> Sample:
    try:
        # A list as Python writes it; what `literal_eval` documents that it raises.
        options = [str(choice) for choice in ast.literal_eval(row["choices"])]
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise SampleError(f"{row.where}: choices is not a Python list as text: {row['choices']!r:.200}") from None
    return Sample(row, target="ABCDEFGHIJ"[label_in(row["answer_index"], range(len(options)))], options=options)


@benchmark(MUSR, to_sample, prompt=PROMPT, cloze=CLOZE, tags=["reasoning", "en"])
def test_musr(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
