"""RACE: reading comprehension, English exams of Chinese middle and high schools (Lai et al. 2017, arXiv:1704.04683)."""

from pytest_modeleval import Cloze, Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.scorers.choices import same_choice

RACE = hub(modelscope="evalscope/race", huggingface="ehovy/race", config=["middle", "high"], split="test")

PROMPT = "{article}\n\n" + MULTIPLE_CHOICE
CLOZE = Cloze("{article}\n\nQuestion: {question}\nAnswer:")


def to_sample(row: Row) -> Sample:
    return Sample(row, target=row["answer"], options=row["options"])


@benchmark(RACE, to_sample, prompt=PROMPT, cloze=CLOZE, tags=["reading", "en"], shots=Shots(3, "train"))
def test_race(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
