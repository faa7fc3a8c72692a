"""How much of a reference text an answer says, all of it and in any script: exact match, ROUGE."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pytest_modeleval.scorers.references import listed

# Scripts without spaces between words, where each character counts as a word: Thai, Lao, Myanmar, Khmer, kana, Han.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
# Vowel signs and other marks belong to their word, but are no \w: Latin's, Hebrew's, Arabic's, the Indic scripts'.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_MOST_WORDS = 100_000
_WORD = re.compile(rf"[{UNSPACED}]|(?:[^\W_{UNSPACED}]|[{_MARKS}])+")


def words(text: str) -> list[str]:
    """The words of a text without case and punctuation; where a script has no spaces, its characters.

    A text without any word, such as "+", is taken as it is. For ASCII these are the tokens of rouge-score 0.1.2 without
    its stemmer; that one drops every other script.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(text) or text.split()


def exact_match(answer: str, references: str | Sequence[str]) -> float:
    """1 where the answer has the words of one of the references, in their order, and no others."""
    said = words(answer)
    return float(bool(said) and any(said == words(text) for text in listed(references)))


@dataclass(frozen=True)
class Overlap:
    """What two texts share: as a part of the answer (precision) and of the reference (recall)."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def rouge(answer: str, references: str | Sequence[str]) -> dict[str, Overlap]:
    """ROUGE-1, ROUGE-2 and sentence-level ROUGE-L (Lin 2004), each against the reference with the highest F1.

    Own code, as rouge-score has had no release since 2022, needs nltk and absl, and finds no word in Chinese.
    """
    said = words(answer)
    asked = [words(text) for text in listed(references)]
    measures: dict[str, Callable[[Sequence[str], Sequence[str]], Overlap]] = {
        "rouge-1": partial(_ngrams, 1),
        "rouge-2": partial(_ngrams, 2),
        "rouge-l": rouge_l,
    }
    return {
        name: max((measure(said, reference) for reference in asked), key=lambda overlap: overlap.f1)
        for name, measure in measures.items()
    }


def _ngrams(size: int, said: Sequence[str], reference: Sequence[str]) -> Overlap:
    one, two = (Counter(zip(*(text[start:] for start in range(size)), strict=False)) for text in (said, reference))
    return _overlap((one & two).total(), one.total(), two.total())


def rouge_l(said: Sequence[str], reference: Sequence[str]) -> Overlap:
    """Sentence-level ROUGE-L of two texts' words.

    The longest common subsequence is found with one bit a word of the reference (Hyyrö 2004): no table of both lengths.
    Its time grows with both lengths: of an answer over 100,000 words the rest is in no subsequence.
    """
    places: dict[str, int] = {}
    for place, word in enumerate(reference):
        places[word] = places.get(word, 0) | 1 << place
    every = free = (1 << len(reference)) - 1
    for word in said[:_MOST_WORDS]:
        if found := free & places.get(word, 0):
            free = ((free + found) | (free - found)) & every
    return _overlap(len(reference) - free.bit_count(), len(said), len(reference))


def _overlap(shared: int, said: int, reference: int) -> Overlap:
    return Overlap(shared / said if said else 0.0, shared / reference if reference else 0.0)
