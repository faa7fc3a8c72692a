"""LiveCodeBench: contest problems by their date, judged by all of their tests (Jain et al. 2024, arXiv:2403.07974)."""

from collections.abc import Mapping
from itertools import combinations_with_replacement

from pytest_modeleval import Completion, Row, Sample, Sandbox, Setting, benchmark, hub
from pytest_modeleval.items.settings import day
from pytest_modeleval.scorers.contests import cases_of, erratum, solved
from pytest_modeleval.scorers.programs import last_fenced

# The problems up to a release, and those that came with some releases: v2_v4 has those of the second to the fourth.
RELEASES = {"release_latest": (1, 6)} | {f"release_v{last}": (1, last) for last in range(1, 7)}
SPANS = {f"v{a}_v{b}" if a < b else f"v{a}": (a, b) for a, b in combinations_with_replacement(range(1, 7), 2)}
FILES = [f"test{number or ''}.jsonl" for number in (0, 2, 3, 4, 5, 6)]
LIVE_CODE_BENCH = hub(
    modelscope="evalscope/livecodebench_code_generation_lite_parquet",
    huggingface="livecodebench/code_generation_lite",
    config=[*RELEASES, *SPANS],
    column="contest_date",
    unnamed="release_latest",
    # Of the authors' own repository, whose loading script nobody runs.
    files={name: FILES[first - 1 : last] for name, (first, last) in {**RELEASES, **SPANS}.items()},
)

SYSTEM = "You solve contest problems in Python. A program must give the right answer to every test of its problem."
PROMPT = "### Problem\n\n{question_content}\n\n### Form\n\n{form}\n\n### Answer, in one block of code\n"
SCRIPT = "Read from standard input, and print nothing but the answer.\n\n```python\n# your program\n```"
METHOD = "Complete this code.\n\n```python\n{starter_code}\n```"
SETTINGS = {"start_date": Setting(day), "end_date": Setting(day)}


def in_span(date: str, settings: Mapping[str, str | None]) -> bool:
    return (settings["start_date"] or "") <= date[:10] <= (settings["end_date"] or "9999")


def to_sample(row: Row) -> Sample:
    # What has no tests is not asked.
    cases_of(row)
    asked = {**row, "form": METHOD.format_map(row) if row["starter_code"] else SCRIPT}
    axes = {"platform": row["platform"], "difficulty": row["difficulty"], "erratum": erratum(row)}
    return Sample(asked, target="", system=SYSTEM, question=row["question_content"], axes=axes, metadata=row)


@benchmark(LIVE_CODE_BENCH, to_sample, prompt=PROMPT, settings=SETTINGS, among=in_span, tags=["code", "en"])
async def test_live_code_bench(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    assert await solved(sandbox, cases_of(sample.metadata), last_fenced(completion))
