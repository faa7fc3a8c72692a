"""FRAMES: questions that take facts from several Wikipedia articles (Krishna et al. 2024, arXiv:2409.12941)."""

from dataclasses import replace

from pytest_modeleval import Completion, Judge, Judging, Row, Sample, benchmark, hub
from pytest_modeleval.judging.answers import SAME_ANSWER
from pytest_modeleval.scorers.texts import holds_text, same_text, token_f1

FRAMES = hub(modelscope="iic/frames", huggingface="google/frames-benchmark", split="test")

GRADE = replace(SAME_ANSWER, instead_of="FRAMES' auto-rater")
PROMPT = """\
{articles}

{Prompt}

Answer from the articles. End with the sentence "Therefore, the answer is" and the answer in few words."""


def to_sample(row: Row) -> Sample:
    articles = [f"{item['title']}\n{item['text']}" for item in row.get("wiki_items") or []]
    # Without its articles a question is another task: the template then misses its field, which is an error.
    return Sample({**row, "articles": "\n\n".join(articles)} if articles else row, target=row["Answer"])


@benchmark(FRAMES, to_sample, prompt=PROMPT, tags=["reading", "long", "en"], judging=Judging(optional=True))
async def test_frames(sample: Sample, completion: Completion, judge: Judge) -> None:
    token_f1(completion, [sample.target])
    holds_text(completion, [sample.target])
    rule = same_text(completion, [sample.target])
    # The judge sees the question without its articles: it compares the answer with the reference.
    assert await judge.grade(GRADE, completion, rule=rule, question=sample.asked, reference=sample.target)
