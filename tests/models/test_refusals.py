"""What a server's error concerns, in the wordings of the servers themselves."""

from typing import Any

import pytest

from pytest_modeleval.models.refusals import ALIKE, Concern, Refusals, concern_of

Table = dict[str, tuple[int, object]]


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


TOO_LONG: Table = {
    "llama.cpp": (400, error("request (5000 tokens) exceeds the available context size (4096 tokens), try increasing")),
    "llama.cpp older": (500, {"error": "the request exceeds the available context size. try increasing the context"}),
    "DashScope": (400, error("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]")),
    "Moonshot": (400, error("Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)")),
    "TGI": (422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000"}),
    "TGI inputs": (422, {"error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"}),
    "Zhipu": (400, error("Prompt 超长", code="1261")),
    "vLLM": (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens."}),
    "vLLM, what is left": (400, {"object": "error", "message": "max_tokens must be at least 1, got -904."}),
    "vLLM decoder": (400, {"message": "The decoder prompt (length 9) is longer than the maximum model length of 8."}),
    "SGLang": (400, {"message": "The input (61709 tokens) is longer than the model's context length (40960 tokens)."}),
    "SGLang pool": (400, {"message": "Input length (16 tokens) exceeds the maximum allowed length (5 tokens)."}),
    "Anthropic": (400, error("prompt is too long: 213462 tokens > 200000 maximum", type="invalid_request_error")),
    "Anthropic sum": (400, error("input length and `max_tokens` exceed context limit: 174167 + 64000 > 200000")),
    "Gemini": (400, [error("The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).")]),
    "Bedrock": (400, {"message": "Input is too long for requested model."}),
    "xAI": (400, {"error": "This model's maximum prompt length is 131072 but the request contains 537812 tokens"}),
    "Groq": (400, error("Please reduce the length of the messages or completion.")),
    "Groq a minute": (413, error("Request too large for model on tokens per minute", code="rate_limit_exceeded")),
    "OpenAI a minute": (429, error("Request too large for gpt-4 on tokens per min", code="rate_limit_exceeded")),
    "LM Studio": (400, {"error": "the model is loaded with context length of only 4096 tokens, which is not enough"}),
    "Mistral": (
        400,
        {"message": "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"},
    ),
    "MiniMax": (400, {"message": "invalid params, context window exceeds limit"}),
    "Ollama": (400, {"error": "prompt too long; exceeded max context length by 12 tokens"}),
    "Baidu": (400, error("Prompt tokens too long", code="tokens_too_long")),
    "by code alone": (400, error("no", code="context_length_exceeded")),
    "by type alone": (400, error("no", type="exceed_context_size_error")),
    "a proxy": (413, "<html>413 Request Entity Too Large</html>"),
}
FILTERED: Table = {
    "DashScope": (400, error("Input data may contain inappropriate content.", code="data_inspection_failed")),
    "OpenAI": (400, error("Invalid prompt: your prompt was flagged.", code="invalid_prompt")),
    "OpenRouter": (403, error("m requires moderation.", metadata={"reasons": ["x"], "flagged_input": "rate limit"})),
    "DeepSeek": (400, error("Content Exists Risk", code="invalid_request_error")),
    "Moonshot": (400, error("The request was rejected because it was considered high risk", type="content_filter")),
    "Zhipu": (400, {"contentFilter": [{"level": 1, "role": "user"}], **error("no", code="1301")}),
    "Volcengine": (400, error("no", code="InputTextSensitiveContentDetected")),
    "Azure": (400, error("filtered", code="content_filter")),
    "Azure policy": (400, error("triggering Azure OpenAI's content management policy.")),
    "Anthropic": (400, error("Output blocked by content filtering policy", type="invalid_request_error")),
    "LiteLLM": (400, error("litellm.ContentPolicyViolationError: no", code="400")),
    "MiniMax": (400, {"base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}),
    "law": (400, error("输入内容违反相关法律法规")),
    "in Chinese": (400, error("系统检测到输入或生成内容可能包含不安全或敏感内容")),
}
ALL: Table = {
    "key": (401, error("no")),
    "path": (404, {"detail": "Not Found"}),
    "parameter": (400, error("Unrecognized request argument supplied: top_k")),
    "parameter by code": (400, error("Use 'max_completion_tokens'", code="unsupported_parameter")),
    "parameter of pydantic": (422, {"detail": [{"loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}]}),
    "parameter of Gemini": (400, error('Invalid JSON payload received. Unknown name "top_k": Cannot find field.')),
    "model of DeepSeek": (400, error("Model Not Exist")),
    "key of Gemini": (400, error("API key not valid. Please pass a valid API key.")),
    "permission": (403, error("no", type="permission_error")),
    "parameter of LiteLLM": (400, error("UnsupportedParamsError: m does not support parameters: ['top_k']")),
    "model of Bedrock": (400, {"message": "The provided model identifier is invalid."}),
    "access of Bedrock": (403, {"message": "You don't have access to the model with the specified model ID."}),
}
SPENT: Table = {
    "OpenAI": (429, error("pay", code="insufficient_quota")),
    "Zhipu": (429, error("余额不足或无可用资源包,请充值。", code="1113")),
    "Moonshot": (429, error("suspended", type="exceeded_current_quota_error")),
    "Anthropic": (400, error("Your credit balance is too low to access the API.")),
    "DashScope": (400, {"code": "Arrearage", "message": "Access denied, please make sure your account is in good"}),
    "OpenRouter": (402, error("Insufficient credits")),
    "OpenRouter's key": (403, error("Key limit exceeded (total limit).", code=403)),
    "Hugging Face": (403, error("You have exceeded your monthly included credits for Inference Providers.")),
    "LiteLLM": (400, error("Budget has been exceeded! Current cost: 1.2", type="budget_exceeded")),
    "LiteLLM's user": (429, error("ExceededBudget: User=x over budget. Spend: 1")),
    "a month": (400, error("You have exceeded your monthly spending limit.")),
}
RATE_LIMIT: Table = {
    "OpenAI": (429, error("slow down", code="rate_limit_exceeded")),
    "Gemini, free": (
        429,
        error("You exceeded your current quota, please check your plan", status="RESOURCE_EXHAUSTED"),
    ),
    "Bedrock": (400, {"message": "ThrottlingException: Too many tokens, please wait before trying again."}),
    "403": (403, error("rate limit")),
    "Baidu": (400, {"error_code": 18, "error_msg": "Open api qps request limit reached"}),
}
TOOLS: Table = {
    "tools in vLLM": (
        400,
        error('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    ),
    "tools in llama.cpp": (500, error("tools param requires --jinja flag")),
    "tools in Ollama": (400, error("registry.ollama.ai/library/gemma:2b does not support tools")),
    "tools in OpenRouter": (404, error("No endpoints found that support tool use.")),
    "tools in Groq": (400, error("`tool calling` is not supported with this model")),
    "tools unknown": (400, error("Unrecognized request argument supplied: tools")),
    "tools in pydantic": (422, {"detail": [{"loc": ["body", "tools"], "msg": "Extra inputs are not permitted"}]}),
    "tools in vLLM, required": (
        400,
        error('tool_choice="required" requires --tool-call-parser to be set'),
    ),
    "tools in SGLang": (500, error("Internal server error: Unsupported tool_call_parser: None")),
}
PICTURES: Table = {
    "pictures in vLLM": (400, error("facebook/opt-125m is not a multimodal model None", type="BadRequestError")),
    "pictures in vLLM, none": (400, error("At most 0 image(s) may be provided in one prompt.")),
    "pictures in llama.cpp": (
        500,
        error("image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
    ),
    "pictures in SGLang": (400, error("This model does not support image input. Multimodal is not enabled.")),
    "pictures in OpenAI": (400, error("Invalid content type. image_url is only supported by certain models.")),
    "pictures in Ollama": (400, error("this model does not support image input (ref: b8bd630e)")),
    "pictures in Ollama's older": (500, error("this model is missing data required for image input")),
    "pictures in OpenRouter": (404, error("No endpoints found that support image input")),
    "pictures in DeepSeek": (400, error("messages[0]: unknown variant `image_url`, expected `text` at line 1")),
    "pictures in Mistral": (400, error("Image input is not enabled for this model")),
    "pictures in Groq": (
        400,
        error(
            "'messages.0' : for 'role:user' the following must be satisfied[('messages.0.content' : content must be a string)]"
        ),
    ),
    "pictures in a text server": (400, error("Unsupported content part type for text-only server: image_url")),
    "pictures in pydantic": (
        422,
        {
            "detail": [
                {"loc": ["body", "messages", 0, "content"], "msg": "list[TextContentPart]: Input should be 'text'"}
            ]
        },
    ),
}
PROMPT: Table = {
    "a kind of picture": (400, error("You uploaded an unsupported image. Please make sure your image is valid.")),
    "another kind of picture": (400, error("We do not support image/bmp: use PNG or JPEG")),
    "one picture too many": (400, error("At most 10 image(s) may be provided in one prompt.")),
    "a picture beyond": (400, error("image dimensions are not supported: 9000 x 9000")),
    "a tool of one prompt": (400, error("Unsupported keyword in tools[0].function.parameters")),
    "template": (400, error("Conversation roles must alternate user/assistant")),
    "a setting, perhaps": (400, error("top_k is negative")),
    "more than the model writes": (
        400,
        error("max_tokens is too large: this supports at most 16384 completion tokens"),
    ),
    "more than Groq's model writes": (
        400,
        error("`max_tokens` must be less than or equal to `8192`, less than the `context_window` for this model"),
    ),
    "no max_tokens": (400, {"message": "max_tokens must be at least 1, got 0."}),
    "a field of its messages": (422, {"detail": [{"loc": ["messages", 0, "x"], "msg": "Extra inputs not permitted"}]}),
    "a gateway": (403, "<html>Forbidden</html>"),
    "Gemini's word for all": (400, [error("Unable to process input image.", status="INVALID_ARGUMENT")]),
    "xAI's word for all": (400, {"code": "Client specified an invalid argument", "error": "Image decoding failed."}),
    "DashScope's word for all": (
        400,
        error("InternalError.Algo.InvalidParameter: The URL is not valid.", code="invalid_parameter_error"),
    ),
    "tokens of a month": (403, {"message": "Your tokens of this month exceed what the plan has"}),
}
MOMENT: Table = {
    "overloaded": (529, error("overloaded")),
    "starting": (503, error("the context length is being set up")),
    "a conflict": (409, error("locked")),
    "a proxy that gave up": (499, error("client closed request")),
    "TGI": (424, {"error": "Request failed during generation: Server error", "error_type": "generation"}),
    "Groq": (498, error("capacity exceeded")),
    "no redirect": (304, ""),
}
TABLES: dict[Concern, Table] = {
    Concern.TOO_LONG: TOO_LONG,
    Concern.FILTERED: FILTERED,
    Concern.ALL: ALL,
    Concern.SPENT: SPENT,
    Concern.RATE_LIMIT: RATE_LIMIT,
    Concern.TOOLS: TOOLS,
    Concern.PICTURES: PICTURES,
    Concern.PROMPT: PROMPT,
    Concern.MOMENT: MOMENT,
}


@pytest.mark.parametrize(
    ("concern", "status", "body"),
    [
        pytest.param(concern, *refusal, id=f"{concern.name}-{name}")
        for concern, table in TABLES.items()
        for name, refusal in table.items()
    ],
)
def test_what_an_error_concerns(concern: Concern, status: int, body: object) -> None:
    assert concern_of(status, body) is concern


def test_a_prompt_that_a_server_quotes_ends_no_run() -> None:
    body = {"detail": "no", "input": "What does 'insufficient_quota' mean, and 'invalid api key'?"}

    assert concern_of(400, body) is Concern.PROMPT


def test_several_prompts_refused_alike_concern_all() -> None:
    refusals = Refusals()

    concerned = [refusals.concern_all(400, f"bad request {number}f3a", f"prompt {number}") for number in range(ALIKE)]

    assert concerned == [False] * (ALIKE - 1) + [True]


def test_one_prompt_asked_again_and_again_is_one() -> None:
    refusals = Refusals()

    assert not any(refusals.concern_all(400, "no", "the same") for _ in range(3 * ALIKE))


def test_prompts_refused_otherwise_are_not_alike() -> None:
    refusals = Refusals()

    assert not any(refusals.concern_all(400, word, word) for word in ("a", "b", "c", "d", "e", "f", "g"))


def test_after_an_answer_no_refusal_concerns_all() -> None:
    refusals = Refusals()
    refusals.answer()

    assert not any(refusals.concern_all(400, "no", str(number)) for number in range(3 * ALIKE))


def test_after_an_answer_403_in_a_row_concerns_all() -> None:
    refusals = Refusals()
    refusals.answer()

    concerned = [refusals.concern_all(403, "no", str(number)) for number in range(ALIKE)]

    assert concerned == [False] * (ALIKE - 1) + [True]


def test_403_between_answers_concerns_single_prompts() -> None:
    refusals = Refusals()
    concerned = []
    for number in range(3 * ALIKE):
        refusals.answer()
        concerned.append(refusals.concern_all(403, "no", str(number)))

    assert not any(concerned)
