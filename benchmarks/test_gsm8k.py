"""GSM8K: grade-school maths word problems (Cobbe et al. 2021, arXiv:2110.14168)."""

from pytest_modeleval import Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.scorers.numbers import same_number

GSM8K = hub(modelscope="AI-ModelScope/gsm8k", huggingface="openai/gsm8k", config="main", split="test")

PROMPT = "{question}\nReason step by step, then end with a line that says #### and the number alone."


def to_sample(row: Row) -> Sample:
    return Sample(row, target=row["answer"].rpartition("####")[2].strip(), solution=row["answer"])


@benchmark(GSM8K, to_sample, prompt=PROMPT, tags=["math", "en"], shots=Shots(4, "train"))
def test_gsm8k(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
