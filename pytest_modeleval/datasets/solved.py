"""Solved examples in a text, as the `cot-prompts` of BIG-Bench Hard: `Q: question` and `A: reasoning`."""

import re
from pathlib import Path

from pytest_modeleval.datasets import Row
from pytest_modeleval.inputs import read_text
from pytest_modeleval.sample import SampleError


def solved(path: Path) -> list[Row]:
    """The examples as rows with ``input``, ``target`` and ``solution``; the task's description opens the first input.

    Above a line of five hyphens stands what is no part of the prompt. The target is what follows "the answer is".
    """
    prompt = read_text(path).rpartition("-----\n")[2]
    description, *examples = re.split(r"^Q: ", prompt, flags=re.MULTILINE)
    rows = []
    for number, example in enumerate(examples):
        question, answered, solution = example.partition("\nA: ")
        _, stated, target = solution.strip().rpartition("the answer is ")
        where = f"example {number} of {path}"
        if not answered or not stated:
            raise SampleError(f"{where} has no 'A: …' that says 'the answer is …'")
        rows.append(Row({"input": question, "target": target.removesuffix("."), "solution": solution.strip()}, where))
    if rows:
        rows[0]["input"] = f"{description.strip()}\n\n{rows[0]['input']}".strip()
    return rows
