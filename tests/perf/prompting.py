"""What tests of prompts share: a tokenizer of their own, files, and bodies as they are sent."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_modeleval.perf.client.record import LoadRequest
from pytest_modeleval.perf.prompts.bodies import Bodies
from pytest_modeleval.perf.prompts.prompt import Prompt

MODELS = Path(__file__).parents[2] / "pytest_modeleval" / "models"


class Counter_:  # noqa: N801
    """A tokenizer of this test's own: each word costs what ``cost`` says, after ``template`` tokens."""

    def __init__(self, cost: Any, template: int = 9) -> None:
        self.cost, self.template, self.asked = cost, template, 0

    def __call__(self, text: str) -> int:
        self.asked += 1
        return self.template + sum(int(self.cost(word)) for word in text.split())


def bodies(prompts: list[Prompt] | Iterator[Prompt], **settings_: Any) -> list[dict[str, Any]]:
    return [json.loads(sent(r)) for r in Bodies("m", **settings_).requests(prompts, random.Random(1))]


def sent(request: LoadRequest, *answers: str) -> bytes:
    return request.body if isinstance(request.body, bytes) else request.body(answers)


def write(tmp_path: Path, name: str, content: str) -> Path:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    return path
