"""What a chat server's reply says: its choice, text, thoughts, end and counts, whatever shape they come in."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Json, token_count

# The most bytes of one reply that are kept: 64 MiB, a hundred times the longest answer.
MOST_BYTES = 1 << 26
# Letters of what a server says that are quoted. It is more than is shown, which is cut after secrets are masked: half a
# key is no text that a mask finds.
_QUOTED = 2000
# Ends of an answer by which a server says that it gave up: vLLM, SGLang (abort), OpenRouter (error), DeepSeek
# (insufficient_system_resource), Zhipu (network_error) and Ollama, whose model was only loaded or taken away.
_FAILED = {
    *("abort", "aborted", "cancel", "cancelled", "canceled", "error", "failed", "failure", "interrupted", "timeout"),
    *("insufficient_system_resource", "network_error", "load", "unload"),
}
# Ends by a filter: OpenAI, Azure, Zhipu (sensitive), Gemini and Bedrock.
_FILTERED = {
    *("content_filter", "content_filtered", "sensitive", "safety", "recitation", "blocklist", "prohibited_content"),
    *("spii", "guardrail_intervened"),
}
# Ends at a limit of length by other names: Anthropic, Mistral, z.ai and OpenAI's responses.
_CUT_OFF = {"max_tokens", "model_length", "model_context_window_exceeded", "max_output_tokens"}
# Ends by calls by other names: OpenAI until 2023 and servers after it, Anthropic and Cohere.
_CALLED = {"function_call", "tool_use", "tool_call"}
# What stands in an event, as its name or alone in its data, that only keeps a connection open.
_IDLE = re.compile(rb"\W*(ping|heart-?beat|keep[-_ ]?alive)\W*", re.IGNORECASE)
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


class Broken(ValueError):
    """A reply that is no answer, and may be one the next time; its text says why in the server's words.

    ``body`` is the error that the server put into it, None where it told none.
    """

    def __init__(self, why: str, body: Json | None = None) -> None:
        super().__init__(why)
        self.body = body


@dataclass(slots=True)
class Said:
    """What a message says, or the deltas of a stream say together."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    # Thoughts as OpenRouter wants them back: with signatures, or encrypted.
    details: list[Json] = field(default_factory=list)

    def add(self, more: "Said") -> None:
        """Add what was said after it."""
        self.text += more.text
        self.thinking += more.thinking
        self.refusal += more.refusal
        self.calls += more.calls
        self.details += more.details

    def __bool__(self) -> bool:
        return bool(self.text or self.thinking or self.refusal or self.calls)


def is_idle(name: bytes, data: bytes) -> bool:
    """Whether an event of a stream says nothing, by its name or its data."""
    return not data or bool(_IDLE.fullmatch(name) or _IDLE.fullmatch(data))


def parsed(content: bytes) -> Json:
    """The JSON object of a reply, or of one event of a stream; raises `Broken`."""
    try:
        body = from_json(content)
    except ValueError:
        raise Broken(f"not JSON: {content[:_QUOTED].decode(errors='replace')!r}") from None
    if not isinstance(body, dict):
        raise Broken(f"no JSON object: {content[:_QUOTED].decode(errors='replace')!r}")
    return body


def failure_in(body: Json, *, answered: Sequence[str] = ("choices",)) -> str:
    """The server's own words for what failed, in a reply under 200 or an event of a stream; "" where nothing did.

    ``{"error": …}``, ``{"object": "error"}`` and MiniMax's ``base_resp`` are one beside choices too, ``{"detail": …}``
    and ``{"code": …, "message": …}`` where none of the fields has anything that an answer has: ``answered``.
    """
    if body.get("error") or body.get("object") == "error":
        return error_text(body) or "error"
    base = body.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return error_text(base.get("status_msg") or base)
    if any(map(body.get, answered)):
        return ""
    is_well = body.get("code") in (0, 200, "0", "200", "success")
    said = not is_well and any(body.get(name) for name in ("detail", "message", "error_msg", "msg"))
    return error_text(body) if said else ""


