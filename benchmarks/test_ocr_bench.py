"""OCRBench: text in pictures, from words and digits to documents and formulas (Liu et al. 2023, arXiv:2305.07895)."""

from pytest_modeleval import Aggregate, Completion, Row, Sample, benchmark, hub
from pytest_modeleval.scorers.references import listed
from pytest_modeleval.scorers.seen import holds_gold, right_of_thousand

OCR_BENCH = hub(
    modelscope="evalscope/OCRBench",
    huggingface="echo840/OCRBench",
    by="question_type",
    subsets={
        "recognition": [
            "Regular Text Recognition",
            "Irregular Text Recognition",
            "Artistic Text Recognition",
            "Handwriting Recognition",
            "Digit String Recognition",
            "Non-Semantic Text Recognition",
        ],
        "scenes": ["Scene Text-centric VQA"],
        "documents": ["Doc-oriented VQA"],
        "information": ["Key Information Extraction"],
        "formulas": ["Handwritten Mathematical Expression Recognition"],
    },
)

PROMPT = "{question}\nEnd with a line that says ANSWER: and the answer alone."


def to_sample(row: Row) -> Sample:
    golds = listed(row["answer"])
    return Sample(row, golds[0], pictures=[row["image"]], metadata={"golds": golds, "dataset": row["dataset"]})


@benchmark(
    OCR_BENCH,
    to_sample,
    prompt=PROMPT,
    tags=["vision", "en"],
    aggregates={"of_1000": Aggregate(right_of_thousand, range=(0, 1000))},
)
def test_ocr_bench(sample: Sample, completion: Completion) -> None:
    assert holds_gold(completion, sample.metadata["golds"], formula=sample.metadata["dataset"] == "HME100k")
