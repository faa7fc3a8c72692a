"""Whether a memory's answer holds what was to be remembered.

bfcl-eval 2026.3.23, ``eval_checker/agentic_eval/agentic_checker.py``.
"""

import re
from collections.abc import Sequence

from pytest_modeleval.scorers.bfcl.checker import VALUE, Wrong

_IGNORED = re.compile(r"[,./\-_*^()]")
# What an answer is to look like. It is looked through as a whole.
FORM = (
    "Give your final answer in this form: {'answer': a short and exact answer, 'context': in short how you know it}. "
    "If you do not know it, the form is {'answer': 'I do not know', 'context': 'I do not know'}; if the question "
    "cannot be answered properly, {'answer': 'I cannot answer this question', 'context': the reason in short}."
)
# What a memory is for, by the scenario of its conversations, and what a model is told of it: in other words than
# ``constants/default_prompts.py`` of bfcl-eval.
_PURPOSES = {
    "student": "You support a college student in studying. Remember what you learn about the person and the studies, "
    "and use it in later conversations.",
    "customer": "You support the customers of an online shop. Remember what helps with their questions, preferences "
    "and orders in later conversations.",
    "finance": "You assist a senior finance professional. Remember facts, goals, decisions and family matters, and "
    "use them in later conversations.",
    "healthcare": "You assist a patient between appointments. Remember medical history, treatments and preferences, "
    "and use them in later conversations.",
    "notetaker": "You keep a person's life in order. Remember tasks, dates and preferences, and remind of them in "
    "later conversations.",
}
_KINDS = {
    "MemoryAPI_kv": "Your memory outlasts this conversation. It has two parts: the core memory is small, and you "
    "always see it; the archival memory is large, and you see of it only what you look up. Keep both up to date, so "
    "that you find later what matters.\n\nThe core memory, as earlier conversations left it:",
    "MemoryAPI_rec_sum": "Your memory outlasts this conversation. Keep it up to date, so that you find later what "
    "matters.\n\nThe memory, as earlier conversations left it:",
}


def memory_prompt(kind: str, scenario: str, content: str) -> str:
    """The system prompt of a conversation with a memory of a class, which has this content."""
    return f"{_PURPOSES[scenario]}\n\n{_KINDS[kind]}\n{content}"


def wrong_answer(answer: str, gold: Sequence[str]) -> Wrong | None:
    """What is wrong with the last answer, that calls nothing; None where it holds a gold one, between whole words.

    Case and ``,./-_*^()`` count for nothing.
    """
    text = _plain(answer)
    if any(re.search(rf"\b{re.escape(_plain(each))}\b", text) for each in gold):
        return None
    return Wrong(VALUE, f"the answer holds none of {', '.join(gold)}")


def _plain(text: str) -> str:
    return _IGNORED.sub("", text).lower().replace("'", '"')
