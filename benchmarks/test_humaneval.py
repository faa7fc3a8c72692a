"""HumanEval: functions by their signature and docstring, judged by tests (Chen et al. 2021, arXiv:2107.03374)."""

from pytest_modeleval import Completion, Limits, Program, Row, Sample, Sandbox, benchmark, hub
from pytest_modeleval.scorers.programs import first_fenced, passed

HUMANEVAL = hub(
    modelscope="opencompass/humaneval", huggingface="openai/openai_humaneval", config="openai_humaneval", split="test"
)

PROMPT = "Complete this Python function. Answer with the whole function in one code block.\n\n```python\n{prompt}```"


def to_sample(row: Row) -> Sample:
    tests = f"{row['test']}\ncheck({row['entry_point']})"
    return Sample(row, target=tests, solution=row["canonical_solution"], question=row["prompt"], metadata=row)


@benchmark(HUMANEVAL, to_sample, prompt=PROMPT, tags=["code", "en"])
async def test_humaneval(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    code = first_fenced(completion)
    # A body alone goes on where the prompt ends, a whole function takes the place of the prompt's.
    program = Program(
        f"{sample.metadata['prompt']}{code}",
        tests=sample.target,
        function=sample.metadata["entry_point"],
        given=sample.metadata["prompt"],
        limits=Limits(seconds=3),
    )
    assert passed(await sandbox.run(program), code)
