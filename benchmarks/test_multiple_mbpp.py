"""MultiPL-E: MBPP's tasks in 18 languages, judged by tests (Cassano et al. 2022, arXiv:2208.08227)."""

from pytest_modeleval import Model, Sample, Sandbox, benchmark, hub
from pytest_modeleval.sandbox.languages import LANGUAGES
from pytest_modeleval.scorers.multiple import PROMPT, multiple_score, to_sample

MULTIPLE_MBPP = hub(
    modelscope="evalscope/MultiPL-E",
    huggingface="nuprl/MultiPL-E",
    config=[f"mbpp-{language}" for language in LANGUAGES],
    split="test",
)


@benchmark(MULTIPLE_MBPP, to_sample, prompt=PROMPT, tags=["code", "en"])
async def test_multiple_mbpp(sample: Sample, model: Model, sandbox: Sandbox) -> None:
    assert await multiple_score(sample, model, sandbox)
