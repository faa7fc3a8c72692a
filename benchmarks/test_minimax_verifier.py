"""MiniMax Provider Verifier: does a server run MiniMax's models rightly? (MiniMax-AI/MiniMax-Provider-Verifier)"""

from pytest_modeleval import Completion, Sample, benchmark, hub
from pytest_modeleval.custom.calls import to_sample
from pytest_modeleval.scorers.minimax import minimax_score

# Or a copy of its repository's sample.jsonl, as test.jsonl.
MINIMAX_VERIFIER = hub(modelscope="evalscope/MiniMaxVendorVerifier", huggingface=None, split="test")


@benchmark(MINIMAX_VERIFIER, to_sample, tags=["tools"])
def test_minimax_verifier(sample: Sample, completion: Completion) -> None:
    assert minimax_score(sample, completion)
