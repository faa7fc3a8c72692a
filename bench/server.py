"""A loopback chat server that answers every request after a fixed delay, for measuring the client.

python bench/server.py --delay 0.05 --port 8765 [--text 42] [--tool NAME]

With a tool, a conversation that begins with "5 turns" has so many: calls of it, and "done".
"""

import argparse
import asyncio
import json
import re


def response(text: str, tool: str = "", turn: int = 0) -> bytes:
    """One whole HTTP response with this answer, or with a call of the tool."""
    message: dict[str, object] = {"role": "assistant", "content": None if tool else text}
    if tool:
        function = {"name": tool, "arguments": json.dumps({"turn": turn})}
        message["tool_calls"] = [{"id": f"call{turn:05d}", "type": "function", "function": function}]
    body = json.dumps(
        {
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if tool else "stop"}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Chat(asyncio.Protocol):
    """Answers each complete request on its connection after the delay."""

    def __init__(self, delay: float, answer: bytes, tool: str = "") -> None:
        self._delay, self._answer, self._tool = delay, answer, tool
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(self._received) < end + 4 + length:
                return
            body, self._received = self._received[end + 4 : end + 4 + length], self._received[end + 4 + length :]
            if head.startswith(b"get /v1/models"):
                models = b'{"object":"list","data":[{"id":"bench"}]}'
                self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(models) + models)
            else:
                answer = self._in_turn(body) if self._tool else self._answer
                asyncio.get_running_loop().call_later(self._delay, self._transport.write, answer)

    def _in_turn(self, body: bytes) -> bytes:
        turn, turns = body.count(b'"role":"tool"') + body.count(b'"role": "tool"') + 1, re.search(rb"(\d+) turns", body)
        return response("done") if turns is None or turn >= int(turns[1]) else response("", self._tool, turn)


async def serve(delay: float, port: int, text: str, tool: str) -> None:
    """Serve until killed."""
    answer = response(text)
    server = await asyncio.get_running_loop().create_server(lambda: Chat(delay, answer, tool), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--text", default="42 ".ljust(20, "x"))
    parser.add_argument("--tool", default="")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.delay, arguments.port, arguments.text, arguments.tool))
