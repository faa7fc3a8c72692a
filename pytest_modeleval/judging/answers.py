"""Whether an answer says what a reference does."""

from pytest_modeleval.judging.rubric import Labels, Rubric

SAME = """\
You are given a question, the reference that is known to answer it, and somebody's answer, which may reason before \
it states its result. Is the result that the answer ends up with the same as the reference? Compare the two alone, \
whatever you believe yourself. Another spelling, form, order, unit or language of the same changes nothing, nor do \
steps on the way. It is not the same where something is missing, added or another value, where several results stand \
side by side, and where there is none.

Question: {question}

Reference: {reference}

Answer:
{answer}"""
RIGHT_OR_WRONG = Labels({"CORRECT": 1.0, "INCORRECT": 0.0})

SAME_ANSWER = Rubric(SAME, RIGHT_OR_WRONG)
