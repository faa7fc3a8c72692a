"""What a model thought before it answered, told from the answer by the marks around it."""

import re
from collections import deque

# What stands around a thought: of Qwen and DeepSeek, as prompts ask for, of Seed-OSS, Magistral, OpenThinker,
# Command A, Kimi-VL, and gpt-oss with and without the end of its message.
_MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("◁think▷", "◁/think▷"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
)
_OPENING, _CLOSING = (re.compile("|".join(map(re.escape, marks))) for marks in zip(*_MARKS, strict=True))


def opens_thought(prompt: str) -> bool:
    """Whether a prompt ends with the mark that opens a thought: the answer begins inside of one."""
    return any(not prompt[match.end() :].strip() for match in _OPENING.finditer(prompt))


def marks_thought(token: str) -> bool:
    """Whether a special token is a mark of a thought, or a part of one."""
    return any(token in mark for marks in _MARKS for mark in marks)


def split_thinking(text: str, *, opened: bool = False) -> tuple[str, str]:
    """(thinking, answer) of a text with ``<think>…</think>`` or other models' marks.

    What stands before a closing mark is a thought without its opening one too, as the prompt may have held that.
    A thought that was cut off, also one that the prompt ``opened``, leaves an empty answer.
    """
    closing = next(iter(deque(_CLOSING.finditer(text), maxlen=1)), None)
    before, after = (text[: closing.start()], text[closing.end() :]) if closing else (text, "")
    opening = _OPENING.search(before)
    if closing:
        return before[opening.end() if opening else 0 :].strip(), after.strip("\n")
    if opening:
        return before[opening.end() :].strip(), before[: opening.start()].strip("\n")
    return (text.strip(), "") if opened else ("", text)
