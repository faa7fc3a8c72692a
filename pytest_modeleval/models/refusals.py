"""What a server's error concerns: one prompt, this moment, or the whole run; by status, type, code and wording."""

import enum
import json
import re
from collections import defaultdict
from collections.abc import Mapping

from pytest_modeleval.models.replies import error_text

# So many different prompts refused alike, and none answered, concern all: one of a kind at the start is no reason to
# stop, and nobody wants to hear it 14,000 times. After an answer that holds for 403 alone, by which a server says who
# may ask: a key that was revoked, an address that was shut out.
ALIKE = 5
_WHO_ASKS = 403


class Concern(enum.Enum):
    """What an error concerns."""

    TOO_LONG = "the prompt is too long for the model"
    FILTERED = "refused by the server's content filter"
    RATE_LIMIT = "too many requests"
    MOMENT = "unavailable"
    SPENT = "the quota is spent"
    ALL = "the request was refused"
    TOOLS = "the server takes no tools"
    PICTURES = "the model does not see"
    PROMPT = "the server refused this prompt"


# By their codes and types, in lower case; then by the wordings of vLLM, SGLang, llama.cpp, TGI, Ollama, LM Studio,
# OpenAI, Azure, Anthropic, Gemini, Bedrock, Mistral, Groq, xAI, OpenRouter, DashScope, Moonshot, Zhipu, MiniMax, Baidu,
# DeepSeek and Volcengine, from their docs and from reports of their users.
_SPENT = re.compile(
    r"insufficient_(user_)?quota|exceeded_current_quota|billing_(hard_limit|not_active)|arrearage|accountoverdue|"
    r"insufficient[ _](balance|credits?|funds)|credit balance|freetieronly|payment[ _]required|\b1113\b|"
    r"out of credits|included credits|key limit exceeded|budget[ _](has been )?exceeded|exceeded ?budget|over budget|"
    r"欠费|余额不足|spend(ing)?[ _]limit"
)
_RATE = re.compile(
    r"throttl|rate[ _-]?limit|too[ _]many[ _]requests|requests? (rate|limit reached)|频率过高|并发数过高|限流"
)
_KEY = re.compile(
    r"(invalid|incorrect)[ _](api[ _])?key|api[ _]key[ _](not[ _]valid|invalid)|unauthenticated|"
    r"invalid[ _]authentication|"
    r"permission[ _](denied|error)|access[ _]?denied|unsupported_country|model[ _]not[ _](found|exist)|\b1211\b|"
    r"model\b.{0,80}(does not|doesn't) exist|模型不存在|model (identifier|id|name) is invalid|"
    r"(not|n't) have access to"
)
_PARAMETER = re.compile(
    r"(unknown|unsupported|unrecognized|unexpected|invalid)[ _](parameter|field|argument|name|request argument|keyword)"
    r"|extra (inputs|fields) (are )?not permitted|extra_forbidden|unsupported[ _]value|not support parameters"
)
# Of `datasets.smoke`; all of its requests have max_tokens.
_CHECKED = re.compile(r"\b(temperature|stop)\b")
# The tools that a request offers are refused: llama.cpp (500), Ollama, vLLM, SGLang (500), OpenRouter (404), Groq, who
# knows none.
_TOOLS = re.compile(
    r"tools? param(eter)? requires|(not|n't) support (tool|function)|support tool use|tool[ _]call[ _]parser|"
    r"(tool[ _]choice|tool use|(tool|function)[ _`]calling).{0,40}(requires?|(not|n't) supported|unavailable)|"
    r"(unknown|unsupported|unrecognized|unexpected|extra).{0,30}\b(tools?|tool_choice|functions?)\b|"
    r"\btools\W.{0,30}extra inputs"
)
# Any picture is refused: vLLM, SGLang, llama.cpp (500), Ollama, OpenAI, OpenRouter (404), DeepSeek,
# Mistral, Groq, and what parses content as a text alone.
_PICTURES = re.compile(
    r"not a multimodal model|at most 0 images?\b|images? inputs? (is|are) (not|un)|image input is disabled|mmproj|"
    r"(not|n't) support (image|vision|multi-?modal)( (input|content|data)s?|s?\W*$)|"
    r"(support|data required for) image input|image_url.{0,30}(only|not|un)\W?supported|"
    r"image_url is only supported by|unsupported content.{0,40}image_url|unknown variant.{0,3}image_url|"
    r"(image|vision|multi-?modal)( inputs?| data)? (is|are)? ?(not|n't|un) ?(supported|enabled)|"
    r"list\[textcontentpart\]|content\W{0,4}(must|should) be a (valid )?string"
)
# What Gemini, xAI and DashScope call every 400, be it one prompt's.
_ANY = re.compile(
    r"invalid_argument|client specified an invalid argument|invalid_parameter_error|\w+\.invalidparameter"
)
# The part of a request that is the sample's own: a parameter unknown in there is not one of the settings.
_OF_A_SAMPLE = re.compile(r"\b(messages|contents|tools|functions)\W{1,4}\d")
_FILTERED = re.compile(
    r"content[ _]?filter|content[ _]?policy|data_?inspection|invalid_prompt|sensitive ?content|sensitive_?words|"
    r"moderation|responsibleaipolicy|unsafe|\b1301\b|content[ _]management|content (exists )?risk|high risk|"
    r"risk ?detection|inappropriate content|prohibited[ _]content|sensitive information|flagged|"
    r"new_sensitive|put sensitive|usage (policy|policies|guidelines)|guardrail|"
    r"safety (system|filter|policy|policies|settings|reasons)|敏感|不安全|违规|违反|内容安全|审核"
)
_TOO_LONG = re.compile(
    r"context.{0,30}(length|window|size|limit)|exceed_context|tokens_too_long|characters_too_long|string_above_max|"
    r"request_too_large|token_limit_exceeded|\b1261\b|too (long|many (input )?tokens)|"
    r"(request|prompt|input|message|payload).{0,30}too large|"
    r"(token|prompt|input|length).{0,80}exceed|exceed.{0,60}(token|length|input)|"
    r"maximum.{0,20}(prompt|input|sequence|model|allowed).{0,10}length|longer than.{0,60}(length|tokens|model)|"
    r"range of input length|inputs\b.{0,60}must (be|have)|max(imum)? input (characters|tokens|length)|"
    r"max_(new_|completion_)?tokens\W.{0,30}must be (at least|greater than|>=?)(?!.*got 0)|"
    r"reduce the (length|number|size)|超长|过长|长度超|超[出过].{0,12}(长度|限制|上限|上下文|token)|上下文"
)
# These name the context beside the one setting that is wrong for every prompt (Groq, OpenAI, DeepSeek, DashScope).
_SETTING = re.compile(
    r"max_(new_|completion_)?tokens\W.{0,20}must be less than or equal|supports at most \d+ completion tokens|"
    r"range of max_(new_|completion_)?tokens"
)
# What an address, a key or a payment decides.
_STATUSES = {401: Concern.ALL, 402: Concern.SPENT, 404: Concern.ALL, 405: Concern.ALL, 407: Concern.ALL}

