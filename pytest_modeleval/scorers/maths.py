"""Is the expression in an answer equal to the right one?"""

import re

from pytest_modeleval.sample import Completion, SampleError, Score
from pytest_modeleval.scorers.answers import LONGEST, boxed, excepts
from pytest_modeleval.scorers.choices import chosen_letter
from pytest_modeleval.scorers.colons import same_with_colons
from pytest_modeleval.scorers.formulas import final_expression
from pytest_modeleval.scorers.latex import (
    BY_HUNDREDS,
    Collection,
    Expression,
    collection,
    depth,
    exact_value,
    normal_form,
    split,
    without_name,
)
from pytest_modeleval.scorers.symbolic import symbolically_same

# Golds of MATH-500 and Minerva nest 4 deep; 40 take a parser seconds.
DEEPEST = 20
_SETS = re.compile(r"\\(?:cup|cap|setminus|in|le|ge|lt|gt|ne|mathbb|emptyset)(?![a-zA-Z])|[<>]")
# A division by a zero that is written out.
_BY_ZERO = re.compile(r"/0(?:\.0*)?(?![\d.!^])|\\frac\{[^{}]*\}\{0(?:\.0*)?\}")
_TEXT = re.compile(r"\\text\{([^{}]*)\}")


def boxed_target(solution: str) -> str:
    r"""The gold answer of a worked solution: what its last ``\boxed{…}`` holds; `SampleError` without one."""
    found = boxed(solution)
    if not found:
        raise SampleError(rf"the solution has no \boxed{{}} with an answer: {solution[-80:]!r}")
    return found


def same_expression(answer: Completion | str, target: str, *, name: str = "main") -> Score:
    r"""Whether the answer's final expression equals the target's.

    Numbers are equal by exact value; tuples and intervals by brackets, order and ends; sets and bare lists in any
    order; matrices cell by cell; words by their letters; formulas as `symbolic` has it. Units, currency and degree
    signs do not count; ``50\%`` is 50 as well as 0.5. Names on the left (``x = 5``) count when both sides have one.
    That is the strict reading of hendrycks/math `math_equivalence.py` and openai/prm800k `grader.py`, without their
    dependence on spelling. A target that is no expression to math-verify is compared as text.
    """
    if not (wanted := normal_form(target)).latex:
        raise SampleError(f"the target {target!r} holds no answer")
    got = final_expression(str(answer))
    if got is None:
        return Score(0.0, False, str(answer).strip(), target, "no answer, or one that was cut off", name, found=False)
    if len(got) > LONGEST:
        return Score(0.0, False, got, target, f"longer than the {LONGEST} characters of an expression", name)
    if depth(got) > DEEPEST:
        return Score(0.0, False, got, target, f"brackets nested more than {DEEPEST} deep", name)
    passed, why = equal(wanted, normal_form(got))
    return Score(float(passed), passed, got, target, why, name)


Verdict = tuple[bool, str]
_DIFFERENT: Verdict = (False, "")


def equal(gold: Expression, answer: Expression) -> Verdict:
    """Whether an answer equals the right one, as `same_expression` has it, and why not where that can be told."""
    if not answer.latex:
        return False, "the answer is empty"
    if _BY_ZERO.search(gold.key) or _BY_ZERO.search(answer.key):
        return False, "a division by zero equals nothing"
    if gold.key == answer.key and gold.percent == answer.percent:
        return True, ""
    if excepts(answer.latex) != excepts(gold.latex):
        return _DIFFERENT
    if gold.percent or answer.percent:
        return _same_percentage(gold, answer), ""
    if (text := plain_text(gold.latex)) is not None:
        return _same_text(text, answer.latex), ""
    return _same_named(gold.latex, answer.latex if r"\approx" in gold.latex else _before_approximation(answer.latex))


def _before_approximation(answer: str) -> str:
    r"""``x = \sqrt{2}`` of ``x = \sqrt{2} \approx 1.41``, but ``1.41`` of ``x \approx 1.41`` and ``\approx 1.41``."""
    parts = split(answer, r"\approx")
    return parts[-1] if re.fullmatch(r"[a-zA-Z]?", parts[0]) else parts[0]


