"""MMMU-Pro: MMMU that wants its pictures, or is in one whole (Yue et al. 2024, arXiv:2409.02813)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import EITHER, LETTER, answered
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.mmmu import mmmu_pro_choice

from .test_mmmu import listed, pictures

# They share their questions. The paper's score is the mean of the first and the last.
MMMU_PRO = hub(
    modelscope="AI-ModelScope/MMMU_Pro",
    huggingface="MMMU/MMMU_Pro",
    config=["standard (10 options)", "standard (4 options)", "vision"],
    unnamed="standard (10 options)",
)

SEEN = "The picture shows a question and its lettered options."


def to_sample(row: Row) -> Sample:
    options = listed(row, "options")
    if "image" in row:
        fields = {"question": SEEN, "answered": LETTER}
        return Sample(fields, row["answer"], options, pictures=[row["image"]])
    fields = {"question": row["question"], "answered": answered(options, "")}
    return Sample(fields, row["answer"], options, pictures=pictures(row))


@benchmark(MMMU_PRO, to_sample, prompt=EITHER, tags=["knowledge", "vision", "en"])
def test_mmmu_pro(sample: Sample, completion: Completion) -> None:
    mmmu_pro_choice(completion, sample.target, sample.options, name="official")
    assert same_choice(completion, sample.target, sample.options)
