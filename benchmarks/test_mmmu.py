"""MMMU: college questions of 30 subjects with up to seven pictures (Yue et al. 2023, arXiv:2311.16502)."""

from ast import literal_eval
from collections.abc import Sequence
from string import ascii_uppercase

from pytest_modeleval import Completion, Row, Sample, SampleError, benchmark, hub
from pytest_modeleval.items.prompts import EITHER, answered
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.mmmu import mmmu_choice, mmmu_open
from pytest_modeleval.scorers.texts import final_text

# The six domains of the official code (MMMU-Benchmark/MMMU, DOMAIN_CAT2SUB_CAT).
SUBJECTS = {
    "Art and Design": "Art Art_Theory Design Music",
    "Business": "Accounting Economics Finance Manage Marketing",
    "Science": "Biology Chemistry Geography Math Physics",
    "Health and Medicine": (
        "Basic_Medical_Science Clinical_Medicine Diagnostics_and_Laboratory_Medicine Pharmacy Public_Health"
    ),
    "Humanities and Social Science": "History Literature Sociology Psychology",
    "Tech and Engineering": (
        "Agriculture Architecture_and_Engineering Computer_Science Electronics Energy_and_Power Materials "
        "Mechanical_Engineering"
    ),
}
MMMU = hub(
    modelscope="AI-ModelScope/MMMU",
    huggingface="MMMU/MMMU",
    config={domain: names.split() for domain, names in SUBJECTS.items()},
    split="validation",
)

WORDS = "Reason step by step. End with a sentence that says the answer is, and then the answer alone, in few words."


def listed(row: Row, field: str) -> list[str]:
    """The texts of a list that is written as a text; of any other text itself."""
    written = str(row[field]).strip()
    try:
        found = literal_eval(written) if written.startswith("[") else [written]
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise SampleError(f"{row.where}: {field} is no list of texts: {written[:60]!r}") from None
    return [str(each) for each in found]


def pictures(row: Row) -> Sequence[object]:
    """Those of `image_1` to `image_7` that there are, as far as the last."""
    found = [row.get(f"image_{number}") for number in range(1, 8)]
    return found[: max((number for number, picture in enumerate(found, 1) if picture), default=0)]


def to_sample(row: Row) -> Sample:
    options = listed(row, "options") if row["question_type"] == "multiple-choice" else []
    if options and row["answer"] not in ascii_uppercase:
        raise SampleError(f"{row.where}: the answer {row['answer']!r} is no letter")
    fields = {"question": row["question"], "answered": answered(options, WORDS)}
    golds = [] if options else listed(row, "answer")
    target = row["answer"] if options else golds[0]
    return Sample(fields, target, options, metadata={"golds": golds}, pictures=pictures(row))


@benchmark(MMMU, to_sample, prompt=EITHER, tags=["knowledge", "vision", "en"])
def test_mmmu(sample: Sample, completion: Completion) -> None:
    if sample.options:
        mmmu_choice(completion, sample.target, sample.options, name="official")
        assert same_choice(completion, sample.target, sample.options)
    else:
        mmmu_open(completion, sample.metadata["golds"], name="official")
        # The same rule, of what the answer states in the end.
        assert mmmu_open(final_text(str(completion)), sample.metadata["golds"])
