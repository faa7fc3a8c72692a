"""From a sample's fields to the messages that a model is sent: templates, solved examples, system prompt."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import Formatter, ascii_uppercase

from pytest_modeleval.items.pictures import Content, content_of, joined
from pytest_modeleval.requests import Json, LogLikelihood, Message, NotChat
from pytest_modeleval.sample import Sample, SampleError

LETTER = "End with a line that says ANSWER: and the letter of the right option."

MULTIPLE_CHOICE = f"{{question}}\n\n{{options}}\n\n{LETTER}"

# For benchmarks that have both questions with options and without, see `answered`.
EITHER = "{question}\n\n{answered}"

MULTIPLE_CHOICE_ZH = """\
{question}

{options}

请先分析\uff0c最后单独用一行写出“答案\uff1a”和正确选项的字母。"""

BOXED = """\
{problem}

Reason step by step. Put the final answer, and nothing else, in \\boxed{{}}."""


@dataclass(frozen=True)
class Cloze:
    """A multiple-choice question as plain text: how likely is ``continuation`` after ``context``, for each option?

    Both are templates over the prompt's fields, ``{options}``, and the ``{option}`` that is weighed with its
    ``{letter}``. ``opening`` stands once above the solved examples. The default is ARC's in the lm-evaluation-harness.
    """

    context: str = "Question: {question}\nAnswer:"
    continuation: str = " {option}"
    opening: str = ""


# How the lm-evaluation-harness weighs C-Eval's and CMMLU's letters, but for the subject's Chinese name in its opening.
CLOZE_ZH = Cloze(
    "{question}\n{options}\n答案\uff1a", " {letter}", opening="以下是单项选择题\uff0c请选出其中的正确答案\u3002"
)


class Unfilled(SampleError):
    """A template asks a sample for what it has not: for ``field``, None where the field is there and is otherwise."""

    def __init__(self, error: Exception, fields: Json) -> None:
        self.field = str(error.args[0]) if isinstance(error, KeyError) else None
        self.fields = tuple(fields)
        what = "asks for" if isinstance(error, LookupError) else "cannot be filled:"
        super().__init__(f"the prompt template {what} {error}; there are: {', '.join(fields)}")


def lettered(options: Sequence[str]) -> str:
    """The options one a line, as ``A. first``, ``B. second``."""
    return "\n".join(f"{letter}. {option}" for letter, option in zip(ascii_uppercase, options, strict=False))


def answered(options: Sequence[str], otherwise: str) -> str:
    """What stands below a question: its options and that a letter is wanted, or without any what is wanted instead."""
    return f"{lettered(options)}\n\n{LETTER}" if options else otherwise


def filled(sample: Sample, template: str | None) -> str | Sequence[Message]:
    """The sample's prompt in the template: its fields and ``{options}``, or its text as ``{prompt}``.

    Chat messages, and a text without a template, stay as they are. Raises `SampleError` for a field that is not there.
    """
    prompt = sample.prompt
    if template is None or not isinstance(prompt, str | Mapping):
        return prompt if isinstance(prompt, str) else sample.messages
    return _in_template(template, _fields(sample))


def _question(sample: Sample, template: str | None) -> str:
    """What the row itself asks, without what the template tells every sample.

    It is the field that is called so where there is one, else all that the template asks for, but the options.
    """
    prompt = sample.prompt
    if sample.question or not isinstance(prompt, Mapping):
        return sample.question or (prompt if isinstance(prompt, str) else "")
    asked = [re.split(r"[.\[]", name)[0] for _, name, *_ in Formatter().parse(template or "") if name]
    named = [name for name in prompt if name.lower() in ("question", "prompt", "problem")]
    names = named or [name for name in dict.fromkeys(asked) if name in prompt]
    return "\n".join(str(prompt[name]) for name in names)


def _fields(sample: Sample) -> dict[str, object]:
    """What a template may ask for: the prompt's fields, or its text as ``prompt``, and the options."""
    fields: dict[str, object] = {"prompt": sample.prompt}
    if isinstance(sample.prompt, Mapping):
        fields = dict(sample.prompt)
    return fields | {"options": lettered(sample.options)} if sample.options else fields


