"""Models behind an OpenAI-compatible endpoint, through the `openai` package's async client."""

import email.utils
import json
import os
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx2
import openai
import pytest

from pytest_modeleval.models import Unavailable, echo
from pytest_modeleval.models.http import LeanTransport
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options import unknown
from pytest_modeleval.sample import Completion, Filtered, Json, Request, SampleError, StopRun, split_thinking

# Seconds in which an endpoint must show that it is alive before the first sample.
PATIENCE = 4.0
# Left alone, the client tells every server what machine it runs on, and makes for every request a random key, which it
# does not send, and deep copies of what is not given: a sixth of a request's CPU time.
_TOLD = ("Arch", "Async", "Lang", "OS", "Package-Version", "Read-Timeout", "Retry-Count", "Runtime", "Runtime-Version")
_OPTIONS: openai._types.RequestOptions = {
    "headers": {f"x-stainless-{name.lower()}": openai.omit for name in _TOLD},
    "idempotency_key": "none",
    "max_retries": 0,
    "params": {},
}
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window)|maximum.{0,20}(length|tokens)|too (long|many tokens)|"
    r"exceeds?.{0,30}(length|tokens)",
    re.IGNORECASE | re.DOTALL,
)


class OpenAIModel:
    """A chat model at ``base_url``; the openai package's own retries are off, the engine has them."""

    concurrency = None
    # Whether the check has asked for a token.
    probed = False

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._key = _key(spec)
        self._client = openai.AsyncOpenAI(
            api_key=self._key,
            base_url=spec.base_url,
            default_headers=dict(spec.headers),
            timeout=spec.timeout,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(transport=LeanTransport()),
        )
        # Whole, so that the client need not join and parse it for every request.
        self._url = f"{self._client.base_url}chat/completions"

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def check(self) -> None:
        """Ask for the list of models, and where that does not name this one for one token of it."""
        try:
            response = await self._client.get(
                "/models", cast_to=httpx2.Response, options={**_OPTIONS, "timeout": PATIENCE}
            )
            listed = _model_ids(response.content)
        except openai.APIConnectionError as error:
            why = "no answer" if isinstance(error, openai.APITimeoutError) else _cause(error)
            raise StopRun(
                f"{self._spec.name}: nothing answers at {self._client.base_url} ({why}); is the server running?"
            ) from None
        except openai.APIStatusError as error:
            if error.status_code in (401, 403):
                raise self._refused(error) from None
            listed = []
        if self._spec.model in listed:
            return
        # Not every endpoint lists its models, or all of them.
        self.probed = True
        try:
            request = Request([{"role": "user", "content": "Hi"}], generation={"max_tokens": 1})
            await self._answer(request, stream=False)
        except openai.NotFoundError as error:
            if listed:
                raise StopRun(str(unknown("model", self._spec.model, listed, f"({self._client.base_url})"))) from None
            raise self._refused(error) from None
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise self._refused(error) from None
        except (openai.APIError, SampleError, Unavailable):
            # It is there and knows the model; what it made of this request does not matter.
            return

    async def complete(self, request: Request) -> Completion:
        """One chat completion, or the log-likelihoods of the request's pairs."""
        try:
            if request.pairs:
                return await self._weigh(request.pairs)
            return await self._answer(request, stream=self._spec.stream)
        except openai.APITimeoutError:
            raise Unavailable(f"no answer within {self._spec.timeout:g} s") from None
        except openai.APIConnectionError as error:
            raise Unavailable(f"connection failed: {_cause(error)}") from None
        except openai.APIStatusError as error:
            raise self._classified(error) from None
        except openai.APIError as error:
            # An error event inside a stream.
            raise Unavailable(self._hide(error.message)) from None
        except httpx2.HTTPError as error:
            raise Unavailable(f"the response broke off: {error}") from None

    async def _answer(self, request: Request, *, stream: bool) -> Completion:
        body = _body(self._spec.model, request)
        started = time.perf_counter()
        # `post` instead of `chat.completions.create`: the latter rebuilds every message by its type annotations and
        # every answer as a pydantic model, at 0.4 ms of CPU a request.
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
            chunks = await self._client.post(
                self._url,
                cast_to=object,
                body=body,
                options=_OPTIONS,
                stream=True,
                stream_cls=openai.AsyncStream[object],
            )
            return await _joined(chunks, started)
        answer = await self._post(self._url, body)
        latency = time.perf_counter() - started
        choices = answer.get("choices") or []
        if not choices:
            raise SampleError("the server answered without a choice")
        choice = choices[0]
        return _completion(
            choice.get("message") or {},
            choice.get("finish_reason") or "",
            answer.get("usage") or {},
            first_token=None,
            latency=latency,
        )

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
        needs = "; --eval-choices loglikelihood needs a server whose /completions echoes prompts with logprobs"
        started = time.perf_counter()
        try:
            answer = await self._post(f"{self._client.base_url}completions", body)
            logprobs = echo.log_likelihoods(answer, pairs)
        except openai.APIStatusError as error:
            why = self._classified(error)
            lacks = isinstance(why, StopRun) and error.status_code in (400, 404, 405, 422)
            raise StopRun(f"{why}{needs}") if lacks else why from None
        except LookupError as error:
            raise StopRun(f"{self._spec.name} at {self._client.base_url} answers with {error}{needs}") from None
        return Completion(
            text="",
            prompt_tokens=answer["usage"]["prompt_tokens"],
            latency=time.perf_counter() - started,
            choice_logprobs=logprobs,
        )

    async def _post(self, url: str, body: Json) -> Json:
        response = await self._client.post(url, cast_to=httpx2.Response, body=body, options=_OPTIONS)
        try:
            answer = json.loads(response.content)
        except ValueError:
            raise Unavailable(f"not JSON: {response.text[:80]!r}") from None
        if not isinstance(answer, Mapping) or answer.get("error"):
            raise Unavailable(self._hide(f"the server answered 200 with an error: {_error_text(answer)}"))
        return answer

    def _classified(self, error: openai.APIStatusError) -> Exception:
        """The kind of trouble behind an HTTP error: of this sample, of this moment, or of the whole run."""
        status, code = error.status_code, str(error.code or "")
        message = self._hide(f"{status}: {_error_text(error.body) or error.message}")
        if status == 429 and code != "insufficient_quota":
            return Unavailable(message, rate_limited=True, retry_after=_retry_after(error.response.headers))
        if status == 503:
            return Unavailable(message, retry_after=_retry_after(error.response.headers))
        if status in (408, 409, 425) or status >= 500:
            return Unavailable(message)
        if status in (400, 413, 422):
            if "context" in code or _TOO_LONG.search(message):
                return SampleError(f"the prompt is too long for the model: {message}")
            if "content_filter" in code or "content management policy" in message:
                return Filtered(f"refused by the server's content filter: {message}")
        return self._refused(error)

    def _refused(self, error: openai.APIStatusError) -> StopRun:
        what = {
            401: "the key was refused",
            403: "the key may not use this",
            404: f"there is no model {self._spec.model!r}, or no {_api(error)} at this URL",
            429: "the quota is spent",
        }.get(error.status_code, "the request was refused")
        said = self._hide(_error_text(error.body) or error.message)
        source = f" (key from {self._spec.api_key_env})" if self._spec.api_key_env else ""
        return StopRun(f"{self._spec.name} at {self._client.base_url}: {what}: {error.status_code} {said}{source}")

    def _hide(self, text: str) -> str:
        """The text without the key, which some servers quote."""
        text = text.replace(self._key, "***") if len(self._key) > 3 else text
        return re.sub(r"\bsk-[\w*-]{4,}", "***", text)


