"""What goes wrong between us and a server, as an error of this sample, of this moment, or of the whole run."""

import email.utils
import math
import re
import time
from collections.abc import Mapping, Sequence

import httpx2
import openai

from pytest_modeleval.foreign import one_line
from pytest_modeleval.inputs import from_json
from pytest_modeleval.models import Unavailable, bodies
from pytest_modeleval.models.credentials import KEY_REFUSED, NO_KEY, Mask, is_secret
from pytest_modeleval.models.endpoints import PATHS
from pytest_modeleval.models.refusals import ALIKE, Concern, Refusals, concern_of, of_checked_setting
from pytest_modeleval.models.replies import Broken, error_text
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Chat, LogLikelihood, Request
from pytest_modeleval.sample import Filtered, Refused, StopRun

# Letters of a server's words that are shown.
_SHOWN = 400
# Seconds after which a server cannot mean to be asked again: a year.
_NONSENSE = 366 * 86400.0
# How to go on where a server takes no tools.
_WITHOUT_TOOLS = (
    "turn them on (vLLM --enable-auto-tool-choice --tool-call-parser NAME, SGLang --tool-call-parser NAME, llama.cpp "
    '--jinja), or ask by the prompt: tools = "hermes" in its alias'
)
# How to go on where a model sees nothing.
_WITHOUT_EYES = "ask a model that sees (llama.cpp needs --mmproj FILE beside its weights), or leave the benchmark out"
# What a server without echo says of it.
_OF_ECHO = re.compile("echo|logprob", re.IGNORECASE)
ECHO = "; choices = loglikelihood needs a server whose /completions echoes prompts with logprobs"


