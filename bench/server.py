"""A loopback chat server that answers every request after a fixed delay, for measuring the client.

python bench/server.py --delay 0.05 --port 8765 [--text 42]
"""

import argparse
import asyncio
import json


def response(text: str) -> bytes:
    """One whole HTTP response with this answer."""
    body = json.dumps(
        {
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Chat(asyncio.Protocol):
    """Answers each complete request on its connection after the delay."""

    def __init__(self, delay: float, answer: bytes) -> None:
        self._delay, self._answer = delay, answer
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
            self._received = self._received[end + 4 + length :]
            if head.startswith(b"get /v1/models"):
                models = b'{"object":"list","data":[{"id":"bench"}]}'
                self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(models) + models)
            else:
                asyncio.get_running_loop().call_later(self._delay, self._transport.write, self._answer)


async def serve(delay: float, port: int, text: str) -> None:
    """Serve until killed."""
    answer = response(text)
    server = await asyncio.get_running_loop().create_server(lambda: Chat(delay, answer), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--text", default="42 ".ljust(20, "x"))
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.delay, arguments.port, arguments.text))
