"""IMO-AnswerBench: 400 olympiad problems with short answers (Luong et al. 2025, arXiv:2511.01846)."""

from dataclasses import replace

from pytest_modeleval import Completion, Judge, Judging, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import BOXED
from pytest_modeleval.judging.answers import SAME_ANSWER
from pytest_modeleval.scorers.maths import same_expression

IMO_ANSWERBENCH = hub(
    modelscope="evalscope/imo-answerbench",
    huggingface=None,
    split="train",
    by="Category",
    subsets=["Algebra", "Combinatorics", "Geometry", "Number theory"],
)
GRADE = replace(SAME_ANSWER, instead_of="IMO-AnswerBench's AnswerAutoGrader")


def to_sample(row: Row) -> Sample:
    return Sample({"problem": row["Problem"]}, target=str(row["Short Answer"]).strip())


# 173 of the 400 answers are no whole numbers but functions, sets and conditions, of which the rule misses some.
@benchmark(IMO_ANSWERBENCH, to_sample, prompt=BOXED, tags=["math", "en"], judging=Judging(optional=True))
async def test_imo_answerbench(sample: Sample, completion: Completion, judge: Judge) -> None:
    rule = same_expression(completion, sample.target)
    assert await judge.grade(GRADE, completion, rule=rule, question=sample.asked, reference=sample.target)
