"""What an answer is dressed in: against the counts of Arena-Hard's own data."""

import gzip
import json
import time
from pathlib import Path

import pytest

from pytest_modeleval.scorers.style import style


def counted(text: str) -> tuple[int, int, int]:
    return style(text, len)[1:]


@pytest.mark.parametrize(
    ("text", "headers", "list_items", "bold"),
    [
        ("", 0, 0, 0),
        ("# One\n## Two\n###### Six\n####### none\n#none", 3, 0, 0),
        ("- a\n* b\n+ c\n  - d\n1. e\n12. f\n1) none\n-none\n2.none", 0, 6, 0),
        ("\u2003\u20031. an em space before it", 0, 1, 0),
        ("**a** and __b__, **c d** but not * e * or ****", 0, 0, 3),
        ("**not\nover lines**", 0, 0, 0),
        ("a\n```python\n# no header\n- no item\n**kwargs** = 1\n```\n# a header\n", 1, 0, 0),
        ("~~~\n# none\n```\n# none\n~~~\n# one", 1, 0, 0),
        ("````\n```\n# none\n````\n- one", 0, 1, 0),
        ("```\n# cut off\n- in code", 0, 0, 0),
        ("```inline``` code\n# one", 1, 0, 0),
    ],
)
def test_markdown_counts_outside_of_code(text: str, headers: int, list_items: int, bold: int) -> None:
    assert counted(text) == (headers, list_items, bold)


def test_tokens_are_the_counters() -> None:
    assert style("one two three", lambda text: len(text.split())).tokens == 3


def test_the_counts_are_arena_hards(real_data: Path) -> None:
    folder = real_data / "arena_hard_v2" / "data" / "arena-hard-v2.0" / "model_answer"
    path = folder / "o3-mini-2025-01-31.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"no copy of Arena-Hard v2's answers in {folder}")
    rows = 0
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            kinds = [row["metadata"][name] for name in ("header_count", "list_count", "bold_count")]
            expected = tuple(sum(kind.values()) for kind in kinds)
            assert counted(row["messages"][-1]["content"]["answer"]) == expected, row["uid"]
            rows += 1
    assert rows == 750


@pytest.mark.parametrize(
    "text", ["**" * 300_000, "*a" * 300_000, "__a" * 300_000, "\n" * 600_000, " " * 600_000, "`" * 600_000]
)
def test_a_hostile_text_is_counted_at_once(text: str) -> None:
    started = time.process_time()

    counted(text)

    assert time.process_time() - started < 2
