"""A small chat model's server that does all that it is asked, and the faults of servers that do not."""

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any

from tests.conftest import send

Body = dict[str, Any]
# Changes the request, the answer's text, or the whole message; or answers with an error by itself.
Fault = Callable[[BaseHTTPRequestHandler, Body], None]

# What the model says, by what stands in the conversation, the newest first.
_KNOWS = [
    (r"secret word is (\w+)\.(?s:.*)What is the secret word", r"\1"),
    (r"name is (\w+)\.(?s:.*)What is my name", r"Your name is \1."),
    (r"opens at (\d+) o'clock(?s:.*)shop open", r"At \1."),
    (r"dog is called (\w+)\.(?s:.*)my dog called", r"\1"),
    (r"I choose (\w+)\.(?s:.*)did you choose", r"I chose \1."),
    (r"capital of France", "Paris"),
    (r"after Monday", "Tuesday."),
    (r"2 \+ 3", "5"),
    (r"meow", "A cat."),
    (r"Say the word (\w+)", r"\1"),
    (r"from 1 to 100", "\n".join(map(str, range(1, 101)))),
    (r"from 1 to 9", ", ".join("123456789")),
    (r"the alphabet", " ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
    (r"[:\uff1a]\s*(\S.*)\Z", r"\1"),
    (r"\A", "It is a fine day, and there is nothing more to say of it than that."),
]


def answer_to(body: Body, alter: Callable[[str], str] = str) -> tuple[str, str]:
    """The model's words and why they end, by all messages; a word is a token."""
    said = "\n".join(message["content"] for message in body["messages"])
    text = next(found.expand(words) for pattern, words in _KNOWS if (found := re.search(pattern, said)))
    text, finish = alter(text), "stop"
    ends = [text.index(stop) for stop in body.get("stop", []) if stop in text]
    text = text[: min(ends)] if ends else text
    tokens = re.findall(r"\S+\s*", text)
    if len(tokens) > body["max_tokens"]:
        text, finish = "".join(tokens[: body["max_tokens"]]), "length"
    return text, finish


def reply(handler: BaseHTTPRequestHandler, body: Body, alter: Callable[[str], str] = str, **message: Any) -> None:
    """Answer a request; ``message`` has more of the message, or other than there is."""
    text, finish = answer_to(body, alter)
    city = re.search(r"weather in (\w+)", body["messages"][-1]["content"])
    calls: Body = {}
    if body.get("tools") and city:
        function = {"name": "get_weather", "arguments": json.dumps({"city": city[1]})}
        calls = {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]}
    words = sum(len(each["content"].split()) for each in body["messages"])
    usage = {"prompt_tokens": words, "completion_tokens": len(text.split())}
    whole = {"role": "assistant", "content": text, **calls, **message}
    send(handler, 200, {"choices": [{"index": 0, "message": whole, "finish_reason": finish}], "usage": usage})


def alters(change: Callable[[str], str]) -> Fault:
    """The model's words are other ones."""
    return lambda handler, body: reply(handler, body, change)


def drops(field: str, value: Any = None) -> Fault:
    """A field of the request is lost, or has another value."""
    return lambda handler, body: reply(
        handler, {key: each for key, each in body.items() if key != field} | (value or {})
    )


def refuses(status: int, message: str, when: Callable[[Body], bool]) -> Fault:
    """Some requests are refused."""

    def fault(handler: BaseHTTPRequestHandler, body: Body) -> None:
        if when(body):
            send(handler, status, {"error": {"message": message}})
        else:
            reply(handler, body)

    return fault


def is_long(body: Body) -> bool:
    return len(body["messages"][0]["content"].split()) > 1000


def cuts(handler: BaseHTTPRequestHandler, body: Body) -> None:
    """Keep the last thousand words of a prompt, and say nothing."""
    if is_long(body):
        kept = " ".join(body["messages"][0]["content"].split(" ")[-1000:])
        body = {**body, "messages": [{"role": "user", "content": kept}]}
    reply(handler, body)


def without_roles(*roles: str) -> Fault:
    """Messages of these roles are left out."""

    def fault(handler: BaseHTTPRequestHandler, body: Body) -> None:
        *before, last = body["messages"]
        reply(handler, {**body, "messages": [*(each for each in before if each["role"] not in roles), last]})

    return fault


def thinks(handler: BaseHTTPRequestHandler, body: Body) -> None:
    """All that it says stands in the reasoning field."""
    text, _ = answer_to(body)
    reply(handler, body, content="", reasoning_content=text)


def thinks_on(handler: BaseHTTPRequestHandler, body: Body) -> None:
    """Its thought takes all tokens where a text is asked for."""
    text, finish = answer_to(body, lambda text: f"{text} " * 3000)
    if finish == "length" and body["max_tokens"] > 100 and not body.get("tools"):
        message = {"role": "assistant", "content": "", "reasoning_content": text}
        usage = {"prompt_tokens": 9999, "completion_tokens": body["max_tokens"]}
        send(handler, 200, {"choices": [{"index": 0, "message": message, "finish_reason": "length"}], "usage": usage})
    else:
        reply(handler, body)


def writes_calls(handler: BaseHTTPRequestHandler, body: Body) -> None:
    """A call stands in the text."""
    if body.get("tools"):
        reply(handler, body, content='<tool_call>{"name": "get_weather"}</tool_call>', tool_calls=[])
    else:
        reply(handler, body)


def sampled() -> Fault:
    """Every answer is another one."""
    numbers = count()
    return lambda handler, body: reply(handler, body, lambda text: f"{text} {next(numbers)}" if len(text) < 40 else f"{next(numbers)} {text}")  # fmt: skip


def uncounted(handler: BaseHTTPRequestHandler, body: Body) -> None:
    """No usage is told."""
    text, finish = answer_to(body)
    if body.get("tools"):
        reply(handler, body)
    else:
        message = {"role": "assistant", "content": text}
        send(handler, 200, {"choices": [{"index": 0, "message": message, "finish_reason": finish}]})
