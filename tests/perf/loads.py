"""Requests and loads of them against the bench server, and what came of them."""

import json
from collections import Counter
from typing import Any

from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.record import Load, LoadRequest, Observation, Plan
from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.server.process import BenchServer


def body(index: int = 0, *, stream: bool = True, **more: Any) -> bytes:
    messages = [{"role": "user", "content": f"question {index}"}]
    return json.dumps({"model": "bench", "messages": messages, "stream": stream, "user": str(index), **more}).encode()


def requests(number: int, **more: Any) -> list[LoadRequest]:
    return [LoadRequest(body(index, **more)) for index in range(number)]


def load(bench: BenchServer, plan: Plan, sent: Any = None, *, path: str = "chat/completions", **options: Any) -> Load:
    asked = requests(plan.number or 8) if sent is None else sent
    return run_load(reach(f"{bench.url}/v1/{path}"), asked, plan, **options)


def errors(seen: Load) -> dict[str, int]:
    return dict(Counter(seen.records.texts("error")))


def measured(seen: Load) -> list[Observation]:
    return [record for record in seen.records if not record.warm_up]
