"""The lines of a published collection: each holds its sample, judged by the benchmark it names."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_modeleval.datasets import Place, Row
from pytest_modeleval.datasets.files import RowFiles
from pytest_modeleval.items.pictures import address_of
from pytest_modeleval.record import Labels
from pytest_modeleval.sample import Json, Message, Sample, SampleError


@dataclass(frozen=True)
class Lines:
    """The lines of a published collection that belong to one benchmark, as its dataset."""

    lines: RowFiles
    subsets: Mapping[str, str]

    def open(self, place: Place, subsets: Collection[str], examples: str | None) -> "Lines":  # noqa: ARG002
        """Itself."""
        return self

    def count(self, subset: str) -> int:  # noqa: ARG002 - its rows are numbered through
        """How many lines the file has."""
        return len(self.lines)

    def row(self, subset: str, index: int) -> Row:  # noqa: ARG002
        """One line, read now."""
        return self.lines[index]

    def examples(self, subset: str, split: str) -> Sequence[Row]:
        """None: a line says itself all that is asked."""
        raise SampleError(f"{self.lines.source} has no {subset}/{split} to take examples from")


def labels_of(line: Row) -> Labels:
    """A line's labels; a weight that is missing is 1."""
    tags, categories = (tuple(str(name) for name in line.get(key) or ()) for key in ("tags", "categories"))
    weight = line.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < float("inf"):
        raise SampleError(f"{line.where}: weight is a number of at least 0, not {weight!r}")
    return Labels(str(line.get("task_type") or ""), tags, categories, float(weight))


def sample_of(line: Row, to_sample: Callable[[Row], Sample]) -> Sample:
    """The sample in a line, with what the benchmark makes of the dataset's own record where the line holds it.

    The record is the prompt's ``metadata``, in older lines its ``raw_input`` or the prompt itself. Raises `SampleError`
    when there is neither a target nor a record that the benchmark can read.
    """
    where, prompt = line.where, line["prompt"]
    if not isinstance(prompt, Mapping):
        raise SampleError(f"{where}: prompt is an object, not {prompt!r:.60}")
    asked = _messages(where, prompt)
    raw = _field(where, prompt, "raw_input", Mapping)
    if not asked:
        return to_sample(Row(raw or prompt, where))
    record = Row(raw or _field(where, prompt, "metadata", Mapping) or {}, f"the metadata of {where}")
    target, made = _target(where, prompt), None
    try:
        made = to_sample(record)
    except Exception as error:  # noqa: BLE001 - another system's metadata may be anything to a benchmark
        if not target:
            raise SampleError(f"{where} has no target, and no record instead: {error or type(error)}") from None
    options = _field(where, prompt, "choices", list) or _field(where, prompt, "multi_choices", list) or ()
    return Sample(
        asked,
        target=target or (made.target if made else ""),
        options=[str(option) for option in options] or (made.options if made else ()),
        tools=[_tool(where, tool) for tool in _field(where, prompt, "tools", list) or ()]
        or (made.tools if made else ()),
        metadata=Row({**record, **(made.metadata if made else {})}, record.where),
    )


_KINDS: Mapping[Any, str] = {
    (str, list): "a text or a list",
    (str, int, float, list): "a text, number or list",
    list: "a list",
    str: "a text",
    Mapping: "an object",
}


def _field(where: str, fields: Json, name: str, kind: Any) -> Any:
    """A field's value; None where it is not there; `SampleError` for one of another kind."""
    value = fields.get(name)
    if value is not None and not isinstance(value, kind):
        raise SampleError(f"{where}: {name} is {_KINDS[kind]}, not {value!r:.60}")
    return value


def _messages(where: str, prompt: Json) -> list[Message]:
    """What is asked: the ``input`` of a line, or the ``data`` of an older one; none where it is only the record."""
    asked = _field(where, prompt, "input", (str, list)) or _field(where, prompt, "data", (str, list)) or []
    if isinstance(asked, str):
        asked = [asked]
    messages = [{"role": "user", "content": one} if isinstance(one, str) else _message(where, one) for one in asked]
    if messages and (system := _field(where, prompt, "system_prompt", str)):
        messages.insert(0, {"role": "system", "content": system})
    return messages


def _message(where: str, message: Any) -> Message:
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise SampleError(f"{where}: a message has a role and a content, which {message!r:.60} has not")
    content = _field(where, message, "content", (str, list))
    calls = _field(where, message, "tool_calls", list)
    if content is None and not calls:
        raise SampleError(f"{where}: a message has a role and a content, which {message!r:.60} has not")
    if isinstance(content, list):
        content = [_part(where, part) for part in content]
    made: dict[str, Any] = {"role": message["role"], "content": content}
    if calls:
        made["tool_calls"] = [_call(where, call) for call in calls]
    if answered := _field(where, message, "tool_call_id", str):
        made["tool_call_id"] = answered
    return made


def _call(where: str, call: Any) -> Json:
    """A tool call as OpenAI's API takes it; a line may have the name and arguments beside each other."""
    told = call.get("function") if isinstance(call, Mapping) else None
    function = told if isinstance(told, Mapping) else {"name": told, "arguments": call.get("arguments")} if told else {}
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or not isinstance(arguments, str | Mapping):
        raise SampleError(f"{where}: a tool call has a function with arguments, which {call!r:.60} has not")
    arguments = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": call.get("id"), "type": "function", "function": {"name": name, "arguments": arguments}}


def _part(where: str, part: Any) -> Json:
    """A part of a message's content as OpenAI's API takes it."""
    kind = part.get("type") if isinstance(part, Mapping) else part
    value = part.get(kind) if isinstance(part, Mapping) and isinstance(kind, str) else None
    if kind not in ("text", "image", "audio") or not isinstance(value, str):
        raise SampleError(f"{where}: a message's part is a text, an image or an audio, not {part!r:.60}")
    if kind == "text":
        return {"type": "text", "text": value}
    if kind == "audio":
        audio = {"data": value.rpartition("base64,")[2], "format": part.get("format", "wav")}
        return {"type": "input_audio", "input_audio": audio}
    try:
        return {"type": "image_url", "image_url": {"url": address_of(value)}}
    except SampleError as error:
        raise SampleError(f"{where}: an image {error}") from None


def _tool(where: str, tool: Any) -> Json:
    if not isinstance(tool, Mapping) or not ("function" in tool or "name" in tool):
        raise SampleError(f"{where}: a tool has a name, which {tool!r:.60} has not")
    if "function" in tool:
        return tool
    known = {key: tool[key] for key in ("name", "description", "parameters") if key in tool}
    return {"type": "function", "function": known}


def _target(where: str, prompt: Json) -> str:
    target = _field(where, prompt, "target", (str, int, float, list))
    if isinstance(target, list):
        if len(target) > 1:
            raise SampleError(f"{where} has {len(target)} targets; a sample has one")
        target = target[0] if target else ""
    return "" if target is None else str(target)
