"""The verdict in a judge's reply: the one JSON object that holds it, or the benchmark's official mark."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_modeleval.foreign import one_line
from pytest_modeleval.judging.fence import outside
from pytest_modeleval.judging.rubric import VERDICT, Gives, Unreadable
from pytest_modeleval.sample import Completion

# A reply that opens more braces than this holds no verdict that anybody could mean.
_MOST_BRACES = 200
# What may stand behind the verdict: the end of a block, of Markdown or of a tag.
_END = re.compile(r"(?:[\s`*\].]|</\w+>)*")
# What may stand behind a backslash in JSON.
_ESCAPED, _ESCAPES = re.compile(r"\\(.)", re.DOTALL), '"\\/bfnrtu'
# How servers name an answer that was cut off, and one that refuses.
_CUT_OFF, _REFUSED = ("length", "max_tokens"), ("refusal", "content_filter")


def verdict_in(completion: Completion, gives: Gives) -> tuple[str, float, str]:
    """The label ("" for a number), its value and the reason in a judge's reply.

    `Unreadable` says why there is none: it was cut off, refuses, has no verdict, or several, or another than was asked
    for, or goes on behind it: then the object may be one that it quotes of the answer, inside its own or before words.
    What stands between the marks of an answer (`fence`) is never read, nor is a substring.

    An official mark counts where all that are written say the same, as Arena-Hard v0.1's reader has it (`get_score` of
    lmarena/arena-hard-auto): of several, one may be what the judge quotes. v2's takes the last, MT-Bench's the first.
    """
    if completion.finish_reason in _CUT_OFF:
        raise Unreadable("its reply was cut off: give the judge more max_tokens")
    if completion.finish_reason in _REFUSED:
        raise Unreadable("it refuses")
    said = outside(completion.text)
    if gives.mark is not None:
        # With an official mark the reasoning stands before it.
        found = [match[1] for match in re.finditer(gives.mark, said)]
        if not found:
            raise Unreadable(f"no mark {gives.mark} in {one_line(said, 80)!r}")
        if len(read := set(map(gives.read, found))) > 1:
            raise Unreadable(f"marks that differ: {one_line(', '.join(found), 80)}")
        return *read.pop(), said.strip()
    # Judges write formulas, \(x\), as they are, which is no JSON.
    said = _ESCAPED.sub(lambda pair: pair[0] if pair[1] in _ESCAPES else f"\\{pair[0]}", said)
    objects = [(each, end) for each, end in _objects(said) if VERDICT in each]
    if len(objects) != 1:
        many = f"{len(objects)} verdicts" if objects else "no JSON object with a verdict"
        raise Unreadable(f"{many} in {one_line(said, 80)!r}")
    ((own, end),) = objects
    if not _END.fullmatch(said, end):
        raise Unreadable(f"it goes on behind its verdict: {one_line(said[end:], 80)!r}")
    reason = own.get("reason", "")
    return *gives.read(own[VERDICT]), reason if isinstance(reason, str) else ""


def _objects(text: str) -> Iterator[tuple[Mapping[str, Any], int]]:
    """The outermost JSON objects in a text, one after the other, and where each ends."""
    decoder = json.JSONDecoder(object_pairs_hook=_unique, strict=False)
    at, tried = text.find("{"), 0
    while at >= 0:
        tried += 1
        if tried > _MOST_BRACES:
            raise Unreadable("it has more braces than a verdict needs")
        try:
            found, end = decoder.raw_decode(text, at)
        except RecursionError:
            raise Unreadable("it is nested too deep") from None
        except ValueError:
            end = at + 1
        else:
            yield found, end
        at = text.find("{", end)


def _unique(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """An object's fields; `Unreadable` where the verdict stands in it twice."""
    if sum(name == VERDICT for name, _ in pairs) > 1:
        raise Unreadable("one object holds two verdicts")
    return dict(pairs)
