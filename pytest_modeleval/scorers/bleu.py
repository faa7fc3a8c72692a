"""BLEU of one answer, by sacrebleu."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers.overlap import UNSPACED
from pytest_modeleval.scorers.references import listed

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_NOT_HAN = re.compile(rf"(?!{_HAN.pattern})[{UNSPACED}]")
_MOST_READ = 100_000
ORDERS = (1, 2, 3, 4)


def bleu(answer: str, references: str | Sequence[str]) -> dict[str, float]:
    """BLEU-1 to BLEU-4 of the answer as one sentence, 0..1; BLEU-4 is sacrebleu's ``sentence_score``.

    Effective order, exponential smoothing, case counts; tokens by the references' script: ``zh`` for Chinese, ``char``
    for Japanese, Thai and others without spaces, else ``13a``. BLEU-n weighs the orders 1 to n alike (Papineni 2002).
    Of an answer over 100,000 characters the rest is not read: counting the n-grams of a megabyte takes 2 s.
    """
    references = listed(references)
    metric = _metric(tokenizer_for(references))
    found = metric.sentence_score(answer[:_MOST_READ], references)
    _forget(metric)
    lengths = found.sys_len, found.ref_len
    return {f"bleu-{order}": _value(metric, found.counts, found.totals, lengths, order) for order in ORDERS}


def tokenizer_for(references: Sequence[str]) -> str:
    """sacrebleu's name of the tokenizer for the references' script."""
    text = "".join(references)
    if _NOT_HAN.search(text):
        return "char"
    return "zh" if _HAN.search(text) else "13a"


def _forget(metric: "BLEU") -> None:
    """Let go of the text: sacrebleu keeps the last 65,536 it has seen, six times their size by measurement."""
    from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

    for tokenizer in (type(metric.tokenizer), TokenizerRegexp):
        if clear := getattr(tokenizer.__call__, "cache_clear", None):
            clear()


@cache
def _metric(tokenizer: str) -> "BLEU":
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError:
        raise SampleError("BLEU needs sacrebleu: pip install 'pytest-modeleval[text]'") from None
    return BLEU(tokenize=tokenizer, effective_order=True)


def _value(metric: "BLEU", counts: list[int], totals: list[int], lengths: tuple[int, int], order: int) -> float:
    found = metric.compute_bleu(
        counts[:order],
        totals[:order],
        *lengths,
        smooth_method=metric.smooth_method,
        effective_order=True,
        max_ngram_order=order,
    )
    # The logarithms' rounding makes a whole match 100.00000000000004.
    return min(1.0, float(found.score) / 100)
