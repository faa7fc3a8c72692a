"""One answer of the bench server, from its request to its last byte, and what really happened to it."""

import json
import time
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_modeleval.perf.server.behaviour import Packet, ending, whole

if TYPE_CHECKING:
    from pytest_modeleval.perf.server.serve import Connection

_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n%s\r\n\r\n"


@dataclass
class Served:
    """What really happened to one request: nanoseconds of the monotonic clock, which all processes share."""

    received: int
    # What the request's body says in its field `user`.
    user: str = ""
    # Every write with tokens, and how many.
    sends: "array[int]" = field(default_factory=lambda: array("q"))
    tokens: "array[int]" = field(default_factory=lambda: array("I"))
    ended: int = 0
    status: int = 200
    fault: str = ""


class Answer:
    """One answer on its way."""

    def __init__(
        self, connection: "Connection", served: Served, api: str, asked: Mapping[str, Any], number: int
    ) -> None:
        behaviour = connection.server.behaviour
        self.connection, self.served, self._behaviour, self._api = connection, served, behaviour, api
        limits = (asked.get(name) for name in ("max_completion_tokens", "max_output_tokens", "max_tokens"))
        self._tokens = int(next(filter(None, limits), behaviour.tokens))
        # A word is a token.
        prompt = asked.get("messages") or asked.get("prompt") or asked.get("input") or ""
        self._prompt = len(json.dumps(prompt).split())
        self._stream = bool(asked.get("stream"))
        things = asked.get("documents") or asked.get("input")
        # A list of numbers is one text's tokens.
        self._number = len(things) if isinstance(things, list) and things and not isinstance(things[0], int) else 1
        self._next = 0
        self._packets: list[Packet] = []
        for fault, every in {
            "error": behaviour.error_every,
            "cut": behaviour.cut_every,
            "hang": behaviour.hang_every,
        }.items():
            if every and number % every == 0:
                served.fault = fault

    def start(self, at: int) -> None:
        """Begin, with the deadlines counted from ``at``."""
        self._start = at
        if self.served.fault == "hang":
            return
        if self.served.fault == "error":
            self.served.status = self._behaviour.status
            self.connection.respond(self._behaviour.status, {"error": {"message": "a fault that was asked for"}})
            self.finish()
            return
        if not self._stream:
            self._packets = [Packet(self._behaviour.ttft + self._behaviour.gap * max(0, self._tokens - 1), b"", 0)]
        else:
            # Only these tell the prompt's length before the end.
            prompt = self._prompt if self._behaviour.continuous_usage else 0
            self._packets = self.connection.server.packets(self._behaviour, self._api, self._tokens, prompt)
            if self.served.fault == "cut":
                self._packets = self._packets[: max(1, len(self._packets) // 2)]
        self._wait()

    def _wait(self) -> None:
        self.connection.server.loop.at(self._start + int(self._packets[self._next].at * 1e9), self._send)

    def _send(self) -> None:
        if self.connection.answer is not self:
            return
        if not self._stream:
            self.connection.respond(200, whole(self._behaviour, self._api, self._tokens, self._prompt, self._number))
            self._end()
            return
        packet = self._packets[self._next]
        content = packet.content
        if not self._next:
            framing = b"connection: close" if self._behaviour.close else b"transfer-encoding: chunked"
            content = _STREAM % framing + content
        if packet.tokens:
            self.served.sends.append(time.monotonic_ns())
            self.served.tokens.append(packet.tokens)
        self._next += 1
        is_last = self._next == len(self._packets)
        if is_last and not self.served.fault:
            content += ending(self._behaviour, self._api, self._tokens, self._prompt)
        middle = len(content) // 2 if self._behaviour.split else 0
        if middle:
            self.connection.send(content[:middle])
        self.connection.send(content[middle:])
        if is_last:
            self._end()
        else:
            self._wait()

    def _end(self) -> None:
        self.finish()
        if self._behaviour.close or self.served.fault == "cut":
            self.connection.close()

    def finish(self) -> None:
        """Note the end, and give the slot back."""
        if self.connection.answer is not self:
            return
        self.served.ended = time.monotonic_ns()
        self.connection.answer = None
        self.connection.server.finish(self)
