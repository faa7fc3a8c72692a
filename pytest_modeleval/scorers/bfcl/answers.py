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
