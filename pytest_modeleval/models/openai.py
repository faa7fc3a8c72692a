"""Models behind an OpenAI-compatible endpoint: where and as whom to ask says the `openai` package's client."""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
import openai
import pytest

from pytest_modeleval.inputs import from_json
from pytest_modeleval.models import bodies, echo, endpoints, responses_asked
from pytest_modeleval.models.credentials import Mask, headers_of, key_of
from pytest_modeleval.models.endpoints import PATHS
from pytest_modeleval.models.http import LeanTransport
from pytest_modeleval.models.proxies import named_proxy
from pytest_modeleval.models.reading import answered, completion
from pytest_modeleval.models.replies import Broken, count_of, usage_of
from pytest_modeleval.models.spec import DETAILS, ITEMS, ModelSpec
from pytest_modeleval.models.troubles import ECHO, Troubles
from pytest_modeleval.options.options import unknown
from pytest_modeleval.requests import Chat, Embed, LogLikelihood, Paint, Request, Rerank
from pytest_modeleval.sample import Completion, Json, LogLikelihoods, SampleError, StopRun
from pytest_modeleval.store.addresses import encoded

# Seconds in which an endpoint must show that it is alive before the first sample.
PATIENCE = 4.0
# What the server is told of this machine by the client left alone.
_TOLD = "x-stainless-"
# `json.dumps` would make an encoder for every request.
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_parsed = lru_cache(maxsize=16)(httpx2.URL)
# What is raised for a connection that failed or is none, and for a status that is an error's.
_FAILED = (openai.APIConnectionError, openai.APIStatusError)
# httpx leaves two errors of a proxy's TLS as they are.
_BROKEN_OFF = (httpx2.RequestError, ssl.SSLError, anyio.EndOfStream)


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
        # `asyncio.timeout` bounds a whole request; the client's own would bound each wait for the next byte.
        self._http = openai.DefaultAsyncHttpxClient(
            transport=_transport(spec), timeout=None, event_hooks={"response": [bodies.bound]}
        )
        self._client = client = openai.AsyncOpenAI(
            api_key=key_of(spec),
            base_url=spec.base_url,
            # What is packed otherwise is not unpacked.
            default_headers={"accept-encoding": "gzip, deflate", **headers_of(spec)},
            http_client=self._http,
        )
        self._base = str(client.base_url).rstrip("/")
        # Each once, the last of those of a name: a model may have them in other letters than the client.
        said = {name.lower(): value for name, value in {**client.auth_headers, **client.default_headers}.items()}
        told = {name: value for name, value in said.items() if isinstance(value, str) and not name.startswith(_TOLD)}
        # With what httpx adds for itself, for another 10 µs, to what it makes of a content.
        self._headers = httpx2.Headers({"host": client.base_url.netloc.decode(), **told})
        self._where = f"{spec.name} at {client.base_url}"
        self._troubles = Troubles(spec, self._where, self._mask)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

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
            response = await self._sent("/models")
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
        self._troubles.answered(request)
        # Between calls they may be wanted by a later run, which finds this answer stored.
        is_wanted = answer.tool_calls and self._spec.way.chats_at != "responses"
        if answer.reasoning_items and not is_wanted and self._spec.send_thinking not in (ITEMS, DETAILS):
            answer = replace(answer, reasoning_items=())
        return self._mask.cover(answer)

    async def _answered(self, request: Request) -> Completion:
        started = time.perf_counter()
        match request:
            case Chat():
                return await self._chat(request, stream=self._spec.stream)
            case LogLikelihood():
                return await self._weigh(request.pairs)
        path, body = endpoints.sent(self._spec.model, request)
        reply = answered((await self._sent(path, body)).content, endpoints.ANSWERED)
        return endpoints.answer_of(request, reply, time.perf_counter() - started)

    async def _chat(self, request: Chat, *, stream: bool) -> Completion:
        endpoint = self._spec.way.chats_at
        body = (_response_body if endpoint == "responses" else _body)(self._spec.model, request)
        started = time.perf_counter()
        if not stream:
            response = await self._sent(PATHS[endpoint], body)
            return await completion(response.content, None, started)
        body |= (
            {"stream": True} if endpoint == "responses" else {"stream": True, "stream_options": {"include_usage": True}}
        )
        response = await self._sent(PATHS[endpoint], body, stream=True)
        try:
            return await completion(b"", response.aiter_bytes(), started)
        finally:
            await response.aclose()

    async def _sent(self, path: str, body: Json | None = None, *, stream: bool = False) -> httpx2.Response:
        """The response to a request; raises what the openai client would.

        Its own way takes 0.15 ms of CPU more, most of it for copies of what is the same in every request.
        """
        request = self._request(path, body, stream=stream)
        try:
            response = await self._http.send(request, stream=stream)
        except _BROKEN_OFF as error:
            raise openai.APIConnectionError(request=request) from error
        if not response.is_success:
            await response.aread()
            raise openai.APIStatusError(f"Error code: {response.status_code}", response=response, body=None)
        return response

    def _request(self, path: str, body: Json | None, *, stream: bool) -> httpx2.Request:
        method, content = ("GET", b"") if body is None else ("POST", encoded(body, _json).encode())
        url, sent = _parsed(self._base + path), httpx2.ByteStream(content)
        try:
            cookies = self._http.cookies or None
            request = httpx2.Request(method, url, headers=self._headers, cookies=cookies, stream=sent)
        except UnicodeEncodeError:
            # Of a server's cookies: one that is no ASCII cannot be sent.
            self._http.cookies.clear()
            request = httpx2.Request(method, url, headers=self._headers, stream=sent)
        if stream:
            request.headers["accept"] = bodies.STREAM
        if body is None:
            del request.headers["content-type"]
        else:
            request.headers["content-length"] = str(len(content))
        return request

    async def _weigh(self, pairs: Sequence[tuple[str, str]]) -> LogLikelihoods:
        """The log-likelihood of each pair's continuation, by prompts that are echoed."""
        started = time.perf_counter()
        response = await self._sent(PATHS["completions"], echo.body_of(self._spec.model, pairs))
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


def _response_body(model: str, request: Chat) -> dict[str, Any]:
    generation = dict(request.generation)
    extra = generation.pop("extra_body", {})
    # `transformers serve` streams where nobody says otherwise.
    body = {"model": model, "store": False, "stream": False, **responses_asked.talk(request.messages)}
    offered = {"tools": responses_asked.tools(request.tools)} if request.tools else {}
    return {**body, **responses_asked.settings(generation), **offered, **extra}


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
