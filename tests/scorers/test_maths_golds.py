"""The golds of real benchmarks, each against itself and others."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_modeleval.scorers import symbolic
from pytest_modeleval.scorers.latex import collection, exact_value, normal_form, without_name
from pytest_modeleval.scorers.maths import boxed_target, plain_text, same_expression


def golds_of(name: str, real_data: Path) -> list[str]:
    if name == "minerva_math":
        path = real_data / "_noncommercial/minerva_math/train.jsonl"
        if not path.exists():
            pytest.skip(f"no {path}")
        return [boxed_target(json.loads(line)["solution"]) for line in path.read_text("utf-8").splitlines()]
    path = real_data / name / ("test.jsonl.gz" if name == "math_500" else "test.jsonl")
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line)["answer"] for line in content.decode().splitlines()]


@pytest.mark.parametrize("name", ["math_500", "aime24", "aime25", "minerva_math"])
def test_every_real_gold_equals_itself(real_data: Path, name: str) -> None:
    golds = golds_of(name, real_data)
    spelled: list[Callable[[str], str]] = [
        str,
        lambda gold: rf"We get 17, so the answer is $\boxed{{{gold}}}$.",
        lambda gold: f"So $x$ is 17.\n\nThe answer is ${gold}$.",
    ]

    missed = [
        say(gold) for gold in golds for say in spelled if "$ $" not in gold and not same_expression(say(gold), gold)
    ]
    assert missed == []


def test_every_formula_of_math_500_can_be_compared(real_data: Path) -> None:
    """Textual equality would hide a gold that the grammar cannot read."""
    forms = [without_name(normal_form(gold).latex)[1] for gold in golds_of("math_500", real_data)]
    formulas = [form for form in forms if not collection(form) and not exact_value(form) and not plain_text(form)]

    missed = [
        form for form in formulas if "_" not in form and symbolic.symbolically_same(form, f"0+{form}") != (True, "")
    ]
    assert len(formulas) > 60
    assert missed == []
