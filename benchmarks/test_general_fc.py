"""General function calling: is a tool called where it should be, by arguments that fit its schema? (EvalScope)"""

from pytest_modeleval import Completion, Sample, benchmark, hub
from pytest_modeleval.custom.calls import to_sample
from pytest_modeleval.scorers.function_calls import FIGURES, call_score

GENERAL_FC = hub(modelscope="evalscope/GeneralFunctionCall-Test", huggingface=None, split="test")


@benchmark(GENERAL_FC, to_sample, tags=["tools"], aggregates=FIGURES)
def test_general_fc(sample: Sample, completion: Completion) -> None:
    assert call_score(sample, completion)