# Beside every 5xx: TGI's failure while it generates (424), Groq's full tier (498), what a proxy calls cancelled (499).
_AGAIN = (408, 409, 424, 425, 498, 499)


def concern_of(status: int, body: object) -> Concern:
    """What an error of this status and body (parsed JSON, or a text) concerns."""
    said = _text(body)
    if status in (400, 404, 422, 500, 501) and _TOOLS.search(own := _own_words(body)):
        return Concern.PROMPT if _OF_A_SAMPLE.search(own) else Concern.TOOLS
    if status in (400, 404, 415, 422, 500, 501) and _PICTURES.search(_own_words(body)):
        return Concern.PICTURES
    if status in _STATUSES:
        return _STATUSES[status]
    if status == 413 or (status < 503 and not _SETTING.search(said) and _is_too_long(status, said)):
        return Concern.TOO_LONG
    if status < 503 and (_is_flagged(body) or (_FILTERED.search(said) and not _RATE.search(said))):
        return Concern.FILTERED
    if status == 429:
        return Concern.SPENT if _SPENT.search(said) else Concern.RATE_LIMIT
    if status in _AGAIN or not 400 <= status < 500:
        return Concern.MOMENT
    if _RATE.search(said):
        return Concern.RATE_LIMIT
    said = _own_words(body)
    if _SPENT.search(said):
        return Concern.SPENT
    return Concern.ALL if _is_of_setting(said) or _KEY.search(said) else Concern.PROMPT


def of_checked_setting(body: object) -> bool:
    """Whether a refusal is of a setting that only some checks of a server send, and so concerns those alone."""
    said = _own_words(body)
    return _is_of_setting(said) and _CHECKED.search(said) is not None


def _own_words(body: object) -> str:
    """What a body says where no server quotes a prompt at length: what ends a run is looked for there alone."""
    return f"{_codes(body)} {error_text(body)}".lower()


def _is_of_setting(said: str) -> bool:
    return bool(_PARAMETER.search(_ANY.sub("", said)) and not _OF_A_SAMPLE.search(said))


def _is_too_long(status: int, said: str) -> bool:
    if status == 429:
        # More tokens than may be sent in a minute: no patience makes this prompt shorter (OpenAI, Groq).
        return "request too large" in said
    if status == 403:
        # Who may not ask is told of tokens of a month, and of those that expired.
        return False
    return bool(_TOO_LONG.search(said)) and not _RATE.search(said) and not _SPENT.search(said)


def _is_flagged(body: object) -> bool:
    """Whether a body's own fields tell of a filter: OpenRouter's metadata, Zhipu's contentFilter."""
    if not isinstance(body, Mapping):
        return False
    error = body.get("error", body)
    metadata = error.get("metadata") if isinstance(error, Mapping) else None
    return "contentFilter" in body or (isinstance(metadata, Mapping) and "flagged_input" in metadata)


def _codes(body: object) -> str:
    """A body's own short names for what is wrong."""
    error = body.get("error", body) if isinstance(body, Mapping) else None
    tables = [table for table in (body, error) if isinstance(table, Mapping)]
    return " ".join(str(table.get(name)) for table in tables for name in ("code", "type", "error_type", "status"))


def _text(body: object) -> str:
    """All that a body says, names and values, in lower case; what the server quotes of a prompt beyond 2 kB is cut."""
    try:
        return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str))[:2000].lower()
    except RecursionError:
        return ""


class Refusals:
    """The prompts that a model refused since it answered one."""

    def __init__(self) -> None:
        # Whether any prompt was answered.
        self.has_answered = False
        self._prompts: defaultdict[str, set[int]] = defaultdict(set)

    def answer(self) -> None:
        """Note an answer: what was refused before concerned single prompts."""
        self.has_answered = True
        self._prompts.clear()

    def concern_all(self, status: int, said: str, prompt: str) -> bool:
        """Whether a refusal in these words, with others before, concerns every prompt."""
        if self.has_answered and status != _WHO_ASKS:
            return False
        # Numbers and request ids differ between refusals that are alike.
        alike = self._prompts[re.sub(r"\S*\d\S*", "#", said)]
        alike.add(hash(prompt))
        return len(alike) >= ALIKE
