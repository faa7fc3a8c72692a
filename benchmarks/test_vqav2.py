"""VQA v2: open questions about photographs, each answered by ten people (Goyal et al. 2017, arXiv:1612.00837)."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from pytest_modeleval import Completion, Row, Sample, Setting, benchmark, hub
from pytest_modeleval.items.settings import count
from pytest_modeleval.scorers.vqa import soft_accuracy

VQAV2 = hub(modelscope="lmms-lab/VQAv2", huggingface="lmms-lab/VQAv2", split="validation", column="question_id")

PROMPT = "{question}\nEnd with a line that says ANSWER: and the answer alone, a number, yes or no, or a word or two."


def in_part(question_id: str, settings: Mapping[str, Any]) -> bool:
    """Whether it is one of every so many: of 214,354 questions a hundredth is asked, unless ``every = 1`` wants all."""
    every: int = settings["every"]
    return crc32(question_id.encode()) % every == 0


def to_sample(row: Row) -> Sample:
    answers = [each["answer"] for each in row["answers"]]
    target = row["multiple_choice_answer"]
    return Sample(row, target, pictures=[row["image"]], metadata={"answers": answers})


@benchmark(
    VQAV2, to_sample, prompt=PROMPT, tags=["vision", "en"], settings={"every": Setting(count, 100)}, among=in_part
)
def test_vqav2(sample: Sample, completion: Completion) -> None:
    assert soft_accuracy(completion, sample.metadata["answers"])
