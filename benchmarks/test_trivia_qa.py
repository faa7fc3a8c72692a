"""TriviaQA: trivia questions with the Wikipedia pages that answer them (Joshi et al. 2017, arXiv:1705.03551)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.scorers.texts import same_text, spaced, token_f1

TRIVIA_QA = hub(
    modelscope="evalscope/trivia_qa",
    huggingface="mandarjoshi/trivia_qa",
    config="rc.wikipedia",
    split="validation",
)

PROMPT = """\
{context}

{question}

Answer from the text. End with a line that says ANSWER: and the answer alone, in as few words as it takes."""


def to_sample(row: Row) -> Sample:
    fields = {**row, "context": "\n\n".join(row["entity_pages"]["wiki_context"])}
    answer = row["answer"]
    return Sample(fields, answer["value"], metadata={"targets": [answer["value"], *answer["normalized_aliases"]]})


@benchmark(TRIVIA_QA, to_sample, prompt=PROMPT, tags=["reading", "knowledge", "en"])
def test_trivia_qa(sample: Sample, completion: Completion) -> None:
    token_f1(completion, sample.metadata["targets"], normalise=spaced)
    assert same_text(completion, sample.metadata["targets"], normalise=spaced)
