"""Recorded answers as other programs write them, each told by its content, as rows of one kind."""

import json
import math
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.foreign import one_line
from pytest_modeleval.inputs import WHOLE, from_json, numbered_lines, open_input, read_text, refuse_explosion
from pytest_modeleval.judging.fence import without_keys
from pytest_modeleval.models import responses
from pytest_modeleval.models.replies import thinking_tokens_of
from pytest_modeleval.models.thinking import split_thinking
from pytest_modeleval.names import ItemName
from pytest_modeleval.requests import Message
from pytest_modeleval.sample import Completion, Json, LogLikelihoods, last_question, text_of
from pytest_modeleval.store.kept import completion_of

LAYOUTS = (
    'its own lines ({"id": …, "text": …}), samples_*.jsonl of lm-evaluation-harness --log_samples, predictions and '
    "reviews of EvalScope, the output of an OpenAI batch, .eval and .json logs of Inspect, and a folder of these"
)
# Further fields are whoever's that wrote the file.
_ANSWER_FIELDS = set(LogLikelihoods.__match_args__)
_ENDINGS = (".jsonl", ".json", ".eval")
_ATTACHED = "attachment://"
# Shorter texts tell no sample from another.
TELLING = 12


@dataclass(frozen=True, eq=False)
class Recorded:
    """One recorded answer and what tells what it answers.

    ``id`` is the sample's as pytest shows it; ``messages`` are the prompt that was asked. Else the sample has the row
    number ``index``, where that is known, and its prompt has all ``texts``, or a telling line of ``prompt``. ``theirs``
    is what the other program calls it, where that is no row's number.
    ``weights`` are the log-likelihoods of continuations, each with its context. ``error`` is what went wrong in place
    of an answer.
    """

    answer: Completion
    where: str
    id: str | None = None
    messages: Sequence[Message] = ()
    repeat: int = 0
    index: int | None = None
    theirs: str = ""
    texts: Sequence[str] = ()
    prompt: str = ""
    weights: Sequence[tuple[str, str, float]] = ()
    error: str = ""

    @property
    def about(self) -> str:
        """What it says that it answers, for people."""
        asked = text_of(self.messages[-1]) if self.messages else self.prompt or next(iter(self.texts), "")
        return one_line(self.id or asked, 60)


class NoLayout(Exception):
    """A file of none of the layouts."""


def files_of(path: Path) -> list[Path]:
    """The files with answers of a folder, or the one file."""
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.rglob("*") if each.suffix in _ENDINGS and each.is_file())


def has_answers(path: Path) -> bool:
    """Whether a file is one of recorded answers, in any layout."""
    try:
        return next(rows_of(path), None) is not None
    except (NoLayout, OSError, ValueError):
        return False


def rows_of(path: Path) -> Iterator[Recorded | pytest.UsageError]:
    """The answers in a file, and for each of its rows that is none what is wrong; raises `NoLayout`, OSError and
    ValueError."""
    with open_input(path) as file:
        begin = file.read(4)
    if begin.startswith(b"PK"):
        yield from map(_of_inspect, _packed(path), _places(path, "sample"))
        return
    if path.suffix == ".json":
        log = from_json(read_text(path))
        if not (isinstance(log, Mapping) and isinstance(log.get("eval"), Mapping)):
            raise NoLayout
        yield from map(_of_inspect, log.get("samples") or (), _places(path, "sample"))
        return
    reader: Callable[[Json, str], Iterator[Recorded]] | None = None
    for number, line in numbered_lines(path):
        where = f"{path}:{number}"
        try:
            row = _object(line, where)
            reader = reader or _reader(row, where)
            yield from reader(row, where)
        except pytest.UsageError as error:
            yield error
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            yield pytest.UsageError(f"{where} is not what its first line's layout has: {type(error).__name__}: {error}")


def _object(line: str, where: str) -> Json:
    try:
        row: Any = from_json(line)
    except ValueError as error:
        raise pytest.UsageError(f"{where} is not JSON: {error}") from None
    if not isinstance(row, Mapping):
        raise pytest.UsageError(f'{where} needs the answer as a string in "text"')
    return row


