"""DocMath-Eval: sums over long financial documents with tables (Zhao et al. 2024, arXiv:2311.09805)."""

from pytest_modeleval import Completion, Judge, Judging, Row, Sample, benchmark, hub
from pytest_modeleval.judging.answers import SAME_ANSWER
from pytest_modeleval.scorers.amounts import same_amount

DOCMATH = hub(
    modelscope="yale-nlp/DocMath-Eval",
    huggingface="yale-nlp/DocMath-Eval",
    split=["complong_testmini", "compshort_testmini", "simplong_testmini", "simpshort_testmini"],
)

PROMPT = """\
{document}

{question}

Reason step by step. End with the sentence "Therefore, the answer is" and one number."""


def to_sample(row: Row) -> Sample:
    return Sample({**row, "document": "\n".join(row["paragraphs"])}, target=str(row["ground_truth"]))


@benchmark(DOCMATH, to_sample, prompt=PROMPT, tags=["math", "finance", "long", "en"], judging=Judging(optional=True))
async def test_docmath(sample: Sample, completion: Completion, judge: Judge) -> None:
    rule = same_amount(completion, sample.target)
    # The judge sees the question without its document, which says nothing of whether two amounts are the same.
    assert await judge.grade(SAME_ANSWER, completion, rule=rule, question=sample.asked, reference=sample.target)