def _same_percentage(gold: Expression, answer: Expression) -> bool:
    """Without a sign on one side the number may be the percentage or the fraction."""
    wanted, got = exact_value(gold.latex), exact_value(answer.latex)
    if wanted is None or got is None:
        return False
    if gold.percent and answer.percent:
        return wanted == got
    return got in (wanted, wanted / 100 if gold.percent else wanted * 100)


def plain_text(latex: str) -> str | None:
    r"""The words of a ``\text{…}`` or of a word of four letters and more; None for a formula."""
    inner = _TEXT.fullmatch(latex)
    words = inner[1] if inner else latex
    if re.fullmatch(r"[^\W\d_]{4,}(?:[ '-]+[^\W\d_]+)*", words) or (inner and not exact_value(words.strip())):
        return " ".join(words.casefold().split()).strip(" .")
    return None


def _same_text(gold: str, answer: str) -> bool:
    if letter := re.fullmatch(r"\(?([a-h])\)?", gold):
        return chosen_letter(answer, [""] * 8) == letter[1].upper()
    said = " ".join(_TEXT.sub(r"\1", answer).casefold().split()).strip(" .")
    return said == gold


def _same_named(gold: str, answer: str) -> Verdict:
    """As `_same_shape`, after the name on the left and, in an answer, what the result was computed from."""
    (wanted_name, wanted), (got_name, got) = without_name(gold), without_name(answer)
    if wanted_name and got_name and wanted_name == got_name:
        return _same_shape(wanted, got)
    if bool(wanted_name) != bool(got_name) and "=" not in (answer if wanted_name else gold):
        return _same_shape(wanted, got)
    if "=" not in gold and "=" in answer and collection(answer) is None:
        return _same_shape(gold, split(answer, "=")[-1])
    return _same_shape(gold, answer)


def _same_shape(gold: str, answer: str) -> Verdict:
    if Expression(gold).key == Expression(answer).key:
        return True, ""
    golds, answers = collection(gold), collection(answer)
    if not golds and BY_HUNDREDS.fullmatch(answer):
        answer, answers = answer.replace(",", ""), None
    alike = golds and answers and golds.ends == answers.ends and len(golds.parts) == len(answers.parts)
    if golds and answers and alike:
        verdict = _same_parts(golds, answers)
        if verdict[0] or golds.ends != r"\cup":
            return verdict
    elif (single := golds or answers) and single.ends == "{}" and len(single.parts) == 1:
        return _same_shape(*(single.parts[0], answer) if golds else (gold, single.parts[0]))
    # What is written with set operations or inequalities has no shape to compare: math-verify knows sets.
    if _SETS.search(gold) or _SETS.search(answer):
        return _by_symbols(gold, answer)
    return _DIFFERENT if golds or answers else _same_value(gold, answer)


def _same_parts(golds: Collection, answers: Collection) -> Verdict:
    if golds.ordered:
        verdicts = (_same_named(*pair) for pair in zip(golds.parts, answers.parts, strict=True))
        return next((verdict for verdict in verdicts if not verdict[0]), (True, ""))
    left = list(answers.parts)
    for gold in golds.parts:
        # The alike first: most of them need no comparing then.
        left.sort(key=lambda part: part != gold)
        found = next((part for part in left if _same_named(gold, part)[0]), None)
        if found is None:
            return _DIFFERENT
        left.remove(found)
    return True, ""


def _same_value(gold: str, answer: str) -> Verdict:
    if (verdict := same_with_colons(gold, answer)) is not None:
        return verdict, ""
    wanted, got = exact_value(gold), exact_value(answer)
    if wanted is not None and got is not None:
        return wanted == got, ""
    # 52_8 is a numeral of base 8, and no other way to write it is asked for; the grammar would drop the base.
    if re.search(r"\d_\d", gold + " " + answer):
        return _DIFFERENT
    return _by_symbols(gold, answer)


def _by_symbols(gold: str, answer: str) -> Verdict:
    return symbolically_same(gold.replace(r"\cr", r"\\"), answer.replace(r"\cr", r"\\"))
