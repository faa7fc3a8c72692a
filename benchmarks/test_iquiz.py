"""IQuiz: puzzles (IQ) and conversations to read between the lines (EQ), in Chinese; published as a dataset only."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import CLOZE_ZH, MULTIPLE_CHOICE_ZH
from pytest_modeleval.scorers.choices import same_choice

IQUIZ = hub(modelscope="AI-ModelScope/IQuiz", huggingface=None, config=["IQ", "EQ"], split="test")


def to_sample(row: Row) -> Sample:
    return Sample(row, target=row["answer"], options=row["choices"])


@benchmark(IQUIZ, to_sample, prompt=MULTIPLE_CHOICE_ZH, cloze=CLOZE_ZH, tags=["reasoning", "zh"])
def test_iquiz(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
