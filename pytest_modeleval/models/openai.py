"""Models behind an OpenAI-compatible endpoint, through the `openai` package's async client."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import pytest

from pytest_modeleval.inputs import from_json
from pytest_modeleval.models import bodies, echo, endpoints
from pytest_modeleval.models.credentials import Mask, headers_of, key_of
from pytest_modeleval.models.endpoints import PATHS
from pytest_modeleval.models.http import LeanTransport
from pytest_modeleval.models.proxies import named_proxy
from pytest_modeleval.models.reading import answered, completion
from pytest_modeleval.models.replies import Broken, count_of, usage_of
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.models.troubles import ECHO, Troubles
from pytest_modeleval.options.options import unknown
from pytest_modeleval.requests import Chat, Embed, LogLikelihood, Paint, Request, Rerank
from pytest_modeleval.sample import Completion, Json, LogLikelihoods, SampleError, StopRun

# Seconds in which an endpoint must show that it is alive before the first sample.
PATIENCE = 4.0
# Left alone, the client tells every server what machine it runs on, and makes for every request a random key, which it
# does not send, and deep copies of what is not given: a fifth of a request's CPU time.
_TOLD = ("Arch", "Async", "Lang", "OS", "Package-Version", "Read-Timeout", "Retry-Count", "Runtime", "Runtime-Version")
_OPTIONS: openai._types.RequestOptions = {
    "headers": {f"x-stainless-{name.lower()}": openai.omit for name in _TOLD},
    "idempotency_key": "none",
    "max_retries": 0,
    "params": {},
    "security": {"bearer_auth": True},
    "timeout": None,
}
_STREAMED: openai._types.RequestOptions = {**_OPTIONS, "headers": {**_OPTIONS["headers"], "accept": bodies.STREAM}}
# What the client raises for a connection, and for a status that is an error's.
_FAILED = (openai.APIConnectionError, openai.APIStatusError)


class OpenAIModel:
    """A model at ``base_url``; the openai package's own retries are off, the engine has them."""

    # What its server has of them, its answers tell.
    answers: frozenset[type[Request]] = frozenset({Chat, LogLikelihood, Embed, Rerank, Paint})
    concurrency = None
    # Whether the check has asked for a token.
    probed = False

    def __init__(self, spec: ModelSpec) -> None:
        # What the server says of the model, as far as it tells one from another; None while it says nothing yet.
        self.said: Mapping[str, Any] | None = None
        self._spec = spec
        self._mask = Mask(spec)
        self._client = openai.AsyncOpenAI(
            api_key=key_of(spec),
            base_url=spec.base_url,
            # What is packed otherwise is not unpacked.
            default_headers={"accept-encoding": "gzip, deflate", **headers_of(spec)},
            # `asyncio.timeout` bounds a whole request; the client's own would bound each wait for the next byte.
            timeout=None,
            max_retries=0,
            http_client=LeanClient(transport=_transport(spec), timeout=None, event_hooks={"response": [bodies.bound]}),
        )
        # With a path a whole address, so that the client need not join it for every request.
        self._base = str(self._client.base_url).rstrip("/")
        self._where = f"{spec.name} at {self._client.base_url}"
        self._troubles = Troubles(spec, self._where, self._mask)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def check(self, kind: type[Request]) -> None:
        """Ask for the list of models, and where that does not name this one for one token of it.

        Of a model that does not chat the first request itself tells.
        """
        listed = await self.listed()
        if self._spec.model not in listed and kind in (Chat, LogLikelihood):
            await self._probe(listed)

    async def listed(self) -> Sequence[str]:
        """The server's models, as far as it lists any; `StopRun` where none answers or the key is wrong."""
        try:
            listed, self.said = await self._listed()
        except (openai.APIConnectionError, TimeoutError) as error:
            why = "no answer" if isinstance(error, TimeoutError) else self._troubles.cause(error)
            raise StopRun(
                f"{self._spec.name}: nothing answers at {self._client.base_url} ({why}); is the server running?"
            ) from None
        except openai.APIStatusError as error:
            if error.status_code == 401:
                raise self._troubles.refused(error) from None
            return []
        return listed

    async def describe(self) -> Mapping[str, Any] | None:
        """What the server says of the model now; None where it does not answer, or still loads it."""
        try:
            return (await self._listed())[1]
        except (openai.APIError, TimeoutError):
            return None

    async def _listed(self) -> tuple[Sequence[str], Mapping[str, Any] | None]:
        """The names of the endpoint's models, and what it says of this one."""
        async with asyncio.timeout(PATIENCE):
            response = await self._client.get("/models", cast_to=httpx2.Response, options=_OPTIONS)
        entries = _model_entries(response.content)
        return list(entries), self._mask.cover_json(_said(entries.get(self._spec.model, {})))

    async def _probe(self, listed: Sequence[str]) -> None:
        """Ask for one token, as not every endpoint lists its models, or all of them."""
        self.probed = True
        request = Chat([{"role": "user", "content": "Hi"}], generation={"max_tokens": 1})
        try:
            async with asyncio.timeout(self._spec.timeout):
                await self._chat(request, stream=False)
        except openai.APIStatusError as error:
            if error.status_code == 404 and listed:
                missing = unknown("model", self._spec.model, listed, f"({self._client.base_url})")
                raise StopRun(self._mask.hide(str(missing))) from None
            if error.status_code in (401, 403, 404):
                raise self._troubles.refused(error) from None
        except (openai.APIConnectionError, TimeoutError, SampleError, Broken):
            # It is there and knows the model; what it made of this request does not matter.
            return

    async def answer(self, request: Request) -> Completion:
        """The answer, by the endpoint for requests of its kind."""
        try:
            async with asyncio.timeout(self._spec.timeout):
                answer = await self._answered(request)
        except (TimeoutError, *_FAILED, httpx2.HTTPError, Broken, SampleError) as error:
            raise self._troubles.of(error, request) from None
        self._troubles.answered()
        return self._mask.cover(answer)

    async def _answered(self, request: Request) -> Completion:
        started = time.perf_counter()
        match request:
            case Chat():
                return await self._chat(request, stream=self._spec.stream)
            case LogLikelihood():
                return await self._weigh(request.pairs)
        path, body = endpoints.sent(self._spec.model, request)
        reply = answered((await self._post(path, body)).content, endpoints.ANSWERED)
        return endpoints.answer_of(request, reply, time.perf_counter() - started)

    async def _chat(self, request: Chat, *, stream: bool) -> Completion:
        body = _body(self._spec.model, request)
        started = time.perf_counter()
        if not stream:
            response = await self._post(PATHS["chat"], body)
            return await completion(response.content, None, started)
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        stream_cls = openai.AsyncStream[object]
        events = await self._client.post(
            self._base + PATHS["chat"], cast_to=object, body=body, options=_STREAMED, stream=True, stream_cls=stream_cls
        )
        try:
            return await completion(b"", events.response.aiter_bytes(), started)
        finally:
            await events.response.aclose()

    async def _post(self, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        # `post` instead of `chat.completions.create`: the latter rebuilds every message by its type annotations and
        # every answer as a pydantic model, at 0.4 ms of CPU a request.
        return await self._client.post(self._base + path, cast_to=httpx2.Response, body=body, options=_OPTIONS)

    async def _weigh(self, pairs: Sequence[tuple[str, str]]) -> LogLikelihoods:
        """The log-likelihood of each pair's continuation, by prompts that are echoed."""
        started = time.perf_counter()
        response = await self._post(PATHS["completions"], echo.body_of(self._spec.model, pairs))
        answer = answered(response.content)
        try:
            logprobs = echo.log_likelihoods(answer, pairs)
        except LookupError as error:
            if self._troubles.has_answered:
                raise Broken(f"an answer with {error}") from None
            raise StopRun(f"{self._where} answers with {error}{ECHO}") from None
        return LogLikelihoods(
            prompt_tokens=count_of(usage_of(answer), "prompt_tokens"),
            latency=time.perf_counter() - started,
            choice_logprobs=logprobs,
        )


class LeanClient(openai.DefaultAsyncHttpxClient):
    """Makes a request of what the openai client says alone: httpx would parse its address and merge it with nothing.

    That takes 20 µs of CPU a request (`bench/asking.py`).
    """

    def build_request(  # type: ignore[override]
        self, method: str, url: str, *, headers: list[tuple[str, str]], content: bytes | None = None, **_: Any
    ) -> httpx2.Request:
        """The request, each header once, the last of those of a name, and nothing of this machine.

        Older releases of the client (3.0) tell of it although they are told to omit it, and add what a model has in
        other letters to their own: two keys.
        """
        lowered = ((name.lower(), value) for name, value in headers)
        told = {name: value for name, value in lowered if not name.startswith("x-stainless-")}
        try:
            return httpx2.Request(method, _parsed(url), headers=told, content=content, cookies=self.cookies or None)
        except UnicodeEncodeError:
            # Of a server's cookies: one that is no ASCII cannot be sent.
            self.cookies.clear()
            return httpx2.Request(method, _parsed(url), headers=told, content=content)


_parsed = lru_cache(maxsize=16)(httpx2.URL)


def _transport(spec: ModelSpec) -> httpx2.AsyncBaseTransport:
    """Our own transport, or httpx's through the proxy that the environment names."""
    named = named_proxy(urlsplit(spec.endpoint))
    if named is None:
        return LeanTransport()
    name, url = named
    try:
        # Concurrency is limited elsewhere.
        return httpx2.AsyncHTTPTransport(proxy=url, limits=httpx2.Limits())
    except (ValueError, ImportError, httpx2.InvalidURL) as error:
        # It may name the proxy with its password.
        why = "it needs the package socksio" if isinstance(error, ImportError) else "that is no proxy's address"
        raise pytest.UsageError(f"model {spec.name!r} is asked through the proxy of {name}: {why}") from None


def _body(model: str, request: Chat) -> dict[str, Any]:
    generation = dict(request.generation)
    extra = generation.pop("extra_body", {})
    body = {"model": model, "messages": request.messages, **generation, **extra}
    if request.tools:
        body["tools"] = request.tools
    return body


def _model_entries(content: bytes) -> dict[str, Json]:
    """What an endpoint lists, by the models' names."""
    try:
        return {str(model["id"]): model for model in from_json(content)["data"]}
    except (ValueError, LookupError, TypeError):
        return {}


def _said(entry: Json) -> Json | None:
    """What tells one model from another: vLLM's and SGLang's root and length, llama.cpp's sizes; no time of asking.

    None where llama.cpp still loads the model, which has sizes but not yet.
    """
    said = {name: entry[name] for name in ("root", "parent", "max_model_len", "meta") if entry.get(name) is not None}
    return said if said or "meta" not in entry else None
