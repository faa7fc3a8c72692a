"""How BFCL's functions are offered to a model and its calls are read: as tools of an API, or by the prompt alone."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_modeleval.calls import answer_message, result_message
from pytest_modeleval.sample import Completion, Json, Message, text_of
from pytest_modeleval.scorers.bfcl.calls import Call, read_calls, read_tool_calls
from pytest_modeleval.scorers.bfcl.source_calls import read_source_call
from pytest_modeleval.scorers.bfcl.tools import hinted, prompt_for, tools_of

NATIVE, PROMPT = "native", "prompt"
# What a user says when functions that were held back are there: ``constants/default_prompts.py`` of bfcl-eval.
MORE_FUNCTIONS = "I have updated some more functions you can choose from. What about now?"


@dataclass(frozen=True)
class Mode:
    """How functions of a ``language`` are offered, by the settings of the benchmark.

    With ``underscore_to_dot`` a tool goes by its name with ``_`` for every dot, as APIs of OpenAI's kind have it. A
    prompt has the names as they are.
    """

    language: str = "python"
    mode: str = NATIVE
    underscore_to_dot: bool = True

    @property
    def is_native(self) -> bool:
        """Whether functions are tools of the API."""
        return self.mode == NATIVE

    @property
    def has_underscores(self) -> bool:
        """Whether names have ``_`` for every dot."""
        return self.is_native and self.underscore_to_dot

    def first(self, messages: Sequence[Message], functions: Sequence[Json]) -> list[Message]:
        """The messages of the first turn; a prompt with the functions stands above them."""
        if self.is_native or not functions:
            return [*messages]
        return below(prompt_for(functions, self.language), messages)

    def tools(self, functions: Sequence[Json]) -> list[Json]:
        """The functions as tools; none where the prompt has them."""
        return tools_of(functions, self.language, underscores=self.underscore_to_dot) if self.is_native else []

    def more(self, functions: Sequence[Json]) -> Message:
        """What a user says in the turn that brings further functions."""
        told = "" if self.is_native else f"{json.dumps(hinted(functions, self.language), indent=4)}\n"
        return {"role": "user", "content": told + MORE_FUNCTIONS}

    def read(self, completion: Completion) -> list[Call]:
        """What an answer calls; ValueError where it is no list of calls, or calls with arguments that are no JSON."""
        if self.is_native:
            return read_tool_calls(completion.calls)
        return self._read_text(str(completion))

    def answered(self, completion: Completion) -> Message:
        """The answer as a message of the conversation; by the prompt there are no calls but those of its text."""
        return answer_message(completion if self.is_native else replace(completion, tool_calls=()))

    def results(self, completion: Completion, calls: Sequence[Call], results: Sequence[str]) -> list[Message]:
        """What the calls of an answer came to, for the model."""
        if self.is_native:
            return [result_message(call, result) for call, result in zip(completion.calls, results, strict=True)]
        # ``format_execution_results_prompting`` of bfcl-eval's ``model_handler/utils.py``.
        told = [
            {"role": "tool", "name": written(call), "content": result}
            for call, result in zip(calls, results, strict=True)
        ]
        return [{"role": "user", "content": repr(told)}]

    @property
    def _read_text(self) -> Callable[[str], list[Call]]:
        if self.language == "python":
            return read_calls
        return lambda text: read_source_call(text, self.language)


def below(system: str, messages: Sequence[Message]) -> list[Message]:
    """The messages below a system prompt, which goes above the one that they have."""
    if messages and messages[0].get("role") == "system":
        return [{"role": "system", "content": f"{system}\n\n{text_of(messages[0])}"}, *messages[1:]]
    return [{"role": "system", "content": system}, *messages]


def written(call: Call) -> str:
    """A call as Python writes it."""
    name, arguments = call
    return f"{name}({', '.join(f'{each}={value!r}' for each, value in arguments.items())})"


def shown(calls: Sequence[Any]) -> str:
    """Calls for people to read."""
    return f"[{', '.join(map(written, calls))}]"
