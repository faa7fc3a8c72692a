"""What went wrong with a sample: the model's answer, its ending, or the asking."""

import enum
import re
from collections.abc import Sequence

from pytest_modeleval.calls import BAD_ARGUMENTS, UNKNOWN_TOOL, Called
from pytest_modeleval.record import ERROR, WRONG
from pytest_modeleval.sample import Completion, Filtered, JudgeError, Score


class Mistake(enum.StrEnum):
    """One reason why a sample is not right; the last three are errors, which are in no score."""

    WRONG = "wrong answer"
    NO_ANSWER = "no answer found"
    CUT_OFF = "cut off"
    REFUSED = "refused"
    TIMEOUT = "time-out"
    MEMORY = "out of memory"
    OUTPUT = "too much output"
    COMPILE = "does not compile"
    TURNS = "turn limit"
    TOKENS = "token limit"
    TIME = "time limit"
    TOOL = UNKNOWN_TOOL
    ARGUMENTS = BAD_ARGUMENTS
    # Of calls that are compared with a gold: `scorers.bfcl`.
    NO_CALL = "no call"
    NEEDLESS = "needless call"
    COUNT = "wrong number of calls"
    FUNCTION = "wrong function"
    MISSING = "missing parameter"
    UNKNOWN = "unknown parameter"
    TYPE = "wrong type"
    VALUE = "wrong value"
    NO_CALL_IN_TURN = "no call in a turn"
    STATE = "wrong state"
    RESULTS = "wrong results"
    STEPS = "too many steps"
    ENDLESS = "calls that do not end"
    FILTERED = "filtered"
    REQUEST = "request error"
    JUDGE = "judge error"


# As servers name the end of an answer (OpenAI, vLLM and Anthropic).
_CUT_OFF, _REFUSED = ("length", "max_tokens"), "refusal"
# How refusals begin: those of the list in Zou et al. 2023 (arXiv:2307.15043, `test_prefixes`) that say no more than
# that, and the usual Chinese ones. An apology alone is none: "I'm sorry, I miscounted: it is 5".
_REFUSAL = re.compile(
    r"(?:(?:i['’]?m|i am|my)(?: (?:very|really|so))? (?:sorry|apologies)|i apologi[sz]e|sorry|unfortunately)?"
    r"[,.!]? ?(?:but )?"
    r"(?:(?:as|i['’]?m|i am) (?:just )?an? (?:ai|large language|language|artificial)\b[^,.]{0,40}[,.] ?)?(?:and )?"
    r"i(?: can(?:not|['’]?t| not)|(?:['’]m| am) (?:unable to|not able to)| won['’]t| will not) "
    r"(?:help|assist|comply|answer|provide|fulfil|support|engage|discuss|do that)"
    r"|(?:很?抱歉|对不起)[\uff0c,。 ]{0,2}(?:但?我|作为)[^。\n]{0,20}(?:不能|无法|不可以)",
    re.IGNORECASE,
)


def mistake_of(
    outcome: str,
    error: BaseException | None,
    completion: Completion | None,
    score: Score | None,
    called: Sequence[Called] = (),
    *,
    unanswered: bool = False,
) -> Mistake | None:
    """What went wrong; None for a right answer and for a sample that was not asked.

    ``completion`` is the last answer, ``score`` the one that failed, ``called`` the calls of tools; ``unanswered`` says
    that the model was asked something after that answer, and gave none. An answer that was
    cut off, or that refuses, is called so also where the scorer found something in it; a limit of a conversation comes
    before all else, and a call that was wrong counts where the model called nothing rightly after it.
    """
    if outcome == ERROR:
        if isinstance(error, Filtered):
            return Mistake.FILTERED
        # With an answer to all that was asked, it is the judging of it that failed.
        is_judged = completion is not None and not unanswered
        return Mistake.JUDGE if isinstance(error, JudgeError) or is_judged else Mistake.REQUEST
    if outcome != WRONG:
        return None
    if (limit := getattr(error, "mistake", "")) in list(Mistake):
        return Mistake(limit)
    if completion is not None:
        if completion.finish_reason == _REFUSED:
            return Mistake.REFUSED
        if completion.finish_reason in _CUT_OFF:
            return Mistake.CUT_OFF
        if refuses(completion.text):
            return Mistake.REFUSED
    if score is not None and score.mistake:
        # A scorer of a user's may name another thing, which no table has a place for.
        return Mistake(score.mistake) if score.mistake in list(Mistake) else Mistake.WRONG
    if completion is not None and not (completion.text.strip() or completion.tool_calls):
        return Mistake.NO_ANSWER
    if called and called[-1].mistake:
        return Mistake(called[-1].mistake)
    return Mistake.WRONG if score is None or score.found else Mistake.NO_ANSWER


def refuses(text: str) -> bool:
    """Whether a text begins as a refusal does."""
    return _REFUSAL.match(text.lstrip()[:300]) is not None
