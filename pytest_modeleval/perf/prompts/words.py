"""Texts of random words with an exact number of tokens, for whatever counts them: a tokenizer, or the server itself."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import pytest

# Tokens of a prompt with this text, everything that a chat template adds included.
Count = Callable[[str], int]

# Every text begins so: what follows always has a space before it, so that a word costs the same wherever it stands.
_OPENING = "Words:"
# Common words, most of them one token in the vocabularies of today.
_COMMON = (
    "the of and to in for is on that by this with you it not or be are from at as your all have new more an was we "
    "will home can us about if page my has search free but our one other do no information time they site he up may "
    "what which their news out use any there see only so his when contact here business who web also now help get "
    "view online first am been would how were me some these its like service than price find date back top people "
    "had list name just over state year day into email two health world next used go work last most music buy data "
    "make them should product system post her city add policy number such please available copyright support message "
    "after best software then good video well where info rights public books high school through each links she "
    "review years order very privacy book items company read group need many user said does set under general "
    "research university mail full map reviews program life know games way days management part could great united "
    "hotel real item international center must store travel comments made development report off member details line "
    "terms before send right type because local those using results office education national car design take "
    "internet address community within states area want phone shipping reserved subject between forum family long "
    "based code show even black check special prices website index being women much sign file link open today "
    "technology south case project same pages version section own found sports house related security both county "
    "game members power while care network down computer total place end following download him without per access "
    "think north resources current posts big media law control water history pictures size art personal since "
    "including guide shop directory board location change white text small rating rate government children during"
)
WORDS = tuple(_COMMON.split())
# So many words are weighed one by one where not all of them are one token: each costs a question to the server.
_WEIGHED = 48


@dataclass(frozen=True)
class Vocabulary:
    """Words with what each adds to a prompt, and what a prompt costs without any."""

    overhead: int
    cost: dict[str, int]

    def text(self, tokens: int, draw: random.Random) -> list[str]:
        """Random words that add exactly so many tokens."""
        if not self._fits(tokens):
            raise pytest.UsageError(
                f"no words of the server's vocabulary add up to {tokens} more tokens: give --perf-tokenizer"
            )
        chosen: list[str] = []
        words = list(self.cost)
        # As long as no end is near, every word fits: all of these at once.
        far = (tokens - len(self._sums)) // max(self._costs)
        if far > 0:
            # Each by a random byte, which takes a tenth of the time of `choices`: 256 of the words are enough.
            chosen = list(map(self._of_byte.__getitem__, draw.randbytes(far)))
            tokens -= sum(map(self.cost.__getitem__, chosen))
        while tokens > 0:
            fitting = {cost for cost in self._costs if self._fits(tokens - cost)}
            chosen.append(draw.choice([word for word in words if self.cost[word] in fitting]))
            tokens -= self.cost[chosen[-1]]
        return chosen

    def _fits(self, tokens: int) -> bool:
        if tokens < 0 or tokens % math.gcd(*self._costs):
            return False
        return tokens >= len(self._sums) or self._sums[tokens]

    @cached_property
    def _of_byte(self) -> list[str]:
        words = list(self.cost)
        return (words * -(-256 // len(words)))[:256]

    @cached_property
    def _costs(self) -> set[int]:
        return set(self.cost.values())

    @cached_property
    def _sums(self) -> list[bool]:
        """Which numbers of tokens some words add up to, as far as that is no matter of course."""
        sums = [True]
        # Beyond the largest cost squared every multiple of the costs' greatest common divisor is there.
        for total in range(1, max(self._costs) ** 2 + 1):
            sums.append(any(total >= cost and sums[total - cost] for cost in self._costs))
        return sums


def learn(count: Count) -> Vocabulary:
    """The words' costs, with two questions where every word is one token, else with one for each of some words."""
    once, twice = count(_said(WORDS)), count(_said([*WORDS, *WORDS]))
    # A word costs at least one token; so if all together cost one each, every single one does.
    if twice - once == len(WORDS):
        return Vocabulary(once - len(WORDS), dict.fromkeys(WORDS, 1))
    frame = WORDS[0]
    bare, framed = count(_said([])), count(_said([frame]))
    cost = {frame: framed - bare}
    for word in WORDS[1:_WEIGHED]:
        cost[word] = count(_said([frame, word])) - framed
    if min(cost.values()) < 1:
        raise pytest.UsageError(
            "the server's usage.prompt_tokens does not grow with the prompt: prompts of an exact length need "
            "--perf-tokenizer here"
        )
    return Vocabulary(bare, cost)


# A text of so many tokens more than none shows whether the words' costs add up.
_TRIAL = 100


def taught(count: Count, *, always: bool) -> "Writer":
    """Who writes texts as ``count`` counts them; it counts each of them where that costs nothing (``always``)."""
    vocabulary = learn(count)
    if always:
        return Writer(vocabulary, count)
    tokens = vocabulary.overhead + _TRIAL * max(vocabulary.cost.values())
    if (found := count(Writer(vocabulary).write(tokens, random.Random(0)))) != tokens:
        raise pytest.UsageError(
            f"the server's usage.prompt_tokens says {found} for a prompt made of {tokens} tokens, so words do not add "
            "up there: prompts of an exact length need --perf-tokenizer"
        )
    return Writer(vocabulary)


@dataclass(frozen=True)
class Writer:
    """Writes texts so long that the whole prompt has a given number of tokens."""

    vocabulary: Vocabulary
    # Asked again for every text.
    check: Count | None = None

    def write(self, tokens: int, draw: random.Random, prefix: Sequence[str] = ()) -> str:
        """A text that begins with the prefix' words; `pytest.UsageError` when there is no room for any."""
        room = tokens - self.vocabulary.overhead - sum(self.vocabulary.cost[word] for word in prefix)
        if room < 1:
            raise pytest.UsageError(
                f"a prompt of {tokens} tokens has no room for words: the chat template and the prefix alone take "
                f"{tokens - room}; give a longer --perf-input, or a shorter --perf-prefix"
            )
        words = [*prefix, *self.vocabulary.text(room, draw)]
        for _ in range(8 if self.check else 0):
            assert self.check is not None
            off = tokens - self.check(_said(words))
            if off == 0:
                break
            # Some tokenizers join what stands side by side: put in, or take out, what is missing or too much.
            if off > 0:
                words += self.vocabulary.text(off, draw)
            else:
                while off < 0 and len(words) > len(prefix):
                    off += self.vocabulary.cost[words.pop()]
                words += self.vocabulary.text(off, draw) if off > 0 else []
        return _said(words)

    def words(self, tokens: int, draw: random.Random) -> list[str]:
        """Words that add so many tokens to a prompt."""
        return self.vocabulary.text(tokens, draw)


def _said(words: Sequence[str]) -> str:
    return " ".join([_OPENING, *words])
