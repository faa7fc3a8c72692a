"""FRAMES: questions that take facts from several Wikipedia articles (Krishna et al. 2024, arXiv:2409.12941)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.scorers.texts import holds_text, same_text, token_f1

FRAMES = hub(modelscope="iic/frames", huggingface="google/frames-benchmark", split="test")

PROMPT = """\
{articles}

{Prompt}

Answer from the articles. End with the sentence "Therefore, the answer is" and the answer in few words."""


def to_sample(row: Row) -> Sample:
    articles = [f"{item['title']}\n{item['text']}" for item in row.get("wiki_items") or []]
    # Without its articles a question is another task: the template then misses its field, which is an error.
    return Sample({**row, "articles": "\n\n".join(articles)} if articles else row, target=row["Answer"])


@benchmark(FRAMES, to_sample, prompt=PROMPT, tags=["reading", "long", "en"])
def test_frames(sample: Sample, completion: Completion) -> None:
    token_f1(completion, [sample.target])
    holds_text(completion, [sample.target])
    assert same_text(completion, [sample.target])