def _key(spec: ModelSpec) -> str:
    if spec.api_key_env is None:
        # The openai client insists on one; a server of one's own needs none.
        return "none"
    key = os.environ.get(spec.api_key_env, "")
    if not key:
        raise pytest.UsageError(f"model {spec.name!r}: the environment variable {spec.api_key_env} has no key")
    return key


def _body(model: str, request: Request) -> dict[str, Any]:
    generation = dict(request.generation)
    extra = generation.pop("extra_body", {})
    body = {"model": model, "messages": request.messages, **generation, **extra}
    if request.tools:
        body["tools"] = request.tools
    return body


def _model_ids(content: bytes) -> list[str]:
    try:
        return [str(model["id"]) for model in json.loads(content)["data"]]
    except (ValueError, KeyError, TypeError):
        return []


def _error_text(body: object) -> str:
    if isinstance(body, Mapping):
        body = body.get("error", body)
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("detail") or json.dumps(body)
    return " ".join(str(body or "").split())[:300]


def _api(error: openai.APIStatusError) -> str:
    return "chat API" if error.request.url.path.endswith("/chat/completions") else "completions API"


def _cause(error: Exception) -> str:
    cause = str(error.__cause__ or error) or type(error).__name__
    return "it does not speak TLS: write http://" if "WRONG_VERSION_NUMBER" in cause else cause


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the Retry-After header: a number or an HTTP date (RFC 9110 §10.2.3)."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        parsed = email.utils.parsedate_tz(value)
        return None if parsed is None else max(0.0, email.utils.mktime_tz(parsed) - time.time())


