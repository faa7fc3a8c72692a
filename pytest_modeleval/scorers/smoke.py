"""What the answers to `smoke` show of a server: a symptom, and in a line its usual cause and what mends it.

The causes are those that the issues of vLLM, SGLang, llama.cpp and Ollama come back to.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Completion, Json, Score, text_of
from pytest_modeleval.scorers.run_on import MARK

_TEMPLATE = (
    "the chat template is missing or another model's: vLLM --chat-template FILE, llama.cpp --jinja or "
    "--chat-template NAME, Ollama TEMPLATE in the Modelfile; or it is a base model"
)
_STOP = (
    "the end of a turn is no stop token: see eos_token_id in generation_config.json (of a GGUF its own), and whether "
    "the chat template is the model's"
)
_MARKS = "special tokens come through as text: skip_special_tokens = false, or a tokenizer that does not know them"
_THOUGHTS = (
    "no reasoning parser: vLLM and SGLang --reasoning-parser NAME, llama.cpp --jinja with --reasoning-format auto"
)
_LONG_THOUGHT = (
    "it was still thinking when its tokens were used up: a model that thinks so long, whose thinking the server can "
    "turn down (reasoning_effort, chat_template_kwargs); or the end of a thought is no token of its template"
)
_ALL_THOUGHT = (
    "the reasoning parser takes the answer for a thought: it is another model's, or waits for a </think> that the "
    "template has already written"
)
_TEXT = "the server or a proxy reads UTF-8 as another encoding, or cuts a character between two chunks: update it"
_LANGUAGE = "the chat template or the tokenizer is another model's; or the model does not know the language"
_CONTEXT = (
    "the context is too small: vLLM --max-model-len N, SGLang --context-length N, llama.cpp -c N (shared by its -np "
    "slots), Ollama OLLAMA_CONTEXT_LENGTH=N"
)
_SYSTEM = "the chat template leaves the system prompt out, or a proxy does: give the model's own template"
_TURNS = "the chat template, or a proxy, passes the last message alone: give the model's own template"
_JSON = "the answer is more than the model's own text: see what else fails; a weak model may be the cause too"
_TOOLS = (
    "tools are off: vLLM --enable-auto-tool-choice --tool-call-parser NAME, SGLang --tool-call-parser NAME, llama.cpp "
    "--jinja; or the template or the model knows none"
)
_TEMPERATURE = "temperature 0 is not kept: the server samples by settings of its own, or a proxy drops the field"
_DROPPED = "the server or a proxy drops the setting from the request"
_NOT_TAKEN = "the model or its server takes no such setting: leave it out of what this model is sent"
_USAGE = "the server or a proxy leaves `usage` out: update it; with stream = true, vLLM --enable-force-include-usage"
_CAUSES = {
    "answer": _TEMPLATE,
    "stop": _STOP,
    "thinking": _THOUGHTS,
    "languages": _LANGUAGE,
    "long_prompt": _CONTEXT,
    "system": _SYSTEM,
    "turns": _TURNS,
    "json": _JSON,
    "tool_call": _TOOLS,
    "repeats": _TEMPERATURE,
    "max_tokens": _DROPPED,
    "stop_strings": f"{_DROPPED}; vLLM's include_stop_str_in_output is on",
    "usage": _USAGE,
}
# What a server refuses by, in its own words, before the check's own cause.
_REFUSALS = (("too long", _CONTEXT), ("system", _SYSTEM), ("template", _TEMPLATE))
# Checks whose answers are texts, and those whose answers may well be cut off.
_TEXTS = ("answer", "stop", "thinking", "languages", "long_prompt", "system", "turns", "json")
_CUT_OFF = ("repeats", "max_tokens")
_OF_SETTINGS = ("repeats", "stop_strings")
# Letters of the answer to a question that asks for one word or sentence.
_MOST = 500
# How many letters two answers at temperature 0 share: the sums of a batch may turn a later word.
_SHARED = 40
# A token is seldom longer.
_LETTERS_A_TOKEN = 12
_USERS_TURN = re.compile(r"\n\s*(?:user|human|assistant|question|q|### ?\w+)\s*:", re.IGNORECASE)
_FENCE = re.compile(r"\s*```\w*\n(.*?)```\s*", re.DOTALL)


def healthy(asked: Json, answers: Sequence[Completion]) -> Score:
    """Whether the answers are a healthy server's to this row of `datasets.smoke`; else what is seen, and its cause."""
    is_empty = asked["check"] in _TEXTS and not answers[0].text.strip()
    seen = "the answer is empty" if is_empty else _SEEN[asked["check"]](asked, answers)
    return _score(asked, answers[0].text, f"{seen}: {_cause(asked, answers)}" if seen else "")


def refused(asked: Json, refusal: Exception) -> Score:
    """The score of a request that the server refused, with the usual cause."""
    said = str(refusal)
    own = _NOT_TAKEN if asked["check"] in _OF_SETTINGS else _CAUSES[asked["check"]]
    cause = next((cause for word, cause in _REFUSALS if word in said.lower()), own)
    return _score(asked, said, f"refused: {_TOOLS if asked['tools'] else cause}")


def _score(asked: Json, got: str, why: str) -> Score:
    return Score(float(not why), not why, got, asked["expected"], why)


