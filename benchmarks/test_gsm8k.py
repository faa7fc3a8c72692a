"""GSM8K: grade-school maths word problems (Cobbe et al. 2021, arXiv:2110.14168)."""

from collections.abc import Sequence

from pytest_modeleval import Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.prompts import as_turns
from pytest_modeleval.scorers.numbers import same_number

GSM8K = hub(modelscope="AI-ModelScope/gsm8k", huggingface="openai/gsm8k", config="main", split="test")

PROMPT = "{question}\nReason step by step, then end with a line that says #### and the number alone."


def to_sample(row: Row, examples: Sequence[Row]) -> Sample:
    solved = [(PROMPT.format(**example), example["answer"]) for example in examples]
    prompt = as_turns(solved, PROMPT.format(**row))
    return Sample(prompt, target=row["answer"].rpartition("####")[2].strip())


@benchmark(GSM8K, to_sample, tags=["math", "en"], shots=Shots(4, "train"))
def test_gsm8k(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