async def _joined(chunks: AsyncIterator[Any], started: float) -> Completion:
    """The completion that a stream's chunks make."""
    text: dict[str, list[str]] = {"content": [], "reasoning_content": []}
    calls: dict[int, dict[str, Any]] = {}
    finish_reason, first_token = "", None
    usage: Json = {}
    async for chunk in chunks:
        usage = chunk.get("usage") or usage
        for choice in (chunk.get("choices") or [])[:1]:
            delta = choice.get("delta") or {}
            finish_reason = choice.get("finish_reason") or finish_reason
            pieces = (delta.get("content"), delta.get("reasoning_content") or delta.get("reasoning"))
            for parts, piece in zip(text.values(), pieces, strict=True):
                if piece:
                    parts.append(piece)
                    # An empty chunk or one with the role alone is no token.
                    first_token = first_token or time.perf_counter() - started
            for call in delta.get("tool_calls") or []:
                _add_call(calls.setdefault(int(call.get("index") or 0), {}), call)
                first_token = first_token or time.perf_counter() - started
    if not finish_reason:
        raise Unavailable("the stream broke off before the answer was finished")
    message = {name: "".join(parts) for name, parts in text.items()}
    return _completion(
        {**message, "tool_calls": [calls[index] for index in sorted(calls)]},
        finish_reason,
        usage,
        first_token=first_token,
        latency=time.perf_counter() - started,
    )


def _add_call(call: dict[str, Any], delta: Json) -> None:
    """Lay one delta of a tool call over what came before; its arguments arrive in pieces."""
    function = call.setdefault("function", {"name": "", "arguments": ""})
    for key in ("id", "type"):
        call[key] = delta.get(key) or call.get(key)
    for key in ("name", "arguments"):
        function[key] += (delta.get("function") or {}).get(key) or ""


def _completion(
    message: Json, finish_reason: str, usage: Json, *, first_token: float | None, latency: float
) -> Completion:
    if finish_reason == "content_filter":
        raise Filtered("the server's content filter cut the answer")
    content = message.get("content") or ""
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content)
    calls = message.get("tool_calls") or ()
    refusal = message.get("refusal") or ""
    reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
    thinking, text = (reasoning.strip(), content.strip("\n")) if reasoning else split_thinking(content)
    if not (text or thinking or calls or refusal):
        raise SampleError(f"the answer is empty (finish reason {finish_reason or 'none'!r})")
    return Completion(
        text=text or refusal,
        thinking=thinking,
        finish_reason=finish_reason if text or not refusal else "refusal",
        tool_calls=tuple(calls),
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
        first_token=first_token,
        latency=latency,
    )
