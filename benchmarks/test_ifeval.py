"""IFEval: prompts with instructions that a program can check (Zhou et al. 2023, arXiv:2311.07911)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.scorers.instructions import follows_instructions, instructions

IFEVAL = hub(modelscope="opencompass/ifeval", huggingface="google/IFEval", split="train")


def to_sample(row: Row) -> Sample:
    asked = instructions(row["instruction_id_list"], row["kwargs"])
    return Sample(
        row["prompt"], target=", ".join(row["instruction_id_list"]), metadata={"key": row["key"], "instructions": asked}
    )


@benchmark(IFEVAL, to_sample, tags=["instruction_following", "en"])
def test_ifeval(sample: Sample, completion: Completion) -> None:
    assert follows_instructions(completion, sample.metadata["instructions"])
