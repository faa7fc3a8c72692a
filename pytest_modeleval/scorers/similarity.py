"""How near the words of a text are in meaning to a reference's: BERTScore (Zhang et al. 2020, arXiv:1904.09675)."""

import threading
from functools import cache
from typing import TYPE_CHECKING

from pytest_modeleval.sample import Completion, Score, StopRun

if TYPE_CHECKING:
    from bert_score import BERTScorer

# What the library takes for English, by its layer 17, and Drivelology with it.
MODEL = "roberta-large"
_lock = threading.Lock()


def bert_score(answer: Completion | str, reference: str, *, model: str = MODEL, layers: int | None = None) -> Score:
    """The scores ``bert_f1``, which is given back, ``bert_precision`` and ``bert_recall``, without a pass mark.

    By the library bert-score with its own settings: no weights by rarity, not rescaled, from -1 to 1. ``model`` is one
    that it knows, or a folder with the number of its ``layers`` that are used. `StopRun` without the library, and
    without the model's weights, which it fetches from Hugging Face.
    """
    with _lock:
        found = _scorer(model, layers).score([str(answer)], [reference])
    precision, recall, f1 = (max(-1.0, min(1.0, float(each[0]))) for each in found)
    named = {"bert_precision": precision, "bert_recall": recall, "bert_f1": f1}
    scores = [
        Score(value, True, f"{value:.4f}", reference, name=name, range=(-1, 1), measured=True)
        for name, value in named.items()
    ]
    return scores[-1]


@cache
def _scorer(model: str, layers: int | None) -> "BERTScorer":
    try:
        from bert_score import BERTScorer
    except ImportError:
        raise StopRun("BERTScore needs bert-score: pip install 'pytest-modeleval[bert]'") from None
    try:
        return BERTScorer(model_type=model, num_layers=layers)
    except (OSError, ValueError) as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StopRun(f"BERTScore needs the weights of {model}, which are not to be had: {why}") from None
