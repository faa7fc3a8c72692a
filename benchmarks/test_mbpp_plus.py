"""MBPP+: MBPP's repaired tasks with 35 times as many inputs (Liu et al. 2023, arXiv:2305.01210)."""

from pytest_modeleval import Completion, Row, Sample, Sandbox, benchmark, hub
from pytest_modeleval.scorers.evalplus import fields_of, function_of, solved
from pytest_modeleval.scorers.sanitized import function_in

# EvalPlus' own release is one file.
MBPP_PLUS = hub(modelscope="evalscope/mbppplus", huggingface="evalplus/mbppplus", in_copies={"test": "train"})

PROMPT = """\
Solve this task in Python, by a function that passes the test below and others. Answer with one block of code.

{task}"""


def to_sample(row: Row) -> Sample:
    if "entry_point" in row:
        return Sample(
            {"task": row["prompt"].strip('"\n ')},
            target=row["canonical_solution"],
            metadata=row.having(*fields_of(row)),
        )
    # One test is shown, as EvalPlus does.
    return Sample(
        {"task": f"{row['prompt']}\n{row['test_list'][0]}"}, target=row["code"], metadata=row.having(*fields_of(row))
    )


@benchmark(MBPP_PLUS, to_sample, prompt=PROMPT, tags=["code", "en"])
async def test_mbpp_plus(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    code = function_in(completion, function_of(sample.metadata), "")
    assert await solved(sandbox, sample.metadata, code, code)
