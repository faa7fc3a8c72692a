"""One load by one client library, for `bench/perf_accuracy.py`: prints what that client measured, as JSON.

    python bench/perf_peers.py CLIENT URL PARALLEL NUMBER TOKENS

CLIENT is ours, or a loop over aiohttp, httpx or openai as the load tools have it: a task for each stream, a stamp for each
event, the JSON parsed at once. Runs with the interpreter that has the library.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable

# Sends a request, and calls back for each token.
Ask = Callable[[bytes, Callable[[], None]], Awaitable[None]]


def body(index: int, tokens: int) -> bytes:
    messages = [{"role": "user", "content": "What is measured here is the client. " * 8}]
    asked = {"model": "bench", "messages": messages, "max_tokens": tokens, "stream": True, "user": str(index)}
    return json.dumps(asked).encode()


def note_tokens(line: bytes | str, token: Callable[[], None]) -> None:
    text = line.decode() if isinstance(line, bytes) else line
    if text.startswith("data: ") and text.strip() != "data: [DONE]":
        choices = json.loads(text[6:])["choices"]
        if choices and choices[0]["delta"].get("content"):
            token()


async def over_aiohttp(url: str) -> AsyncIterator[Ask]:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(content: bytes, token: Callable[[], None]) -> None:
            headers = {"content-type": "application/json"}
            async with session.post(f"{url}/chat/completions", data=content, headers=headers) as response:
                left = b""
                async for data in response.content.iter_any():
                    *events, left = (left + data).split(b"\n\n")
                    for event in events:
                        note_tokens(event, token)

        yield ask


async def over_httpx(url: str) -> AsyncIterator[Ask]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=600) as client:

        async def ask(content: bytes, token: Callable[[], None]) -> None:
            async with client.stream("POST", f"{url}/chat/completions", content=content) as response:
                async for line in response.aiter_lines():
                    note_tokens(line, token)

        yield ask


async def over_openai(url: str) -> AsyncIterator[Ask]:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def ask(content: bytes, token: Callable[[], None]) -> None:
            async for chunk in await client.chat.completions.create(**json.loads(content)):
                if chunk.choices and chunk.choices[0].delta.content:
                    token()

        yield ask


async def run(asks: AsyncIterator[Ask], parallel: int, number: int, tokens: int) -> dict[str, object]:
    ttft: list[float] = []
    gaps: list[float] = []
    tpot: list[float] = []
    indices = iter(range(number))

    async def stream(ask: Ask) -> None:
        for index in indices:
            content, times = body(index, tokens), []
            sent = time.perf_counter()
            await ask(content, lambda times=times: times.append(time.perf_counter()))
            ttft.append(times[0] - sent)
            gaps.extend(after - before for before, after in zip(times, times[1:], strict=False))
            tpot.append((times[-1] - times[0]) / (tokens - 1))

    async for ask in asks:
        begun = time.perf_counter()
        await asyncio.gather(*(stream(ask) for _ in range(parallel)))
        took = time.perf_counter() - begun
    return {"ttft": sorted(ttft), "itl": sorted(gaps), "tpot": sorted(tpot), "seconds": took, "verdict": ""}


def ours(url: str, parallel: int, number: int, tokens: int) -> dict[str, object]:
    from pytest_modeleval.perf.load import run_load
    from pytest_modeleval.perf.record import Plan, Request
    from pytest_modeleval.perf.target import reach
    from pytest_modeleval.perf.validity import judge

    requests = [Request(body(index, tokens), max_tokens=tokens) for index in range(number)]
    load = run_load(reach(f"{url}/chat/completions"), requests, Plan(parallel=parallel, number=number))
    records = list(load.records)
    return {
        "ttft": sorted(record.first - record.sent for record in records if record.first is not None),
        "itl": sorted(gap for gaps in load.records.gaps() for gap in gaps),
        "tpot": sorted(
            (record.last - record.first) / max(1, (record.output_tokens or 0) - record.first_tokens)
            for record in records
            if record.first is not None and record.last is not None
        ),
        "seconds": load.window[1] - load.window[0],
        "verdict": str(judge(load)),
    }


def main() -> None:
    client, url, *numbers = sys.argv[1:]
    parallel, number, tokens = map(int, numbers)
    if client == "ours":
        measured = ours(url, parallel, number, tokens)
    else:
        asks = {"aiohttp": over_aiohttp, "httpx": over_httpx, "openai": over_openai}[client](url)
        try:
            import uvloop
        except ImportError:
            measured = asyncio.run(run(asks, parallel, number, tokens))
        else:
            measured = uvloop.run(run(asks, parallel, number, tokens))
    json.dump(measured, sys.stdout)


if __name__ == "__main__":
    main()
