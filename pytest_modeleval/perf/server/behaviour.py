"""How the bench server behaves: its pace, its shape of answering, and its faults."""

import json
from dataclasses import dataclass

# A PNG of one grey pixel.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="


@dataclass(frozen=True)
class Behaviour:
    """Seconds and counts; everything is off by default but the pace."""

    # From a request's arrival, or its slot, to its first token, and between tokens.
    ttft: float = 0.1
    gap: float = 0.01
    # Tokens of an answer whose request names no ``max_tokens``.
    tokens: int = 128
    # Requests served at once; others wait. 0: all.
    slots: int = 0
    # Every so many-th request: answered with a status, cut after half its tokens, never answered.
    error_every: int = 0
    status: int = 500
    cut_every: int = 0
    hang_every: int = 0
    # Tokens in an event, events in a packet, packets an event is cut into.
    tokens_per_event: int = 1
    events_per_packet: int = 1
    split: bool = False
    # A comment before every event; a chunk with the role alone at once; so many tokens of reasoning first.
    pings: bool = False
    role_first: bool = False
    reasoning: int = 0
    # Whether the tokens are told at the end, and with every event.
    usage: bool = True
    continuous_usage: bool = False
    # Tokens of every prompt that come from a cache.
    cached: int = 0
    # Close the connection after each response; take its end for the response's end.
    close: bool = False
    # Lines end with CR LF inside the stream.
    crlf: bool = False


@dataclass(frozen=True)
class Packet:
    """What leaves at once: when, counted from the start of the answer in seconds, and how many tokens it carries."""

    at: float
    content: bytes
    tokens: int


def packets(behaviour: Behaviour, api: str, tokens: int, prompt: int) -> list[Packet]:
    """A streamed answer's packets without its end, on absolute deadlines so that no lateness adds up."""
    events = [_event(behaviour, api, index, tokens, prompt) for index in range(0, tokens, behaviour.tokens_per_event)]
    planned = []
    if api == "responses":
        planned.append(Packet(0.0, _response(behaviour, "created", {"status": "in_progress"}), 0))
    elif behaviour.role_first:
        planned.append(
            Packet(0.0, _chunk(behaviour, {"choices": [_choice(api, {"role": "assistant", "content": ""})]}), 0)
        )
    for index in range(0, len(events), behaviour.events_per_packet):
        together = events[index : index + behaviour.events_per_packet]
        first = index * behaviour.tokens_per_event
        count = min(tokens - first, len(together) * behaviour.tokens_per_event)
        planned.append(Packet(behaviour.ttft + first * behaviour.gap, b"".join(together), count))
    return planned


def ending(behaviour: Behaviour, api: str, tokens: int, prompt: int) -> bytes:
    """What ends a streamed answer."""
    if api == "responses":
        said = _response(behaviour, "completed", whole(behaviour, api, tokens, prompt))
        return said + (b"" if behaviour.close else b"0\r\n\r\n")
    told = b"" if not behaviour.usage else _chunk(behaviour, {"choices": [], "usage": usage(behaviour, prompt, tokens)})
    return told + _framed(behaviour, "data: [DONE]\n\n") + (b"" if behaviour.close else b"0\r\n\r\n")


def _event(behaviour: Behaviour, api: str, index: int, tokens: int, prompt: int) -> bytes:
    count = min(behaviour.tokens_per_event, tokens - index)
    if api == "responses":
        kind = f"response.{'reasoning' if index < behaviour.reasoning else 'output'}_text.delta"
        delta = {"item_id": "msg_bench", "output_index": 0, "content_index": 0, "delta": " tok" * count}
        return _ping(behaviour) + _typed(behaviour, kind, {**delta, "sequence_number": index})
    name = "reasoning_content" if index < behaviour.reasoning else "content"
    last = index + count >= tokens
    chunk: dict[str, object] = {"choices": [_choice(api, {name: " tok" * count}, "length" if last else None)]}
    if behaviour.continuous_usage:
        chunk["usage"] = usage(behaviour, prompt, index + count)
    return _ping(behaviour) + _chunk(behaviour, chunk)


def _ping(behaviour: Behaviour) -> bytes:
    return _framed(behaviour, ": ping\n\n") if behaviour.pings else b""


def _response(behaviour: Behaviour, event: str, response: dict[str, object]) -> bytes:
    head = {"id": "resp_bench", "object": "response", "created_at": 1763700000, "model": "bench", "error": None}
    return _typed(behaviour, f"response.{event}", {"response": {**head, **response}})


def _typed(behaviour: Behaviour, kind: str, content: dict[str, object]) -> bytes:
    return _framed(behaviour, f"event: {kind}\ndata: {json.dumps({'type': kind, **content})}\n\n")


def _choice(api: str, delta: dict[str, str], finish: str | None = None) -> dict[str, object]:
    said = {"text": delta.get("content", "")} if api == "completions" else {"delta": delta}
    return {"index": 0, **said, "logprobs": None, "finish_reason": finish}


def _chunk(behaviour: Behaviour, content: dict[str, object]) -> bytes:
    head = {"id": "bench-0123456789", "object": "chat.completion.chunk", "created": 1763700000, "model": "bench"}
    return _framed(behaviour, f"data: {json.dumps({**head, **content})}\n\n")


def _framed(behaviour: Behaviour, text: str) -> bytes:
    content = text.replace("\n", "\r\n").encode() if behaviour.crlf else text.encode()
    return content if behaviour.close else b"%x\r\n%s\r\n" % (len(content), content)


def usage(behaviour: Behaviour, prompt: int, tokens: int, *, api: str = "chat") -> dict[str, object]:
    """The ``usage`` of a response."""
    asked, said = ("input", "output") if api == "responses" else ("prompt", "completion")
    return {
        f"{asked}_tokens": prompt,
        f"{said}_tokens": tokens,
        "total_tokens": prompt + tokens,
        f"{asked}_tokens_details": {"cached_tokens": behaviour.cached},
        f"{said}_tokens_details": {"reasoning_tokens": min(tokens, behaviour.reasoning)},
    }


def whole(behaviour: Behaviour, api: str, tokens: int, prompt: int, number: int = 1) -> dict[str, object]:
    """An answer that is not streamed, with an entry for each of so many texts or documents."""
    told = {"usage": usage(behaviour, prompt, tokens, api=api)} if behaviour.usage else {}
    if api == "embeddings":
        return {"object": "list", "data": [{"index": n, "embedding": [0.1] * 8} for n in range(number)], **told}
    if api == "rerank":
        return {"id": "bench", "results": [{"index": n, "relevance_score": 0.5} for n in range(number)], **told}
    if api == "images":
        return {"created": 1763700000, "data": [{"b64_json": _PIXEL}], **told}
    text = " tok" * tokens
    if api == "responses":
        said_ = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
        return {"object": "response", "status": "completed", "output": [said_], **told}
    said = {"text": text} if api == "completions" else {"message": {"role": "assistant", "content": text}}
    return {"choices": [{"index": 0, **said, "finish_reason": "length"}], **told}