def error_text(body: object) -> str:
    """What an error's body says, on one line."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict):
        body = body.get("error") or body
    if isinstance(body, dict):
        names = ("message", "detail", "error_msg", "msg", "title")
        body = next((body[name] for name in names if body.get(name)), None) or body
    return " ".join((body if isinstance(body, str) else _json(body) if body else "").split())[:_QUOTED]


def first_choice(body: Json, *, streamed: bool = False) -> Json | None:
    """The choice of index 0, whatever their order; None where there is none. Raises `Broken` for what are no choices.

    A chunk of a stream may have one choice alone that is not the first.
    """
    choices = body.get("choices")
    if choices is None:
        return None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise Broken(f"choices are {shape(choices)}")
    if len(choices) == 1 and not streamed:
        return _sound(choices[0])
    return next((_sound(choice) for choice in choices if choice.get("index") in (0, "0", None)), None)


def _sound(choice: Json) -> Json:
    if choice.get("error"):
        raise Broken(f"the server broke off with an error: {error_text(choice)}", choice)
    reason = finish_of(choice)
    if reason in _FAILED:
        raise Broken(f"the server broke off (finish reason {reason!r})")
    return choice


def finish_of(choice: Json) -> str:
    """Why an answer ended, in the words of chat completions; "" while it goes on, which DashScope calls "null"."""
    reason = choice.get("finish_reason")
    # Gemini says "content_filter: PROHIBITED_CONTENT".
    reason = reason[:40].lower().partition(":")[0].removeprefix("null") if isinstance(reason, str) else ""
    if reason in _CALLED:
        return "tool_calls"
    return "length" if reason in _CUT_OFF else "content_filter" if reason in _FILTERED else reason


def message_of(choice: Json, *, streamed: bool = False) -> object:
    """What a choice says: its message, a chunk's delta, or the text of an older endpoint.

    Perplexity has both: in a chunk the message says all that was said before again.
    """
    if streamed and isinstance(choice.get("delta"), dict):
        return choice["delta"]
    return choice.get("message") or choice.get("delta") or {"content": choice.get("text")}


def add_said(said: Said, message: object) -> bool:
    """Add what a message or a delta says; whether it said anything. Raises `Broken` for one of another shape."""
    if not isinstance(message, dict):
        raise Broken(f"a message that is {shape(message)}")
    before = len(said.text) + len(said.thinking) + len(said.refusal)
    for is_thought, text in _pieces(message.get("content")):
        (said.thinking if is_thought else said.text).append(text)
    # Servers that have two names for it say the same twice.
    thought = next((message[name] for name in _THOUGHTS if message.get(name)), None)
    said.thinking += [text for _, text in _pieces(thought)]
    said.refusal += [text for _, text in _pieces(message.get("refusal"))]
    details = message.get("reasoning_details")
    if isinstance(details, list) and not _is_deep(details):
        said.details += [detail for detail in details if isinstance(detail, dict)]
    # What calls were before there were several (OpenAI until 2023, and servers after it).
    one = message.get("function_call")
    calls = message.get("tool_calls") or ([{"type": "function", "function": one}] if isinstance(one, dict) else [])
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls) or _is_deep(calls):
        raise Broken(f"tool_calls are {shape(calls)}")
    said.calls += calls
    return bool(calls) or len(said.text) + len(said.thinking) + len(said.refusal) > before


def _pieces(content: object, depth: int = 4) -> Iterator[tuple[bool, str]]:
    """Whether it is a thought, and the text, for each part of a content: a text, or a list of parts."""
    if isinstance(content, str):
        if content:
            yield False, content
    elif isinstance(content, dict):
        yield from _part(content, depth)
    elif isinstance(content, list) and depth:
        for part in content:
            yield from _pieces(part, depth - 1)
    elif content is not None:
        raise Broken(f"content that is {shape(content)}")


def _part(part: Json, depth: int) -> Iterator[tuple[bool, str]]:
    """A part by its type: a text, or a thought, whose own content may be parts again (Magistral)."""
    kind = str(part.get("type", "text"))
    is_thought = any(word in kind for word in ("thinking", "reasoning"))
    inner = next((part[name] for name in ("text", "thinking", "reasoning", "summary") if part.get(name)), None)
    if is_thought or "text" in kind:
        yield from ((is_thought, text) for _, text in _pieces(inner, depth - 1))


def usage_of(body: Json) -> Json:
    """The usage that a reply or a chunk tells, rerankers in ``meta.tokens``; empty where it tells none."""
    meta = body.get("meta")
    tokens = meta.get("tokens") if isinstance(meta, dict) else None
    usage = body.get("usage") or tokens
    return usage if isinstance(usage, dict) else {}


def count_of(usage: Json, *names: str) -> int | None:
    """The first of these that is a count of tokens in a usage; None where none is."""
    return next((count for name in names if (count := token_count(usage.get(name))) is not None), None)


def thinking_tokens_of(usage: Json) -> int | None:
    """How many of an answer's tokens a usage says were thought; SGLang has it beside the other counts."""
    details = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    return count_of(details if isinstance(details, dict) else usage, "reasoning_tokens")


def shape(value: object) -> str:
    """What a value is, for a line that says that it is no such thing."""
    return f"a {type(value).__name__}: {_json(value)[:_QUOTED]}"


def _is_deep(value: object, levels: int = 50) -> bool:
    """Whether this is nested deeper than anybody means."""
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and (not levels or any(_is_deep(inner, levels - 1) for inner in value))


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "nested too deeply"
