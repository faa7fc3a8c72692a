"""GPQA Diamond: graduate science questions that a search does not answer (Rein et al. 2023, arXiv:2311.12022)."""

from random import Random

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.scorers.choices import same_choice

GPQA = hub(modelscope="AI-ModelScope/gpqa_diamond", huggingface="Idavidrein/gpqa", split="train")
ANSWERS = ["Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"]


def to_sample(row: Row) -> Sample:
    question, options = row["Question"].strip(), [row[name].strip() for name in ANSWERS]
    right = options[0]
    # By the question alone: the same order in every run, thread and version of Python.
    Random(question).shuffle(options)
    return Sample({**row, "question": question}, target="ABCD"[options.index(right)], options=options)


# Its authors ask not to reveal examples in plain text or images online, so that models are not trained on them.
@benchmark(GPQA, to_sample, prompt=MULTIPLE_CHOICE, tags=["science", "en"], protected=True)
def test_gpqa_diamond(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
