"""SciCode: problems of science in steps of a function each, judged by tests (Tian et al. 2024, arXiv:2407.13168)."""

from collections.abc import Mapping
from typing import Any

from pytest_modeleval import Model, Row, Sample, Sandbox, Score, Setting, benchmark, hub
from pytest_modeleval.items.settings import readable, yes
from pytest_modeleval.scorers.scicode import described, earlier, given, modules_of, numbers_in, program, script

SCICODE = hub(modelscope="evalscope/SciCode", huggingface="SciCode1/SciCode", config="default", split="test")

PROMPT = """We solve a scientific problem step by step, with a function for each step.

The steps so far, with their code:

{earlier}

The next step:

{step}

{header}

{returned}

Write this step's function, with this header, and nothing else: neither the code of earlier steps, which you may call,
nor examples or tests. These imports stand above it, and there are no others:

{dependencies}

Answer with one block of code: ```python ... ```"""

SETTINGS = {
    "data": Setting(
        readable(numbers_in), needed="the numbers that its steps are tested by, the authors' eval/data/test_data.h5"
    ),
    "background": Setting(yes, default=False),
}


def to_sample(row: Row) -> Sample:
    steps = row["sub_steps"]
    return Sample(
        str(row["problem_id"]), f"{len(steps)} steps", question=steps[-1]["step_description_prompt"], metadata=row
    )


@benchmark(SCICODE, to_sample, tags=["code", "en"], settings=SETTINGS, modules=modules_of)
async def test_scicode(sample: Sample, model: Model, sandbox: Sandbox, settings: Mapping[str, Any]) -> None:
    row, number = sample.metadata, 0
    codes: list[str] = []
    whys: list[str] = []
    for step in row["sub_steps"]:
        code = given(step["step_number"], settings["data"])
        if code is None:
            number += 1
            question = PROMPT.format(
                earlier=earlier(row["sub_steps"], codes, background=settings["background"]) or "none",
                step=described(step, background=settings["background"]),
                header=step["function_header"],
                returned=step["return_line"],
                dependencies=row["required_dependencies"],
            )
            code = script(await model.complete(question))
            outcome = await sandbox.run(program(row, step, [*codes, code], settings["data"]))
            whys += [] if outcome.passed else [f"{step['step_number']}: {outcome.why}"]
        codes.append(code)
    solved = number - len(whys)
    Score(solved / number, solved == number, name="steps", weight=number)
    assert Score(float(not whys), not whys, f"{solved} of {number} steps", sample.target, "; ".join(whys))
