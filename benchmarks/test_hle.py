"""Humanity's Last Exam: questions at the frontier of what people know (Phan et al. 2025, arXiv:2501.14249)."""

from pytest_modeleval import (
    Aggregate,
    Completion,
    Judge,
    Judging,
    Labels,
    Row,
    Rubric,
    Sample,
    SampleError,
    Score,
    benchmark,
    hub,
)
from pytest_modeleval.scorers.confidence import stated_confidence
from pytest_modeleval.statistics.aggregates import hle_official_error, stated_error

# The values of the column `category`.
FIELDS = [
    "Biology/Medicine",
    "Chemistry",
    "Computer Science/AI",
    "Engineering",
    "Humanities/Social Science",
    "Math",
    "Other",
    "Physics",
]
HLE = hub(modelscope="cais/hle", huggingface="cais/hle", split="test", by="category", subsets=FIELDS)

SYSTEM = """\
Answer in three parts, each on a line of its own:
Explanation: how you get to the answer
Answer: the answer alone, an option's letter where there are options
Confidence: how sure you are that it is right, from 0% to 100%"""

GRADE = Rubric(
    """\
You are given a question, the answer that is known to be right, and somebody's response. Find the final answer in \
the response, and say whether it is the right one. Look at nothing but whether the two differ in what they mean: \
solve nothing yourself, argue for no other answer, and leave remarks on the question aside. Numbers may differ as \
much as rounding does. "yes": they are the same. "no": they differ, the final answer is ambiguous or incomplete, or \
there is none.

Question: {question}

Right answer: {reference}

Response:
{answer}""",
    Labels({"yes": 1.0, "no": 0.0}),
    instead_of="Humanity's Last Exam's judge",
)
CALIBRATION = {
    "calibration_error": Aggregate(stated_error, ("main", "confidence"), better="lower"),
    "calibration_error_official": Aggregate(hle_official_error, ("main", "confidence"), better="lower"),
}


def to_sample(row: Row) -> Sample:
    question, image = row["question"], row.get("image") or ""
    if not image:
        return Sample(question, target=row["answer"], system=SYSTEM)
    if not (isinstance(image, str) and image.startswith("data:image/")):
        raise SampleError(f"{row.where}: the image is no data URL: {str(image)[:40]!r}")
    parts = [{"type": "text", "text": question}, {"type": "image_url", "image_url": {"url": image}}]
    return Sample([{"role": "user", "content": parts}], target=row["answer"], system=SYSTEM, metadata={"image": True})


# Its authors ask not to show its questions, so that models are not trained on them.
@benchmark(HLE, to_sample, tags=["knowledge", "en"], protected=True, judging=Judging(), aggregates=CALIBRATION)
async def test_hle(sample: Sample, completion: Completion, judge: Judge) -> None:
    score = await judge.grade(GRADE, completion, question=sample.asked, reference=sample.target)
    confidence = stated_confidence(completion)
    if confidence is not None:
        Score(confidence, True, name="confidence", measured=True)
    if not sample.metadata.get("image"):
        Score(score.value, score.passed, name="text_only")
    assert score