def _reader(row: Json, where: str) -> Callable[[Json, str], Iterator[Recorded]]:
    """What reads rows like this one; raises `NoLayout`."""
    for names, reader in (
        ({"doc_id", "arguments", "resps"}, _of_harness),
        ({"index", "model_output"}, _of_evalscope),
        ({"index", "sample_score"}, _of_evalscope),
        ({"custom_id", "response"}, _of_batch),
    ):
        if names <= row.keys():
            return reader
    if {"custom_id", "body"} <= row.keys():
        raise pytest.UsageError(f"{where} is a batch's input: give its output, whose lines have a response")
    if not row.keys() & {"text", "choice_logprobs", "id", "prompt", "messages"}:
        raise NoLayout
    return _own


def _own(row: Json, where: str) -> Iterator[Recorded]:
    row = {"text": "", **row} if "choice_logprobs" in row else row
    if not isinstance(row.get("text"), str):
        raise pytest.UsageError(f'{where} needs the answer as a string in "text"')
    logprobs = row.get("choice_logprobs", [])
    if not isinstance(logprobs, list) or not all(type(logprob) in (int, float) for logprob in logprobs):
        raise pytest.UsageError(f"{where}: choice_logprobs is a list of numbers, not {logprobs!r}")
    answer = {name: value for name, value in row.items() if name in _ANSWER_FIELDS and value is not None}
    if "thinking" not in answer:
        answer["thinking"], answer["text"] = split_thinking(answer["text"])
    calls = answer.get("tool_calls", [])
    if not isinstance(calls, list) or not all(isinstance(call, Mapping) for call in calls):
        raise pytest.UsageError(f"{where}: tool_calls is a list of calls as chat completions have them, not {calls!r}")
    completion = completion_of(answer)
    if "id" in row:
        yield Recorded(completion, where, id=str(row["id"]))
    elif messages := row.get("messages") or row.get("prompt"):
        yield Recorded(completion, where, messages=_chat(messages), repeat=int(row.get("repeat", 0)))
    else:
        raise pytest.UsageError(f'{where} needs "id", "prompt" or "messages" to tell what it answers')


def _of_harness(row: Json, where: str) -> Iterator[Recorded]:
    """lm-evaluation-harness 0.4.13 (`evaluator.py`, `EvaluationTracker.save_results_samples`): a row a sample and
    filter, the prompt in gen_args_0.arg_0, ``doc`` the dataset's row of the number ``doc_id``."""
    asked, given = row["arguments"]["gen_args_0"], row["resps"]
    if isinstance(asked.get("arg_1"), str):
        yield _weights_of_harness(row, where)
        return
    prompt = str(asked["arg_0"])
    if not isinstance(asked.get("arg_1"), Mapping):
        raise pytest.UsageError(
            f"{where} has the log-likelihood of a whole text: replay reads generated answers and options of this layout"
        )
    messages = _chat(_list_in(prompt) or prompt)
    texts = _asked_of(row.get("doc"), last_question(messages))
    for repeat, text in enumerate(given[0]):
        thinking, said = split_thinking(str(text))
        known: dict[str, Any] = {"messages": messages, "index": int(row["doc_id"]), "texts": texts}
        yield Recorded(Completion(said, thinking=thinking), where, repeat=repeat, **known)


def _asked_of(doc: Any, prompt: str) -> list[str]:
    """The texts of a dataset's row that a prompt asks: those up to a line's end in it, else the last in it.

    A passage before the question on its line is none: other questions have it, too.
    """
    texts = [text.strip() for text in doc.values() if isinstance(text, str)] if isinstance(doc, Mapping) else []
    found = {text: prompt.rfind(text) for text in texts if len(text) >= TELLING and text in prompt}
    return [text for text in found if stands_in(prompt, text)] or sorted(found, key=lambda text: found[text])[-1:]