class Troubles:
    """Names the troubles with one model's server, without its secrets; ``where`` says to people who and where it is."""

    def __init__(self, spec: ModelSpec, where: str, mask: Mask) -> None:
        self._spec, self._where, self._mask = spec, where, mask
        self._refusals = Refusals()
        # Whether a request that offers tools was answered.
        self._takes_tools = False
        # Whether one that shows a picture was.
        self._sees = False

    @property
    def has_answered(self) -> bool:
        """Whether any request was answered."""
        return self._refusals.has_answered

    def answered(self, request: Request) -> None:
        """Note an answer: what was refused before concerned single prompts."""
        self._refusals.answer()
        self._takes_tools = self._takes_tools or _offers_tools(request)
        self._sees = self._sees or bool(_pictures(request))

    def of(self, error: Exception, request: Request) -> Exception:
        """What to raise for what came of a request in place of an answer."""
        match error:
            case TimeoutError():
                return Unavailable(f"no answer within {self._spec.timeout:g} s")
            case openai.APIConnectionError():
                return Unavailable(f"connection failed: {self.cause(error)}")
            case openai.APIStatusError():
                return self._of_status(error, request)
            case httpx2.HTTPError():
                return Unavailable(f"the response broke off: {self.line(str(error))}")
            case Broken():
                return self._of_broken(error)
        return type(error)(self.line(str(error)))

    def _of_status(self, error: openai.APIStatusError, request: Request) -> Exception:
        body = _body_of(error)
        concern = concern_of(error.status_code, body)
        said = self.line(f"{error.status_code}: {error_text(body) or error.message}")
        echo = ECHO if isinstance(request, LogLikelihood) else ""
        if concern is Concern.TOOLS:
            if _offers_tools(request) and not (self._takes_tools or request.anew):
                return StopRun(
                    f"{self._where} takes no tools, which {request.sample_id} offers: {said}; {_WITHOUT_TOOLS}"
                )
            concern = Concern.PROMPT
        if concern is Concern.PICTURES:
            if _pictures(request) and not (self._sees or request.anew):
                return StopRun(
                    f"{self._where} does not see the pictures that {request.sample_id} shows: {said}; {_WITHOUT_EYES}"
                )
            concern = Concern.PROMPT
        match concern:
            case Concern.TOO_LONG if error.status_code == 413 and (pictures := _pictures(request)):
                return Refused(f"the request is too large for the server: {said} ({_sizes(error, pictures)})")
            case Concern.TOO_LONG:
                return Refused(f"{concern.value}: {said}")
            case Concern.FILTERED:
                return Filtered(f"{concern.value}: {said}")
            case Concern.RATE_LIMIT | Concern.MOMENT:
                patience = retry_after(error.response.headers) if error.status_code in (429, 503) else None
                return Unavailable(said, rate_limited=concern is Concern.RATE_LIMIT, retry_after=patience)
            case Concern.PROMPT if not (echo and _OF_ECHO.search(said)):
                # A check of the server has more to say of it than that nothing is answered.
                if request.anew or not self._refusals.concern_all(error.status_code, said, repr(request.messages)):
                    return Refused(f"{concern.value}: {said}")
                since = " since" if self._refusals.has_answered else ""
                whose = f" ({ALIKE} different prompts alike, {request.sample_id} the last; none was answered{since})"
                return StopRun(f"{self.refused(error)}{whose}{echo}")
            case Concern.ALL if request.anew and of_checked_setting(body):
                return Refused(f"{Concern.PROMPT.value}: {said}")
        if error.status_code not in (400, 404, 405, 422) or concern is Concern.SPENT:
            return self.refused(error)
        whose = f" (the request of {request.sample_id})" if error.status_code in (400, 422) else ""
        return StopRun(f"{self.refused(error)}{echo or whose}")

    def refused(self, error: openai.APIStatusError) -> StopRun:
        """What to raise where nothing will be answered."""
        body, status = _body_of(error), error.status_code
        path = error.request.url.path
        api = next((endpoint for endpoint, its in PATHS.items() if path.endswith(its)), "completions")
        what = {
            401: NO_KEY if self._is_without_key else KEY_REFUSED,
            403: "the key may not use this",
            404: f"there is no model {self._spec.model!r}, or no {api} API at this URL",
        }.get(status, Concern.ALL.value)
        spent = concern_of(status, body) is Concern.SPENT
        said = self.line(error_text(body) or error.message)
        source = f" (key from {self._spec.api_key_env})" if self._spec.api_key_env else ""
        return StopRun(f"{self._where}: {Concern.SPENT.value if spent else what}: {status} {said}{source}")

    @property
    def _is_without_key(self) -> bool:
        return not (self._spec.api_key_env or any(map(is_secret, self._spec.headers)))

    def _of_broken(self, error: Broken) -> Exception:
        """What a reply under 200 that is no answer says: of this prompt, or that it is to be asked again."""
        said = self.line(str(error))
        concern = concern_of(400, error.body) if error.body else Concern.MOMENT
        if concern in (Concern.TOO_LONG, Concern.FILTERED):
            return (Filtered if concern is Concern.FILTERED else Refused)(f"{concern.value}: {said}")
        return Unavailable(said, rate_limited=concern is Concern.RATE_LIMIT)

    def cause(self, error: Exception) -> str:
        """Why there is no connection; raises `StopRun` where the server sends us to another."""
        cause = error.__cause__ or error
        if isinstance(cause, bodies.Elsewhere):
            raise StopRun(
                f"{self._where}: {self.line(str(cause))}, which is not followed, as it would see key, headers and "
                "prompts; if that is your server, give its address as base_url"
            ) from None
        if "WRONG_VERSION_NUMBER" in str(cause):
            return "it does not speak TLS: write http://"
        return self.line(str(cause)) or type(cause).__name__

    def line(self, text: str) -> str:
        """Foreign words for a line in the terminal, without this model's secrets."""
        return one_line(self._mask.hide(text), _SHOWN)


def _offers_tools(request: Request) -> bool:
    return isinstance(request, Chat) and bool(request.tools)


def _pictures(request: Request) -> list[int]:
    """The bytes of each picture that a request holds."""
    contents = [message.get("content") for message in request.messages] if isinstance(request, Chat) else []
    parts = [part for content in contents if isinstance(content, list | tuple) for part in content]
    urls = [part["image_url"].get("url") for part in parts if isinstance(part.get("image_url"), Mapping)]
    return [len(url.partition(",")[2]) * 3 // 4 for url in urls if isinstance(url, str)]


def _sizes(error: openai.APIStatusError, pictures: Sequence[int]) -> str:
    """How large the request is and its largest picture, and what makes that smaller."""
    whole, largest = int(error.request.headers.get("content-length", 0)), max(pictures)
    of = f"{len(pictures)} pictures, the largest" if len(pictures) > 1 else "its picture"
    return f"it has {whole / 1e6:.1f} MB, {of} {largest / 1e6:.1f} MB: --eval-image-limit 1MB scales larger ones down"


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
