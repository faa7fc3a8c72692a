"""MMLU-Redux 2.0: 5,700 of MMLU's questions, read again by people and repaired (Gema et al. 2024, arXiv:2406.04127)."""

import re

from pytest_modeleval import Completion, Row, Sample, SampleError, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.sample import label_in
from pytest_modeleval.scorers.choices import same_choice

from .test_mmlu import SUBJECTS

REDUX = hub(
    modelscope="AI-ModelScope/mmlu-redux-2.0",
    huggingface="edinburgh-dawg/mmlu-redux-2.0",
    config=SUBJECTS,
    split="test",
)
LETTERS = dict(zip("0123ABCD", "ABCDABCD", strict=True))


def letters(listed: str) -> str:
    """The letters of "C", "2", "B,C", "1 or 2" or "(0, 1)"; none of any other text."""
    found = {LETTERS.get(word, "") for word in re.findall(r"\w+", listed) if word not in ("and", "or")}
    return "" if "" in found else "".join(sorted(found))


def to_sample(row: Row) -> Sample:
    # Unclear questions, unclear options and those that want an expert stay as they are: their answer was not refuted.
    error, right, options = row["error_type"], str(row["correct_answer"] or ""), list(row["choices"])
    own = label_in(row["answer"], range(4))
    target = "ABCD"[own]
    if error == "wrong_groundtruth":
        target = letters(right)
    elif error == "multiple_correct_answers":
        # Where none are listed ("depends on interpretation") MMLU's own is still one of them.
        target = letters(right) or target
    elif error == "no_correct_answer":
        # Without the remarks behind it: "7.69 (so ~8, but …)", "appeal to ignorance?".
        options[own] = right.partition("(")[0].strip(" ?")
    if not target or not options[own]:
        raise SampleError(f"{row.where}: {error} without a right answer to put there (correct_answer {right!r})")
    return Sample(row, target=target, options=options)


@benchmark(REDUX, to_sample, prompt=MULTIPLE_CHOICE, tags=["knowledge", "en"])
def test_mmlu_redux(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
