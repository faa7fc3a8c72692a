"""EQ-Bench: how intense four emotions of a dialogue's character are (Paech 2023, arXiv:2312.06281, version 2)."""

import ast
import re

from pytest_modeleval import Completion, Row, Sample, SampleError, benchmark, hub
from pytest_modeleval.scorers.emotions import emotion_score

EQ_BENCH = hub(modelscope="evalscope/EQ-Bench", huggingface="pbevan11/EQ-Bench", split="validation")

# What asks for a critique and for revised scores, which the authors' script leaves out since version 2.1; the hubs'
# prompts are without it.
REVISION = re.compile(r" Then critique [^\n]*|^First pass scores:\n|^Critique: .*?(?=^\[End)", re.DOTALL | re.MULTILINE)


def reference(row: Row) -> dict[str, float]:
    said = row["reference_answer_fullscale"]
    try:
        # A dict as Python writes it; what `literal_eval` documents that it raises.
        told = ast.literal_eval(said) if isinstance(said, str) else said
        return {str(told[f"emotion{n}"]): float(told[f"emotion{n}_score"]) for n in range(1, 5)}
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        raise SampleError(f"{row.where}: reference_answer_fullscale is no four emotions: {said!r:.200}") from None


def to_sample(row: Row) -> Sample:
    prompt, emotions = row["prompt"], reference(row)
    if REVISION.search(prompt):
        prompt = REVISION.sub("", prompt) + "\nYour answer:\n"
    target = "\n".join(f"{emotion}: {intensity:g}" for emotion, intensity in emotions.items())
    return Sample(prompt, target, metadata={"emotions": emotions})


@benchmark(EQ_BENCH, to_sample, tags=["emotions", "en"])
def test_eq_bench(sample: Sample, completion: Completion) -> None:
    assert emotion_score(completion, sample.metadata["emotions"])