def _in_template(template: str, fields: Json) -> str:
    try:
        return template.format_map(fields)
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        raise Unfilled(error, fields) from None


def as_turns(examples: Sequence[tuple[Content, str]], question: Content) -> list[Message]:
    """Solved examples as earlier turns of a chat that ends with the question."""
    turns: list[Message] = []
    for asked, answered in examples:
        turns += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return [*turns, {"role": "user", "content": question}]


def as_message(examples: Sequence[tuple[Content, str]], question: Content) -> list[Message]:
    """Solved examples and the question in one message."""
    solved = [joined([asked, answered], "\n\n") for asked, answered in examples]
    return [{"role": "user", "content": joined([*solved, question], "\n\n\n")}]


def composed(
    sample: Sample,
    examples: Sequence[Sample],
    *,
    template: str | None,
    system: str | None = None,
    turns: bool = True,
) -> Sample:
    """The sample with its prompt as it is sent: template filled, after its solved examples, under a system prompt.

    ``system`` goes over the sample's own. What is no chat is asked as it is.
    """
    if isinstance(sample.prompt, NotChat):
        return sample
    prompt, question = filled(sample, template), _question(sample, template)
    if sample.pictures or examples:
        solved = [(_content(example, template), example.shown_solution) for example in examples]
        content = _content(sample, template)
        prompt = as_turns(solved, content) if turns else as_message(solved, content)
    system = sample.system if system is None else system
    if system is not None:
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        rest = messages[1:] if messages[0].get("role") == "system" else messages
        prompt = [{"role": "system", "content": system}, *rest]
    return replace(sample, prompt=prompt, question=question)


def _content(sample: Sample, template: str | None) -> Content:
    """What a sample's own message says, with its pictures."""
    text = filled(sample, template)
    if not isinstance(text, str):
        what = (
            "pictures beside them: put these into the messages"
            if sample.pictures
            else "solved examples: ask it with 0 shots"
        )
        raise SampleError(f"a prompt of chat messages takes no {what}")
    return content_of(text, sample.pictures)


def weighed(sample: Sample, examples: Sequence[Sample], cloze: Cloze) -> Sample:
    """The sample as it is asked where log-likelihoods choose: by pairs, after its solved examples in plain text."""
    if not 2 <= len(sample.options) <= len(ascii_uppercase):
        raise SampleError(f"log-likelihoods choose among 2 to 26 options, this sample has {len(sample.options)}")
    if sample.pictures:
        raise SampleError('log-likelihoods choose by text alone, and this sample has pictures: choices = "generate"')
    opening = _in_template(cloze.opening, _fields(sample))
    solved = ["".join(_pairs(example, cloze)[ascii_uppercase.index(example.target[0])]) for example in examples]
    above = "".join(f"{text}\n\n" for text in (opening, *solved) if text)
    pairs = [(above + context, continuation) for context, continuation in _pairs(sample, cloze)]
    # For people, and for what finds an answer by its prompt: most benchmarks have one context for all options.
    asked = "\n".join(dict.fromkeys(context for context, _ in pairs))
    prompt = LogLikelihood([{"role": "user", "content": asked}], pairs)
    return replace(sample, prompt=prompt, question=_question(sample, None))


def _pairs(sample: Sample, cloze: Cloze) -> list[tuple[str, str]]:
    """Context and continuation for each option and further text.

    Spaces that end a context belong to its continuation, as in the lm-evaluation-harness (`_encode_pair`): a word's
    token begins with its space.
    """
    fields = _fields(sample)
    pairs = []
    for place, option in enumerate([*sample.options, *sample.further]):
        own = {**fields, "option": option, "letter": ascii_uppercase[place : place + 1]}
        whole, continuation = _in_template(cloze.context, own), _in_template(cloze.continuation, own)
        context = whole.rstrip()
        if not context or not continuation.strip():
            raise SampleError(f"nothing to weigh: option {option!r} makes {continuation!r} after {context!r}")
        pairs.append((context, whole[len(context) :] + continuation))
    return pairs
