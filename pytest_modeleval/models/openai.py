"""Models behind an OpenAI-compatible endpoint, through the `openai` package's async client."""

import asyncio
import email.utils
import math
import os
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import pytest

from pytest_modeleval.foreign import one_line
from pytest_modeleval.inputs import from_json
from pytest_modeleval.models import Unavailable, bodies, echo
from pytest_modeleval.models.credentials import Mask, headers_of, key_of
from pytest_modeleval.models.http import LeanTransport
from pytest_modeleval.models.identity import OPENAI
from pytest_modeleval.models.proxies import named_proxy
from pytest_modeleval.models.reading import answered, completion
from pytest_modeleval.models.refusals import ALIKE, Concern, Refusals, concern_of
from pytest_modeleval.models.replies import Broken, count_of, error_text, usage_of
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import unknown
from pytest_modeleval.sample import Completion, Filtered, Json, Request, SampleError, StopRun

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
# Letters of a server's words that are shown.
_SHOWN = 400
# Seconds after which a server cannot mean to be asked again: a year.
_NONSENSE = 366 * 86400.0
# What a server without echo says of it.
_OF_ECHO = re.compile("echo|logprob", re.IGNORECASE)
_ECHO = "; --eval-choices loglikelihood needs a server whose /completions echoes prompts with logprobs"