def _weights_of_harness(row: Json, where: str) -> Recorded:
    """The same where options were weighed: a request each, answered by the log-likelihood and whether it is greedy.

    Without what acc_mutual_info weighs after no context.
    """
    asked = [(str(each["arg_0"]), str(each["arg_1"])) for each in row["arguments"].values()]
    logprobs = [float(given[0][0]) for given in row["resps"]]
    if any(map(math.isnan, logprobs)):
        raise ValueError("a log-likelihood is no number")
    pairs = zip(asked, logprobs, strict=True)
    weights = tuple((context, continuation, logprob) for (context, continuation), logprob in pairs if context)
    return Recorded(
        LogLikelihoods(choice_logprobs=[logprob for *_, logprob in weights]),
        where,
        index=int(row["doc_id"]),
        prompt="\n".join(dict.fromkeys(context for context, *_ in weights)),
        weights=weights,
    )


def _list_in(prompt: str) -> list[Message] | None:
    """The messages that a chat's prompt holds as JSON."""
    try:
        found = from_json(prompt) if prompt.startswith("[") else None
    except ValueError:
        return None
    return found if isinstance(found, list) and all(isinstance(each, Mapping) for each in found) else None


def _of_evalscope(row: Json, where: str) -> Iterator[Recorded]:
    """EvalScope 1.14 (`api/evaluator/cache.py`): `ModelResult`, or `ReviewResult` with the answer in its score."""
    messages = _asked(row.get("messages") or ())
    known: dict[str, Any] = {"messages": messages, "index": int(row["index"])}
    known["prompt"] = _text(messages[-1].get("content")) if messages else ""
    if "model_output" in row:
        output = row["model_output"] or {}
        yield Recorded(_output(output), where, error=str(output.get("error") or ""), **known)
    else:
        thinking, text = split_thinking(str(row["sample_score"]["score"].get("prediction") or ""))
        yield Recorded(Completion(text, thinking=thinking), where, **known)


def _of_batch(row: Json, where: str) -> Iterator[Recorded]:
    """A line of an OpenAI batch's output: ``custom_id`` names the sample, ``response.body`` is the reply."""
    response = row["response"] or {}
    body = response.get("body") or {}
    error = row.get("error") or body.get("error") or {}
    if error or response.get("status_code") != 200 or not (body.get("choices") or body.get("output")):
        said = error.get("message") if isinstance(error, Mapping) else str(error)
        yield Recorded(Completion(""), where, id=str(row["custom_id"]), error=said or "the batch has no answer")
        return
    output = body if body.get("choices") else {**body, "choices": [_of_responses(body)]}
    yield Recorded(_output(output), where, id=str(row["custom_id"]))


def _of_responses(body: Json) -> Json:
    """The choice of chat completions that a response is."""
    said, _, finish = responses.read({**body, "object": "response"})
    message = {
        "content": "".join(said.text or said.refusal),
        "reasoning_content": "".join(said.thinking),
        "tool_calls": said.calls,
    }
    return {"message": message, "finish_reason": finish}


def _of_inspect(sample: Json, where: str) -> Recorded | pytest.UsageError:
    """A sample of an Inspect log (inspect_ai 0.3, `EvalSample`): ``input`` is the question before any template."""
    try:
        attached = sample.get("attachments") or {}
        messages = _asked([_resolved(each, attached) for each in sample.get("messages") or ()])
        given = sample["input"]
        text = given if isinstance(given, str) else _text(_asked(given)[-1].get("content"))
        error = sample.get("error") or {}
        return Recorded(
            _output(_resolved(sample.get("output") or {}, attached)),
            where,
            id=str(sample["id"]) if ItemName.parse(str(sample["id"])) else None,
            messages=messages,
            repeat=int(sample.get("epoch", 1)) - 1,
            theirs=str(sample["id"]),
            texts=[asked] if len(asked := str(_resolved(text, attached)).strip()) >= TELLING else [],
            error=str(error.get("message") or "") if isinstance(error, Mapping) else str(error),
        )
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        return pytest.UsageError(f"{where} is no sample of Inspect's: {type(error).__name__}: {error}")


