"""One load by one client library, for `bench/perf_accuracy.py`: prints what that client measured, as JSON.

    python bench/perf_peers.py CLIENT URL PARALLEL NUMBER TOKENS

CLIENT is ours, or a loop over aiohttp, httpx or openai as the load tools have it: a task for each stream, a stamp for
each event, the JSON parsed at once. Runs with the interpreter that has the library.
"""

import asyncio
import json
import sys
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import pairwise

# Sends a request, and calls back for each token.
Ask = Callable[[bytes, Callable[[], None]], Awaitable[None]]


def body(index: int, tokens: int) -> bytes:
    """A request that the bench server can tell from others."""
    messages = [{"role": "user", "content": "What is measured here is the client. " * 8}]
    asked = {"model": "bench", "messages": messages, "max_tokens": tokens, "stream": True, "user": str(index)}
    return json.dumps(asked).encode()


def note_tokens(line: bytes | str, token: Callable[[], None]) -> None:
    """Call back if this line of a stream brings a token."""
    text = line.decode() if isinstance(line, bytes) else line
    if text.startswith("data: ") and text.strip() != "data: [DONE]":
        choices = json.loads(text[6:])["choices"]
        if choices and choices[0]["delta"].get("content"):
            token()


async def over_aiohttp(url: str) -> AsyncIterator[Ask]:
    """As vLLM's and EvalScope's benchmarks ask."""
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
    """As GuideLLM asks."""
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=600) as client:

        async def ask(content: bytes, token: Callable[[], None]) -> None:
            async with client.stream("POST", f"{url}/chat/completions", content=content) as response:
                async for line in response.aiter_lines():
                    note_tokens(line, token)

        yield ask


async def over_openai(url: str) -> AsyncIterator[Ask]:
    """As scripts ask."""
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def ask(content: bytes, token: Callable[[], None]) -> None:
            async for chunk in await client.chat.completions.create(**json.loads(content)):
                if chunk.choices and chunk.choices[0].delta.content:
                    token()

        yield ask


async def by_library(asks: AsyncIterator[Ask], parallel: int, number: int, tokens: int) -> dict[str, object]:
    """What a client of asyncio measures in a closed loop."""
    ttft: list[float] = []
    gaps: list[float] = []
    tpot: list[float] = []
    indices = iter(range(number))

    async def stream(ask: Ask) -> None:
        for index in indices:
            content, times = body(index, tokens), array("d")
            sent = time.perf_counter()
            await ask(content, lambda times=times: times.append(time.perf_counter()))  # type: ignore[misc]
            ttft.append(times[0] - sent)
            gaps.extend(after - before for before, after in pairwise(times))
            tpot.append((times[-1] - times[0]) / (tokens - 1))

    async for ask in asks:
        await asyncio.gather(*(stream(ask) for _ in range(parallel)))
    return figures(ttft, gaps, tpot)


def by_us(url: str, parallel: int, number: int, tokens: int) -> dict[str, object]:
    """What this package measures."""
    from pytest_modeleval.perf.client.load import run_load
    from pytest_modeleval.perf.client.record import Plan, Request
    from pytest_modeleval.perf.client.target import reach
    from pytest_modeleval.perf.verdict.validity import decide

    requests = [Request(body(index, tokens), max_tokens=tokens) for index in range(number)]
    load = run_load(reach(f"{url}/chat/completions"), requests, Plan(parallel=parallel, number=number))
    ttft, gaps, tpot = array("d"), array("d"), array("d")
    for record in load.records:
        if record.first is not None and record.last is not None:
            ttft.append(record.first - record.sent)
            gaps.extend(after - before for before, after in pairwise(record.chunks))
            tpot.append((record.last - record.first) / max(1, (record.output_tokens or 0) - record.first_tokens))
    return {**figures(ttft, gaps, tpot), "verdict": str(decide(load))}


def figures(ttft: Sequence[float], gaps: Sequence[float], tpot: Sequence[float]) -> dict[str, object]:
    """TTFT p50 and p99, ITL p50 and p99, TPOT p50, in milliseconds. Chunks that came together have no gap."""
    apart = [gap for gap in gaps if gap > 0]
    asked = ((ttft, 50), (ttft, 99), (apart, 50), (apart, 99), (tpot, 50))
    return {"figures": [1000 * percentile(sorted(values), percent) for values, percent in asked], "verdict": ""}


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value that so many per cent are below."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


def main() -> None:
    """Print the figures."""
    client, url, *numbers = sys.argv[1:]
    parallel, number, tokens = map(int, numbers)
    if client == "ours":
        measured = by_us(url, parallel, number, tokens)
    else:
        asks = {"aiohttp": over_aiohttp, "httpx": over_httpx, "openai": over_openai}[client](url)
        try:
            from uvloop import run
        except ImportError:
            from asyncio import run
        measured = run(by_library(asks, parallel, number, tokens))
    json.dump(measured, sys.stdout)


if __name__ == "__main__":
    main()