class OpenAIModel:
    """A chat model at ``base_url``; the openai package's own retries are off, the engine has them."""

    concurrency = None
    # Whether the check has asked for a token.
    probed = False

    def __init__(self, spec: ModelSpec) -> None:
        # What the server says of the model, as far as it tells one from another; None while it says nothing yet.
        self.said: Mapping[str, Any] | None = None
        self._spec = spec
        self._mask = Mask(spec)
        self._refusals = Refusals()
        self._client = openai.AsyncOpenAI(
            api_key=key_of(spec),
            base_url=spec.base_url,
            # What is packed otherwise is not unpacked.
            default_headers={"accept-encoding": "gzip, deflate", **headers_of(spec)},
            # `asyncio.timeout` bounds a whole request; the client's own would bound each wait for the next byte.
            timeout=None,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                transport=_transport(spec), event_hooks={"request": [_say_nothing], "response": [bodies.bound]}
            ),
        )
        # Whole, so that the client need not join and parse it for every request.
        self._url = f"{self._client.base_url}chat/completions"
        self._where = f"{spec.name} at {self._client.base_url}"

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def check(self) -> None:
        """Ask for the list of models, and where that does not name this one for one token of it."""
        try:
            listed, self.said = await self._listed()
        except (openai.APIConnectionError, TimeoutError) as error:
            why = "no answer" if isinstance(error, TimeoutError) else self._cause(error)
            raise StopRun(
                f"{self._spec.name}: nothing answers at {self._client.base_url} ({why}); is the server running?"
            ) from None
        except openai.APIStatusError as error:
            if error.status_code == 401:
                raise self._refused(error) from None
            listed = []
        if self._spec.model not in listed:
            await self._probe(listed)

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
        request = Request([{"role": "user", "content": "Hi"}], generation={"max_tokens": 1})
        try:
            async with asyncio.timeout(self._spec.timeout):
                await self._answer(request, stream=False)
        except openai.APIStatusError as error:
            if error.status_code == 404 and listed:
                missing = unknown("model", self._spec.model, listed, f"({self._client.base_url})")
                raise StopRun(self._mask.hide(str(missing))) from None
            if error.status_code in (401, 403, 404):
                raise self._refused(error) from None
        except (openai.APIConnectionError, TimeoutError, SampleError, Broken):
            # It is there and knows the model; what it made of this request does not matter.
            return

    async def complete(self, request: Request) -> Completion:
        """One chat completion, or the log-likelihoods of the request's pairs."""
        try:
            async with asyncio.timeout(self._spec.timeout):
                if request.pairs:
                    answer = await self._weigh(request.pairs)
                else:
                    answer = await self._answer(request, stream=self._spec.stream)
        except TimeoutError:
            raise Unavailable(f"no answer within {self._spec.timeout:g} s") from None
        except openai.APIConnectionError as error:
            raise Unavailable(f"connection failed: {self._cause(error)}") from None
        except openai.APIStatusError as error:
            raise self._trouble(error, request) from None
        except httpx2.HTTPError as error:
            raise Unavailable(f"the response broke off: {self._line(str(error))}") from None
        except Broken as error:
            raise self._broken(error) from None
        except SampleError as error:
            raise type(error)(self._line(str(error))) from None
        self._refusals.answer()
        return self._mask.cover(answer)

    async def _answer(self, request: Request, *, stream: bool) -> Completion:
        body = _body(self._spec.model, request)
        started = time.perf_counter()
        if not stream:
            response = await self._post(self._url, body)
            return await completion(response.content, _nothing(), started)
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        stream_cls = openai.AsyncStream[object]
        events = await self._client.post(
            self._url, cast_to=object, body=body, options=_STREAMED, stream=True, stream_cls=stream_cls
        )
        try:
            return await completion(b"", events.response.aiter_bytes(), started)
        finally:
            await events.response.aclose()

    async def _post(self, url: str, body: Mapping[str, Any]) -> httpx2.Response:
        # `post` instead of `chat.completions.create`: the latter rebuilds every message by its type annotations and
        # every answer as a pydantic model, at 0.4 ms of CPU a request.
        return await self._client.post(url, cast_to=httpx2.Response, body=body, options=_OPTIONS)

    async def _weigh(self, pairs: Sequence[tuple[str, str]]) -> Completion:
        """The log-likelihood of each pair's continuation, by prompts that are echoed."""
        # One token, as in the lm-evaluation-harness: some servers refuse 0, some take it for "no limit".
        body = {
            "model": self._spec.model,
            "prompt": echo.prompts_of(pairs),
            "echo": True,
            "logprobs": 1,
            "max_tokens": 1,
            "temperature": 0,
        }
        started = time.perf_counter()
        response = await self._post(f"{self._client.base_url}completions", body)
        answer = answered(response.content)
        try:
            logprobs = echo.log_likelihoods(answer, pairs)
        except LookupError as error:
            if self._refusals.has_answered:
                raise Broken(f"an answer with {error}") from None
            raise StopRun(f"{self._where} answers with {error}{_ECHO}") from None
        return Completion(
            text="",
            prompt_tokens=count_of(usage_of(answer), "prompt_tokens"),
            latency=time.perf_counter() - started,
            choice_logprobs=logprobs,
        )

    def _trouble(self, error: openai.APIStatusError, request: Request) -> Exception:
        """The kind of trouble behind an HTTP error: of this sample, of this moment, or of the whole run."""
        body = _body_of(error)
        concern = concern_of(error.status_code, body)
        said = self._line(f"{error.status_code}: {error_text(body) or error.message}")
        match concern:
            case Concern.TOO_LONG:
                return SampleError(f"{concern.value}: {said}")
            case Concern.FILTERED:
                return Filtered(f"{concern.value}: {said}")
            case Concern.RATE_LIMIT | Concern.MOMENT:
                patience = retry_after(error.response.headers) if error.status_code in (429, 503) else None
                return Unavailable(said, rate_limited=concern is Concern.RATE_LIMIT, retry_after=patience)
            case Concern.PROMPT if not (request.pairs and _OF_ECHO.search(said)):
                if not self._refusals.concern_all(error.status_code, said, repr((request.messages, request.pairs))):
                    return SampleError(f"{concern.value}: {said}")
                since = " since" if self._refusals.has_answered else ""
                whose = f" ({ALIKE} different prompts alike, {request.sample_id} the last; none was answered{since})"
                return StopRun(f"{self._refused(error)}{whose}{_ECHO if request.pairs else ''}")
        if error.status_code not in (400, 404, 405, 422) or concern is Concern.SPENT:
            return self._refused(error)
        whose = f" (the request of {request.sample_id})" if error.status_code in (400, 422) else ""
        return StopRun(f"{self._refused(error)}{_ECHO if request.pairs else whose}")

    def _refused(self, error: openai.APIStatusError) -> StopRun:
        body, status = _body_of(error), error.status_code
        api = "chat" if error.request.url.path.endswith("/chat/completions") else "completions"
        what = {
            401: "the key was refused",
            403: "the key may not use this",
            404: f"there is no model {self._spec.model!r}, or no {api} API at this URL",
        }.get(status, Concern.ALL.value)
        spent = concern_of(status, body) is Concern.SPENT
        said = self._line(error_text(body) or error.message)
        source = f" (key from {self._spec.api_key_env})" if self._spec.api_key_env else ""
        return StopRun(f"{self._where}: {Concern.SPENT.value if spent else what}: {status} {said}{source}")

    def _broken(self, error: Broken) -> Exception:
        """What a reply under 200 that is no answer says: of this prompt, or that it is to be asked again."""
        said = self._line(str(error))
        concern = concern_of(400, error.body) if error.body else Concern.MOMENT
        if concern in (Concern.TOO_LONG, Concern.FILTERED):
            return (Filtered if concern is Concern.FILTERED else SampleError)(f"{concern.value}: {said}")
        return Unavailable(said, rate_limited=concern is Concern.RATE_LIMIT)

    def _cause(self, error: Exception) -> str:
        """Why there is no connection; raises `StopRun` where the server sends us to another."""
        cause = error.__cause__ or error
        if isinstance(cause, bodies.Elsewhere):
            raise StopRun(
                f"{self._where}: {self._line(str(cause))}, which is not followed, as it would see key, headers and "
                "prompts; if that is your server, give its address as base_url"
            ) from None
        if "WRONG_VERSION_NUMBER" in str(cause):
            return "it does not speak TLS: write http://"
        return self._line(str(cause)) or type(cause).__name__

    def _line(self, text: str) -> str:
        """Foreign words for a line in the terminal, without this model's secrets."""
        return one_line(self._mask.hide(text), _SHOWN)


async def _say_nothing(request: httpx2.Request) -> None:
    """Take out what older releases of the client tell although they are told to omit it (seen of 3.0)."""
    if "x-stainless-os" in request.headers:
        for name in _TOLD:
            request.headers.pop(f"x-stainless-{name}", None)


def _transport(spec: ModelSpec) -> httpx2.AsyncBaseTransport:
    """Our own transport, or httpx's through the proxy that the environment names."""
    named = named_proxy(urlsplit(spec.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI))
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


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield


def _body(model: str, request: Request) -> dict[str, Any]:
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


def _body_of(error: openai.APIStatusError) -> object:
    """An error's body as JSON where it is some, all of it: the client keeps the part under "error"."""
    try:
        return from_json(error.response.content)
    except ValueError:
        return error.response.text


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the Retry-After header, a number or a date (RFC 9110 §10.2.3); None for anything else."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            parsed = email.utils.parsedate_tz(value)
            seconds = email.utils.mktime_tz(parsed) - time.time() if parsed else math.inf
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds < _NONSENSE else None
