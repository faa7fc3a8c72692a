"""DROP: reading that needs counting, sorting and sums over a passage (Dua et al. 2019, arXiv:1903.00161)."""

from collections.abc import Mapping
from typing import Any

from pytest_modeleval import Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.scorers.spans import same_spans

# Of the copies on Hugging Face, ucinlp/drop has lost which spans are one annotator's answer.
DROP = hub(modelscope="AI-ModelScope/DROP", huggingface="EleutherAI/drop", split="validation")

PROMPT = """\
{passage}

{question}

Answer from the passage. End with a line that says ANSWER: and the answer alone: a number, a date as day month year, \
or the fewest words that answer the question; put semicolons between several answers."""


def spans(answer: Mapping[str, Any]) -> list[str]:
    date = " ".join(filter(None, (answer["date"].get(part) for part in ("day", "month", "year"))))
    return [str(answer["number"])] if answer["number"] else list(answer["spans"]) or [date]


def to_sample(row: Row) -> Sample:
    others = row.get("validated_answers") or []
    if isinstance(others, Mapping):  # Columns, as parquet files have them.
        others = [dict(zip(others, values, strict=True)) for values in zip(*others.values(), strict=True)]
    references = [spans(answer) for answer in [row["answer"], *others]]
    target = "; ".join(references[0])
    return Sample(row, target, solution=f"ANSWER: {target}", metadata={"references": references})


@benchmark(DROP, to_sample, prompt=PROMPT, tags=["reading", "en"], shots=Shots(3, "train"))
def test_drop(sample: Sample, completion: Completion) -> None:
    assert same_spans(completion, sample.metadata["references"])
