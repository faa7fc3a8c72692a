"""BLINK: what people see at a glance, in up to four pictures (Fu et al. 2024, arXiv:2404.12390)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.scorers.choices import same_choice

TASKS = (
    "Art_Style Counting Forensic_Detection Functional_Correspondence IQ_Test Jigsaw Multi-view_Reasoning "
    "Object_Localization Relative_Depth Relative_Reflectance Semantic_Correspondence Spatial_Relation "
    "Visual_Correspondence Visual_Similarity"
)
# The answers to the split `test` are kept back.
BLINK = hub(modelscope="evalscope/BLINK", huggingface="BLINK-Benchmark/BLINK", config=TASKS.split(), split="val")


def to_sample(row: Row) -> Sample:
    pictures = [row[name] for name in ("image_1", "image_2", "image_3", "image_4") if row.get(name)]
    return Sample(row, row["answer"].strip("()"), row["choices"], pictures=pictures)


@benchmark(BLINK, to_sample, prompt=MULTIPLE_CHOICE, tags=["vision", "en"])
def test_blink(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
