"""CL-bench: tasks that can be solved only by what a long context teaches (Dou et al. 2026, arXiv:2602.03587)."""

from pytest_modeleval import Completion, Judge, Judging, Labels, Row, Rubric, Sample, SampleError, Score, benchmark, hub

CL_BENCH = hub(modelscope="tencent-community/CL-bench", huggingface="tencent/CL-bench", split="train")

GRADE = Rubric(
    """\
You are given a list of requirements and an answer that should meet them all. Go through the list from its first to \
its last: does the answer meet the requirement wholly, by what it says itself? Then give one verdict on the list. \
"all met": each of them is. "not all met": at least one is not, or only in part, or cannot be told from the answer.

Requirements:
{requirements}

Answer:
{answer}""",
    Labels({"all met": 1.0, "not all met": 0.0}),
    instead_of="CL-bench's grader",
)


def to_sample(row: Row) -> Sample:
    told = [each.get("rubric_criteria") if isinstance(each, dict) else each for each in row["rubrics"]]
    if not told or isinstance(row["rubrics"], str) or not all(isinstance(each, str) and each.strip() for each in told):
        raise SampleError(f"{row.where}: rubrics is no list of requirements: {str(row['rubrics'])[:80]!r}")
    target = "\n".join(f"{number}. {requirement}" for number, requirement in enumerate(told, 1))
    category = (row.get("metadata") or {}).get("context_category")
    return Sample(row["messages"], target, axes={"category": str(category)} if category else {})


@benchmark(CL_BENCH, to_sample, tags=["reasoning", "long", "en"], judging=Judging())
async def test_cl_bench(sample: Sample, completion: Completion, judge: Judge) -> None:
    if not completion.text.strip():
        assert Score(0.0, False, "", sample.target, "there is no answer")
    assert await judge.grade(GRADE, completion, requirements=sample.target)
