"""The format ``questions``: questions alone, to which several models' answers are compared."""

from collections.abc import Collection

from pytest_modeleval.custom import qa
from pytest_modeleval.custom.columns import ANSWERED, ASKED
from pytest_modeleval.datasets import Row
from pytest_modeleval.sample import Sample

NEEDS = "question, query or messages alone, and --eval-arena"

PROMPT = qa.PROMPT


def fits(columns: Collection[str]) -> bool:
    """Whether a file with these columns may be one of questions that nobody has answered."""
    return not {"A", "options", "choices", "tools", *ANSWERED} & set(columns) and any(
        name in columns for name in (*ASKED, "messages")
    )


def to_sample(row: Row) -> Sample:
    """The row's question; `SampleError` names the column that is wrong."""
    return qa.asked_in(row, [])
