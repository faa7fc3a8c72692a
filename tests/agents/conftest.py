"""A model by script: a real server that answers each turn of a conversation with what a test says of it."""

from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.conftest import FaultyServer, send

# What the server answers, by what is in the conversation so far: a text, or calls as (name, arguments).
Script = Callable[[Sequence[Mapping[str, Any]]], str | list[tuple[str, str]]]


def scripted(server: FaultyServer, script: Script, usage: Mapping[str, int] | None = None) -> None:
    """Have a server answer by a script."""

    def answers(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        said = script(body["messages"])
        message: dict[str, Any] = {"role": "assistant", "content": said if isinstance(said, str) else None}
        if not isinstance(said, str):
            message["tool_calls"] = [
                {"id": f"c{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
                for at, (name, arguments) in enumerate(said)
            ]
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if "tool_calls" in message else "stop"}
        counts = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10} if usage is None else usage
        send(handler, 200, {"choices": [choice], "usage": counts})

    server.fault = answers


def in_turn(*turns: str | list[tuple[str, str]]) -> Script:
    """Each turn in its order, and the last one ever after."""
    return lambda messages: turns[min(sum(each["role"] == "assistant" for each in messages), len(turns) - 1)]


def told(body: Mapping[str, Any]) -> list[str]:
    """The results of tools that a request has."""
    return [each["content"] for each in body["messages"] if each["role"] == "tool"]
