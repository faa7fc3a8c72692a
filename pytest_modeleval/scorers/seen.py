"""Is a short answer about a picture right, as the benchmarks of charts, documents and photographs count it?

Each rule is asked of what the answer ends up with (`texts.final_text`: its last line ``ANSWER: …``, else all of it),
and of the whole answer as the official scripts do, which is the score ``official`` beside it.
"""

import re
from collections.abc import Callable, Sequence

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.references import listed
from pytest_modeleval.scorers.texts import answer_line, final_text, plain, same_text
from pytest_modeleval.statistics.aggregates import NoFigure, Rows
from pytest_modeleval.statistics.means import Estimate, estimate

# Of the longest gold in DocVQA some 200 letters; what is far longer has no share of one half in common with it.
_LONGEST = 5_000
_OPTION = re.compile(r"^([A-Z])\.[ \t]+(\S[^\n]*)$", re.MULTILINE)


def relaxed_accuracy(answer: Completion | str, target: str) -> Score:
    """Whether a number is within 5 % of the target, and another text the same but for case (ChartQA).

    "50%" is 0.5, "2,000" is no number, and a target of 0 has to be met exactly (Methani et al. 2020; the function that
    Qwen-VL's `evaluate_vqa.py` and lmms-eval share, but that there "0.0" is not the same as 0).
    """
    return _scored(answer, [target], lambda text, golds: float(is_close(text, golds[0])), 1)


def is_close(text: str, target: str) -> bool:
    """`relaxed_accuracy` of a text as it is."""
    got, wanted = _number(text), _number(target)
    if got is None or wanted is None:
        return text.lower() == target.lower()
    return got == wanted or (wanted != 0 and abs(got - wanted) / abs(wanted) <= 0.05)


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def anls(answer: Completion | str, targets: str | Sequence[str]) -> Score:
    """Average normalised Levenshtein similarity, the best of the targets, and 0 below one half (Biten et al. 2019).

    Passed where it is one half or more. Case and runs of space are not compared (Qwen-VL's `infographicsvqa_eval.py`).
    """
    return _scored(answer, listed(targets), likeness, 0.5)


def likeness(text: str, targets: Sequence[str]) -> float:
    """`anls` of a text as it is: 1 less the edits over the length of the longer text, 0 where that is below 0.5."""
    best = max(_likeness(text, target) for target in targets)
    return best if best >= 0.5 else 0.0


def _likeness(text: str, target: str) -> float:
    got, wanted = (" ".join(each.lower().split()) for each in (text, target))
    length = max(len(text.upper()), len(target.upper()))
    if not length:
        return 1.0
    # Each letter that one has more is an edit.
    if abs(len(got) - len(wanted)) > length / 2 or len(got) > max(_LONGEST, 2 * len(wanted)):
        return 0.0
    return 1 - edits(got, wanted) / length


def edits(first: str, second: str) -> int:
    """The least number of letters to insert, delete or replace that makes one text of the other (Levenshtein)."""
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, 1):
        last, row = row, [number]
        for place, other in enumerate(second):
            row.append(last[place] if letter == other else 1 + min(last[place], last[place + 1], row[-1]))
    return row[-1]


def holds_gold(answer: Completion | str, targets: str | Sequence[str], *, formula: bool = False) -> Score:
    """Whether a gold stands in the answer, case aside; for a ``formula`` spaces aside, and case as it is (OCRBench).

    A box is a part of a formula, as one to fill in: of that the line ``ANSWER: …`` is read as it is.
    """
    read = (lambda text: answer_line(text) or text) if formula else final_text
    return _scored(answer, listed(targets), lambda text, golds: float(is_within(text, golds, formula=formula)), 1, read)


def is_within(text: str, golds: Sequence[str], *, formula: bool = False) -> bool:
    """`holds_gold` of a text as it is (Yuliang-Liu/MultimodalOCR, the rule of HME100k for a ``formula``)."""

    def normal(each: str) -> str:
        each = each.strip().replace("\n", " ")
        return each.replace(" ", "") if formula else each.lower()

    return any(normal(gold) in normal(text) for gold in golds)


def same_words(answer: Completion | str, target: str, question: str) -> Score:
    """Whether the answer is the target but for case, articles and punctuation; a letter where the question has options.

    ``official`` beside it compares the whole answer, without a point at its end (RealWorldQA; lmms-eval `utils.py`).
    """
    text = str(answer).strip()
    is_same = text.lower().rstrip(".") == target.lower()
    Score(float(is_same), is_same, text, target, name="official")
    options = _OPTION.findall(question)
    letters = [letter for letter, _ in options]
    if target in letters and letters == [chr(ord("A") + place) for place in range(len(letters))]:
        return same_choice(answer, target, [option for _, option in options])
    return same_text(answer, target, normalise=plain)


def _scored(
    answer: Completion | str,
    golds: Sequence[str],
    rule: Callable[[str, Sequence[str]], float],
    mark: float,
    read: Callable[[str], str] = final_text,
) -> Score:
    """The rule's value of what the answer ends up with, and the one of all of it as ``official``."""
    if not any(map(str.strip, golds)):
        raise ValueError(f"the golds {list(golds)!r} hold no text")
    text = str(answer).strip()
    got = read(text)
    official = rule(text, golds)
    Score(official, official >= mark, text, golds[0], name="official")
    value = rule(got, golds) if got else 0.0
    return Score(value, value >= mark, got, golds[0], "" if got else "no text in the answer", found=bool(got))


def right_of_thousand(rows: Rows) -> Estimate | None:
    """How many of OCRBench's thousand are right; `NoFigure` where fewer were scored."""
    values = [row[0] for row in rows if row[0] is not None]
    if len(values) != 1000:
        raise NoFigure(f"of {len(values):,} answers, not all 1,000")
    found = estimate(values)
    if found is None or found.standard_error is None:
        return None
    return Estimate(*(1000 * value for value in (found.mean, found.standard_error, found.low, found.high)))
