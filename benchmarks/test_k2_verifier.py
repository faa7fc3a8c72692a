"""K2 Vendor Verifier: does a server's Kimi K2 call tools as Moonshot's own does? (MoonshotAI/K2-Vendor-Verifier)"""

from pytest_modeleval import Completion, Sample, benchmark, hub
from pytest_modeleval.custom.calls import to_sample
from pytest_modeleval.scorers.function_calls import FIGURES, call_score

# Or a copy of Moonshot's own tool-calls.tar.gz: k2_thinking/test.jsonl is its results.jsonl.
K2_VERIFIER = hub(modelscope="evalscope/K2VendorVerifier", huggingface=None, config=["k2_thinking"], split="test")
# The F1 against what the official model called is called so there; from 0.73 on it is taken for the same model.
FIGURES = {"trigger_similarity" if name == "tool_call_f1" else name: each for name, each in FIGURES.items()}


@benchmark(K2_VERIFIER, to_sample, tags=["tools"], aggregates=FIGURES)
def test_k2_verifier(sample: Sample, completion: Completion) -> None:
    assert call_score(sample, completion)
