"""AI2D: diagrams of grade-school science (Kembhavi et al. 2016, arXiv:1603.07396)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.sample import label_in
from pytest_modeleval.scorers.choices import same_choice

AI2D = hub(modelscope="lmms-lab/ai2d", huggingface="lmms-lab/ai2d")


def to_sample(row: Row) -> Sample:
    options = row["options"]
    target = "ABCDEFGH"[label_in(row["answer"], range(len(options)))]
    return Sample(row, target, options, pictures=[row["image"]])


@benchmark(AI2D, to_sample, prompt=MULTIPLE_CHOICE, tags=["science", "vision", "en"])
def test_ai2d(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
