"""HumanEval+: HumanEval with 80 times as many inputs (Liu et al. 2023, arXiv:2305.01210)."""

from pytest_modeleval import Completion, Row, Sample, Sandbox, benchmark, hub
from pytest_modeleval.scorers.evalplus import fields_of, solved
from pytest_modeleval.scorers.sanitized import function_in

# EvalPlus' own release is one file.
HUMANEVAL_PLUS = hub(
    modelscope="evalscope/humanevalplus", huggingface="evalplus/humanevalplus", in_copies={"test": "train"}
)

PROMPT = "Complete this Python function. Answer with the whole function in one code block.\n\n```python\n{prompt}```"


def to_sample(row: Row) -> Sample:
    return Sample(row, target=row["canonical_solution"], question=row["prompt"], metadata=row.having(*fields_of(row)))


@benchmark(HUMANEVAL_PLUS, to_sample, prompt=PROMPT, tags=["code", "en"])
async def test_humaneval_plus(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    prompt = sample.metadata["prompt"]
    code = function_in(completion, sample.metadata["entry_point"], prompt)
    # The prompt's imports are there too, as the question does not ask for them again.
    assert await solved(sandbox, sample.metadata, f"{prompt}{code}", code)