def _cause(asked: Json, answers: Sequence[Completion]) -> str:
    """The cause: of what spoils every kind of answer before that of the check's own."""
    if any(_is_misread(answer.text) for answer in answers):
        return _TEXT
    if any(MARK.search(answer.text) for answer in answers):
        return _MARKS if answers[0].finish_reason == "stop" else _STOP
    if any(answer.tagged for answer in answers):
        return _THOUGHTS
    if any(_is_all_thought(answer) for answer in answers):
        return _ALL_THOUGHT
    if answers[0].finish_reason == "length" and asked["check"] not in _CUT_OFF:
        return _LONG_THOUGHT if answers[0].thinking and not answers[0].text else _STOP
    return _CAUSES[asked["check"]]


def _told(asked: Json, answers: Sequence[Completion]) -> str:
    is_told = asked["expected"].casefold() in answers[0].text.casefold()
    return "" if is_told else f"it does not say {asked['expected']!r}"


def _answer(asked: Json, answers: Sequence[Completion]) -> str:
    letters = len(answers[0].text)
    return _told(asked, answers) or (f"one word was asked for, and {letters:,} letters came" if letters > _MOST else "")


def _stop(asked: Json, answers: Sequence[Completion]) -> str:
    answer = answers[0]
    if mark := MARK.search(answer.text):
        return f"{mark[0]} stands in the answer"
    if turn := _USERS_TURN.search(f"\n{answer.text}"):
        return f"it goes on with another turn, {turn[0].strip()!r}"
    if answer.finish_reason == "length":
        return f"it did not stop within {asked['generation']['max_tokens']:,} tokens"
    return ""


def _thinking(_: Json, answers: Sequence[Completion]) -> str:
    return "its thoughts stand in the answer" if answers[0].tagged else ""


def _languages(asked: Json, answers: Sequence[Completion]) -> str:
    text, sentence = answers[0].text, asked["expected"]
    if _is_misread(text):
        return "its letters are garbled"
    words = re.findall(r"\S{2,}", sentence) if sentence.count(" ") > 2 else list(sentence)
    there = sum(word.strip(".।").casefold() in text.casefold() for word in words)
    return "" if there * 2 >= len(words) else "it does not answer in the language that it is asked in"


def _long_prompt(asked: Json, answers: Sequence[Completion]) -> str:
    answer, words = answers[0], len(text_of(asked["messages"][0]).split())
    if answer.prompt_tokens is not None and answer.prompt_tokens < 0.8 * words:
        return f"it read {answer.prompt_tokens:,} tokens of {words:,} words"
    return _told(asked, answers) and "it does not know the first line of a long prompt"


def _json(asked: Json, answers: Sequence[Completion]) -> str:
    text = answers[0].text
    fenced = _FENCE.fullmatch(text)
    try:
        found = from_json(fenced[1] if fenced else text)
    except ValueError:
        return "the answer is not JSON alone"
    return "" if found == json.loads(asked["expected"]) else "the answer is other JSON"


def _tool_call(_: Json, answers: Sequence[Completion]) -> str:
    answer = answers[0]
    if not answer.tool_calls:
        return "the call stands in the text" if "get_weather" in answer.text else "it calls no tool"
    function = answer.tool_calls[0].get("function") or {}
    try:
        arguments = from_json(function.get("arguments") or "")
    except (ValueError, TypeError):
        arguments = None
    is_right = function.get("name") == "get_weather" and isinstance(arguments, Mapping) and "city" in arguments
    return "" if is_right else f"the call is {json.dumps(function, ensure_ascii=False)[:200]}"


def _repeats(_: Json, answers: Sequence[Completion]) -> str:
    begun = {f"{answer.thinking}{answer.text}"[:_SHARED] for answer in answers}
    return "" if len(begun) < len(answers) else f"{len(answers)} answers at temperature 0 begin differently"


def _max_tokens(asked: Json, answers: Sequence[Completion]) -> str:
    most, answer = asked["generation"]["max_tokens"], answers[0]
    letters = len(answer.text) + len(answer.thinking)
    if (answer.completion_tokens or 0) > most or letters > most * _LETTERS_A_TOKEN:
        return f"{answer.completion_tokens or letters:,} {'tokens' if answer.completion_tokens else 'letters'} came"
    return ""


def _stop_strings(asked: Json, answers: Sequence[Completion]) -> str:
    return next((f"it goes on beyond {stop!r}" for stop in asked["generation"]["stop"] if stop in answers[0].text), "")


def _usage(_: Json, answers: Sequence[Completion]) -> str:
    told = answers[0].prompt_tokens, answers[0].completion_tokens
    return "" if all(told) else "the tokens of the request are not told"


_SEEN: Mapping[str, Callable[[Any, Sequence[Completion]], str]] = {
    "answer": _answer,
    "stop": _stop,
    "thinking": _thinking,
    "languages": _languages,
    "long_prompt": _long_prompt,
    "system": _told,
    "turns": _told,
    "json": _json,
    "tool_call": _tool_call,
    "repeats": _repeats,
    "max_tokens": _max_tokens,
    "stop_strings": _stop_strings,
    "usage": _usage,
}


def _is_misread(text: str) -> bool:
    """Whether a text holds what decoding leaves of broken UTF-8, or is UTF-8 read as a one-byte encoding."""
    if "\ufffd" in text:
        return True
    for encoding in ("cp1252", "latin-1"):
        try:
            return not text.isascii() and text.encode(encoding).decode() != text
        except UnicodeError:
            continue
    return False


def _is_all_thought(answer: Completion) -> bool:
    return bool(answer.thinking and not answer.text and not answer.tool_calls and answer.finish_reason == "stop")
