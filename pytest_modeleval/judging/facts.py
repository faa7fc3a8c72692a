"""Short answers beside a reference, as SimpleQA has them judged: right, wrong, or not attempted."""

from pytest_modeleval.judging.rubric import Labels, Rubric
from pytest_modeleval.judging.verdict import Verdict, weighed
from pytest_modeleval.sample import Score

# The official graders' letter is C: a user may give their text in this one's place.
NOT_ATTEMPTED = ("NOT_ATTEMPTED", "C")
# The papers' F, the harmonic mean of the shares of correct answers among all and among those that were attempted, is
# 2c/(1+c+i) of the shares of correct and incorrect ones (Wei et al. 2024, arXiv:2411.04368, §3): the mean in which an
# answer that was not attempted counts half.
HALF = dict.fromkeys(NOT_ATTEMPTED, 0.5)
GRADES = Labels({"CORRECT": 1.0, "INCORRECT": 0.0, NOT_ATTEMPTED[0]: 0.0}, weights=HALF)

FACT = """\
You are given a question, the reference that is known to answer it, and somebody's answer. Compare the answer with \
the reference alone, whatever you believe yourself, and give one of three verdicts.

CORRECT: all that the reference says in reply to the question is in the answer, and nothing in the answer \
contradicts it. Other words, another order or language, capital letters, further details and slips in a name that \
leave no doubt who is meant change nothing; nor do reservations, where the answer commits itself in the end. What \
the question leaves no doubt about need not be said again. A number is right where the reference is what it rounds \
to, and where the reference names a range, anywhere in that.
INCORRECT: something in the answer contradicts the reference. So does a wrong answer that is given with \
reservations, and one of several answers of which another is right.
NOT_ATTEMPTED: the answer leaves out what was asked for, wholly or in part, and contradicts nothing: it says that it \
does not know, asks back, refuses, or stays vague.

Question: {question}

Reference: {reference}

Answer:
{answer}"""

FACT_ZH = """\
下面给出一个问题、已知正确的参考答案，以及某人的回答。只把回答与参考答案作比较，不要依据你自己的看法，然后给出三种结论之一。

CORRECT：回答包含了参考答案针对该问题的全部内容，并且没有任何与之矛盾的地方。用词、顺序、语言、简繁体、多余的细节，以及不影响辨认的人名译法或\
笔误都不影响结论；语气上有保留，但最终给出了答案，也算正确。问题中已经明确的内容不必重复。数字必须与参考答案相同；若参考答案给出范围，落在范围内\
即为正确。
INCORRECT：回答中有与参考答案矛盾的内容。即使语气有保留，或者在列出的几个答案中有一个正确、其余错误，也属于此类。
NOT_ATTEMPTED：回答没有给出（或没有完整给出）所问的内容，但也没有任何矛盾：例如表示不知道、反问、拒绝回答或含糊其辞。

问题：{question}

参考答案：{reference}

回答：
{answer}"""


def fact_score(verdict: Verdict, reference: str) -> Score:
    """The score "main" of a verdict by one of these rubrics, whose mean by its weights is F, and further ones.

    Those are ``correct``, ``incorrect``, ``not_attempted`` and ``accuracy_given_attempted``. Where several judges'
    votes differ and are averaged, these are their shares.
    """
    correct, (_, weight) = verdict.value, weighed(verdict, HALF)
    left_open = min(2 - 2 * weight, 1 - correct)
    attempted = 1 - left_open
    said = verdict.label, reference, str(verdict)
    Score(correct, correct >= 0.5, *said, name="correct")
    Score(attempted - correct, attempted - correct < 0.5, *said, name="incorrect", better="lower")
    Score(left_open, True, *said, name="not_attempted", measured=True)
    if attempted:
        right = correct / attempted
        Score(right, right >= 0.5, *said, name="accuracy_given_attempted", weight=attempted)
    weight = (1 + attempted) / 2
    is_open = verdict.label in NOT_ATTEMPTED
    return Score(correct / weight, verdict.is_right, *said, weight=weight, found=not is_open)


FACTS = Rubric(FACT, GRADES, instead_of="SimpleQA's grader")
FACTS_VERIFIED = Rubric(FACT, GRADES, instead_of="SimpleQA Verified's grader")
FACTS_ZH = Rubric(FACT_ZH, GRADES, instead_of="Chinese SimpleQA's grader")