def _resolved(value: Any, attached: Mapping[str, str]) -> Any:
    """JSON with what an Inspect log has put aside."""
    if isinstance(value, str):
        return attached.get(value.removeprefix(_ATTACHED), value) if value.startswith(_ATTACHED) else value
    if isinstance(value, Mapping):
        return {name: _resolved(inner, attached) for name, inner in value.items()}
    return [_resolved(inner, attached) for inner in value] if isinstance(value, list) else value


def _packed(path: Path) -> Iterator[Json]:
    """The samples in an .eval file, a zip with a JSON file for each; `NoLayout` for another zip."""
    try:
        with zipfile.ZipFile(path) as parts:
            names = [info for info in parts.infolist() if info.filename.startswith("samples/")]
            if not names or not {"header.json", "_journal/start.json"} & set(parts.namelist()):
                raise NoLayout
            refuse_explosion(path, max(WHOLE, sum(info.file_size for info in names)), path.stat().st_size)
            # One that was written again stands there twice, the last of which counts.
            for name in dict.fromkeys(info.filename for info in names if info.filename.endswith(".json")):
                yield from_json(parts.read(name))
    except zipfile.BadZipFile:
        raise NoLayout from None
    except NotImplementedError:
        raise pytest.UsageError(
            f"{path} is packed by zstd, which this Python cannot unpack: inspect log convert --to json --output-dir "
            f"logs-json {path}"
        ) from None


def _places(path: Path, what: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{path}: {what} {number}"


def _output(output: Json) -> Completion:
    """The first choice of a reply as OpenAI, EvalScope and Inspect have it."""
    choice = (output.get("choices") or [{}])[0]
    message, usage = choice.get("message") or {}, output.get("usage") or {}
    content = message.get("content")
    thinking, text = split_thinking(_text(content))
    thoughts = [str(part.get("reasoning") or "") for part in content or () if isinstance(part, Mapping)]
    thoughts += [str(message.get(name) or "") for name in ("reasoning_content", "reasoning")]
    return completion_of(
        {
            "text": text,
            "thinking": thinking or "\n".join(filter(None, thoughts)),
            "finish_reason": str(choice.get("finish_reason") or choice.get("stop_reason") or "stop"),
            "tool_calls": [_called(call) for call in message.get("tool_calls") or () if isinstance(call, Mapping)],
            "prompt_tokens": usage.get("prompt_tokens", usage.get("input_tokens")),
            "completion_tokens": usage.get("completion_tokens", usage.get("output_tokens")),
            "thinking_tokens": thinking_tokens_of(usage),
            "latency": float(output.get("time") or 0.0),
        }
    )


def _called(call: Json) -> Json:
    """A call as chat completions have it; Inspect has the function's name in its place, and a table of arguments."""
    if not isinstance(call.get("function"), str):
        return call
    arguments = json.dumps(call.get("arguments") or {}, ensure_ascii=False)
    return {"id": call.get("id"), "type": "function", "function": {"name": call["function"], "arguments": arguments}}


def _text(content: object) -> str:
    if isinstance(content, str) or not isinstance(content, list):
        return content if isinstance(content, str) else ""
    return "\n".join(str(part["text"]) for part in content if isinstance(part, Mapping) and part.get("text"))


def _asked(messages: Sequence[Message]) -> list[Message]:
    """A conversation up to its first answer behind the last question."""
    kept = list(messages)
    while kept and kept[-1].get("role") != "user":
        kept.pop()
    return kept


def _chat(messages: Any) -> list[Message]:
    return [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)


def stands_in(prompt: str, text: str) -> bool:
    """Whether a text stands in a prompt up to a line's end: one that goes on may be another."""
    return text in prompt and re.search(rf"{re.escape(text)}[^\S\r\n]*(?:[\r\n]|\Z)", prompt) is not None


def prompt_key(messages: Sequence[Message]) -> str:
    """What two prompts are the same by: roles and contents, but for the marks around what a judge was asked about."""
    kept = [[message.get("role"), message.get("content")] for message in messages]
    return without_keys(json.dumps(kept, sort_keys=True, ensure_ascii=False))
