"""What a sample is called, in one spelling: in items' ids, baselines, the history and reports."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

# What stands before a published collection's line, which is not the dataset's row of the same number.
_LINE = "line-"
_SAMPLE = re.compile(rf"(?P<subset>.*?)-(?P<line>{_LINE})?(?P<row>\d{{5,}})", re.DOTALL)
_ITEM = re.compile(
    r"(?:.*::)?(?:test_)?(?P<benchmark>[^\[\]:]+)\[(?P<sample>.*-\d{5,})(?:-r(?P<repeat>\d+))?\](?:@.*)?", re.DOTALL
)


# The same few names stand in thousands of ids.
@lru_cache(maxsize=1024)
def id_part(name: str) -> str:
    """A name that pytest's node ids, -k and xdist can carry."""
    return re.sub(r"[^\w.+-]", "_", name)


class SampleName(NamedTuple):
    """A sample within its benchmark: ``main-00042`` is row 42 of the subset main, ``main-line-00042`` a line."""

    subset: str
    row: int
    line: bool = False

    def __str__(self) -> str:
        return f"{self.start}{self.row:05}"

    @property
    def start(self) -> str:
        """The name up to its number."""
        return f"{id_part(self.subset)}-{_LINE if self.line else ''}"

    @classmethod
    def parse(cls, text: str, subset: str = "") -> "SampleName | None":
        """The sample that a text names; None for a text that names none.

        The subset is as it is spelt there. Where it is known and given, what stands before it is passed over: another
        model's name.
        """
        found = _SAMPLE.fullmatch(text)
        if found is None:
            return None
        # A subset may itself be called "…-line".
        line = bool(found["line"]) and not f"{found['subset']}-{_LINE}".endswith(
            f"{id_part(subset)}-" if subset else "\0"
        )
        return cls(subset or found["subset"], int(found["row"]), line)


class ItemName(NamedTuple):
    """An item's name: ``gsm8k[main-00042]``, or ``gsm8k[qwen3-main-00042-r2]`` among several models and repeats."""

    benchmark: str
    sample: SampleName
    model: str = ""
    repeat: int | None = None

    def __str__(self) -> str:
        return f"{self.benchmark}[{self.id}]"

    @property
    def id(self) -> str:
        """What pytest has in brackets."""
        return f"{self.start}{self.sample.row:05}{'' if self.repeat is None else f'-r{self.repeat + 1}'}"

    @property
    def start(self) -> str:
        """Its id up to the number."""
        return f"{id_part(self.model)}-{self.sample.start}" if self.model else self.sample.start

    @classmethod
    def parse(cls, text: str, models: Collection[str] = (), subset: str = "") -> "ItemName | None":
        """The item that a node id, or the end of one, names; None for what is no sample's.

        ``models`` are those that may stand in it; ``subset`` is the sample's, where it is known.
        """
        found = _ITEM.fullmatch(text)
        if found is None:
            return None
        fitting = [model for model in models if found["sample"].startswith(f"{id_part(model)}-")]
        model = max(fitting, key=len, default="")
        own = found["sample"].removeprefix(f"{id_part(model)}-") if model else found["sample"]
        sample = SampleName.parse(own, subset)
        repeat = int(found["repeat"]) - 1 if found["repeat"] else None
        return sample and cls(found["benchmark"], sample, model, repeat)


def definition_of(nodeid: str) -> str:
    """The node id of an item's test, without its parameters: ``test_gsm8k.py::test_gsm8k``."""
    found = re.match(r"(.*::\w+)\[", nodeid)
    return found[1] if found else nodeid


def benchmark_of(test: str) -> str:
    """The benchmark's name by its test's node id."""
    return test.rpartition("::")[2].removeprefix("test_")
