"""MBPP: short functions by a sentence and three tests, 3 examples (Austin et al. 2021, arXiv:2108.07732)."""

from pytest_modeleval import Completion, Program, Row, Sample, Sandbox, Shots, benchmark, hub
from pytest_modeleval.scorers.programs import between_marks, function_called, imports_for, passed

MBPP = hub(
    modelscope="google-research-datasets/mbpp", huggingface="google-research-datasets/mbpp", config="full", split="test"
)

PROMPT = """\
Solve this task in Python: {text}

These tests must pass:

{tests}

Write the code alone, between [BEGIN] and [DONE]."""


def to_sample(row: Row) -> Sample:
    tests, code = "\n".join(row["test_list"]), row["code"].replace("\r\n", "\n")
    asked = {"text": row["text"], "tests": tests}
    solution = f"[BEGIN]\n{code}\n[DONE]"
    # What some tests need first is made of classes that the solution defines.
    run = f"{row['test_setup_code']}\n{tests}"
    return Sample(
        asked,
        target=code,
        solution=solution,
        question=row["text"],
        metadata={"tests": run, "given": imports_for(tests, code)},
    )


# The examples are tasks 2 to 4, as in the paper's own prompt.
@benchmark(MBPP, to_sample, prompt=PROMPT, shots=Shots(3, "prompt", skipped=1), tags=["code", "en"])
async def test_mbpp(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    code, tests = between_marks(completion), sample.metadata["tests"]
    # A module that tests use and the solution imports is that one, where the program has it.
    program = Program(code, tests=tests, function=function_called(tests), given=sample.metadata["given"])
    assert passed(await sandbox.run(program), code)
