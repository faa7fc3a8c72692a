"""ScienceQA: school questions, those that have a picture (Lu et al. 2022, arXiv:2209.09513)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.sample import NotAsked, label_in
from pytest_modeleval.scorers.choices import same_choice

SCIENCE_QA = hub(modelscope="AI-ModelScope/ScienceQA", huggingface="derek-thomas/ScienceQA")


def to_sample(row: Row) -> Sample:
    if not row["image"]:
        raise NotAsked("it has no picture")
    options = row["choices"]
    # Many questions cannot be answered without their hint, as the paper gives it (context, question, options).
    question = "\n\n".join(filter(None, ((row["hint"] or "").strip(), row["question"])))
    target = "ABCDE"[label_in(row["answer"], range(len(options)))]
    return Sample({**row, "question": question}, target, options, pictures=[row["image"]])


@benchmark(SCIENCE_QA, to_sample, prompt=MULTIPLE_CHOICE, tags=["science", "vision", "en"])
def test_science_qa(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
