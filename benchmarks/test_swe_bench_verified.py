"""SWE-bench Verified: issues of GitHub, and patches that resolve them (Jimenez et al. 2023, arXiv:2310.06770)."""

from collections.abc import Mapping
from typing import Any

from pytest_modeleval import Completion, Row, Sample, Setting, benchmark, hub
from pytest_modeleval.items.settings import readable
from pytest_modeleval.scorers.swe_bench import read_report, resolved

DATASET = "princeton-nlp/SWE-bench_Verified"
SWE_BENCH_VERIFIED = hub(modelscope=DATASET, huggingface=DATASET, config="default", split="test")

PROMPT = """This is an issue of the repository {repo}, at the commit {base_commit}:

{problem_statement}

Write the change that resolves it, as a patch for `git apply`, in one block: ```diff ... ```"""

SETTINGS = {"report": Setting(readable(read_report))}


def to_sample(row: Row) -> Sample:
    # The authors' own sets with code beside the issue ("oracle", "bm25") have the whole prompt.
    prompt = row.get("text", row)
    return Sample(prompt, row["instance_id"], question=row["problem_statement"], metadata=row)


@benchmark(SWE_BENCH_VERIFIED, to_sample, prompt=PROMPT, tags=["code", "en"], settings=SETTINGS)
async def test_swe_bench_verified(sample: Sample, completion: Completion, settings: Mapping[str, Any]) -> None:
    assert resolved(completion, sample.target, settings["report"], DATASET)
