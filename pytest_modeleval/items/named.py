"""What of the benchmarks a user named, and by what words: paths, `--eval`, a collection, `-k` and `-m`."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pytest
from _pytest.mark.expression import Expression

from pytest_modeleval.items.declare import Benchmark
from pytest_modeleval.items.shipped import shipped_names, unknown_benchmark
from pytest_modeleval.names import id_part
from pytest_modeleval.options.options import MARK, closest

_SAMPLE = re.compile(r"(?:test_)?(\w+)\[(.+)-(\d+)(?:-r\d+)?\]")


@dataclass
class Named:
    """What a session's command line names.

    ``exactly`` are the names of benchmarks that `--eval` or a collection gives, ``typed`` says whether paths were.
    ``names`` and ``tags`` grow with what is found there to be named.
    """

    keywords: str
    marks: str
    exactly: Collection[str] = ()
    typed: bool = False
    names: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)

    @property
    def words(self) -> set[str]:
        """The words of `-k`, in lower case."""
        return {word.lower() for word in words_of(self.keywords)}

    def is_itself(self, test: pytest.Item, declared: Benchmark) -> bool:
        """Whether the user named this very benchmark: by its file or its exact name."""
        return test.session.isinitpath(test.path) or declared.name in {*self.exactly, *self.words}

    def is_chosen(self, test: pytest.Item, declared: Benchmark) -> bool:
        """Whether the user named the benchmark: by path, or a word of `-k` or `-m` that it answers to.

        One that is only selected by the name of a subset (`-k arithmetic` is also a part of one of BBH's) is not.
        """
        if self.typed or declared.name in self.exactly:
            return True
        above, tags = names_above(test, declared)
        named = [name.lower() for name in (*above, *tags[1:])]
        return any(word in name for word in self.words for name in named) or any(
            word in tags[1:] for word in words_of(self.marks)
        )

    def others(self, item: pytest.Item, declared: Benchmark, known: Iterable[str]) -> set[str]:
        """The words of ``-k`` that are other benchmarks' names, and mean those alone unless this one is named too."""
        words = self.words
        if not words or declared.name.lower() in words or item.session.isinitpath(item.path):
            return set()
        return words & {name.lower() for name in (*shipped_names(), *known)}

    def refuse_unknown(self, known: Iterable[str], sizes: Mapping[str, Mapping[str, int]]) -> None:
        """`pytest.UsageError` for a word of `-k` or `-m` that names nothing, where nothing was selected.

        ``known`` are the benchmarks that are listed where there are too many names, ``sizes`` their samples by subset.
        """
        flag, expression = ("-k", self.keywords) if self.keywords else ("-m", self.marks)
        names = self.names if self.keywords else self.tags
        if self.keywords and (why := no_sample(self.keywords, sizes) or _no_word(self.keywords)):
            raise pytest.UsageError(why)
        for word in words_of(expression):
            # A word of -m is a whole mark.
            is_known = (
                word in names
                if self.marks and not self.keywords
                else any(word.lower() in f"test_{name.lower()}" for name in names)
            )
            if not is_known:
                what = (
                    f"benchmark, subset or tag in {flag} {expression!r}:"
                    if self.keywords
                    else f"tag in -m {expression!r}:"
                )
                listed = sorted(names) if len(names) <= 40 else sorted(known)
                raise unknown_benchmark(what, word, listed, unlisted=names, meant=closest(word, names, cutoff=0.75))


def refuse_wrong(flag: str, expression: str) -> None:
    """`pytest.UsageError` for an expression that pytest rejects, which it does after all data is opened."""
    try:
        Expression.compile(expression)
    except SyntaxError as error:
        raise pytest.UsageError(
            f"{flag} {expression!r} is no expression: {error.msg}; words stand between and, or, not"
        ) from None


def words_of(expression: str) -> list[str]:
    """The names in an expression of `-k` or `-m`."""
    return [word for word in re.findall(r"[\w.\-]+", expression) if word not in ("and", "or", "not")]


def names_above(test: pytest.Item, declared: Benchmark) -> tuple[list[str], list[str]]:
    """What pytest's own -k looks at beside an item's name and marks, as its `KeywordMatcher.from_item`; its marks.

    Those are the names above it, but the session's and the root folder's, and what was added as a keyword to any.
    """
    above = {
        node.name
        for node in test.listchain()
        if not isinstance(node, pytest.Session)
        and not (isinstance(node, pytest.Directory) and isinstance(node.parent, pytest.Session))
    }
    function = getattr(test, "function", None)
    above |= test.listextrakeywords() | (getattr(function, "__dict__", {}).keys() - {"pytestmark"})
    return sorted(above), [MARK, *declared.tags, *(mark.name for mark in test.iter_markers())]


def no_sample(text: str, sizes: Mapping[str, Mapping[str, int]]) -> str | None:
    """What to say of a sample that is named and is beyond its subset's last one; None where none is."""
    for benchmark, name, row in _SAMPLE.findall(text):
        for subset, size in sizes.get(benchmark, {}).items():
            if name.endswith(id_part(subset)) and int(row) >= size:
                return f"there is no {benchmark}[{name}-{row}]: {subset} has {size:,} samples, numbered from 00000"
    return None


def _no_word(keywords: str) -> str | None:
    """What to say of a benchmark's part in `-k`, spelt as `--eval` has it; None where none is."""
    for whole, name, part in re.findall(r"((\w+)/([\w.\-]+))", keywords):
        if name in shipped_names():
            return f"-k takes words, not {whole!r}: --eval {whole}, or -k '{name} and {part}'"
    return None
