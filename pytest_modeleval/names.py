"""What a sample is called, in one spelling: in items' ids, baselines, the history and reports."""

import hashlib
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

# What stands before a published collection's line, which is not the dataset's row of the same number.
_LINE = "line-"
_SAMPLE = re.compile(rf"(?P<subset>.*?)-(?P<line>{_LINE})?(?P<row>\d{{5,}})", re.DOTALL)
# What an id in node ids is made of, as pytest, -k and xdist can carry it; no subset has a colon.
_SAFE = r"[A-Za-z0-9_.+-]"
_WITH_ID = re.compile(rf"(?P<subset>[^:]*):(?P<id>{_SAFE}+)")
_ITEM = re.compile(
    r"(?:.*::)?(?:test_)?(?P<benchmark>[^\[\]:]+)"
    rf"\[(?P<sample>.*-\d{{5,}}|[^:]*:{_SAFE}+?)(?:-r(?P<repeat>\d+))?\](?:@.*)?",
    re.DOTALL,
)
# What may stand in an id as it is: no longer than people type, and no end that a repeat's number has.
_PLAIN = re.compile(rf"(?!.*-r\d+$){_SAFE}{{1,64}}")

# Benchmark → subset → row → what the sample is called for its id; rows without an id are not there.
Ids = Mapping[str, Mapping[str, Mapping[int, str]]]
NO_IDS: Ids = {}


# The same few names stand in thousands of ids.
@lru_cache(maxsize=1024)
def id_part(name: str) -> str:
    """A name that pytest's node ids, -k and xdist can carry."""
    return re.sub(r"[^\w.+-]", "_", name)


def spelt_id(text: str) -> str:
    """What a sample is called for its id: the same where node ids can carry it, else as much of it and a hash."""
    if _PLAIN.fullmatch(text):
        return text
    hashed = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{re.sub(rf'(?:(?!{_SAFE}).)+', '_', text, flags=re.DOTALL)[:40]}-{hashed[:12]}"


def versus(one: str, two: str) -> str:
    """What two models are called that meet in a battle."""
    return f"{one}-vs-{two}"


class SampleName(NamedTuple):
    """A sample within its benchmark: ``main-00042`` is row 42 of the subset main, ``main-line-00042`` a line.

    ``main:q17`` has the ``id`` q17, by which it goes wherever its row is; read from a text, its row is None.
    """

    subset: str
    row: int | None
    line: bool = False
    id: str = ""

    def __str__(self) -> str:
        return f"{id_part(self.subset)}:{self.id}" if self.id else self.numbered

    @property
    def numbered(self) -> str:
        """What it is called by its row, as it was by versions that knew no ids."""
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
        with_id = _WITH_ID.fullmatch(text)
        if with_id and with_id["subset"].endswith(id_part(subset)):
            return cls(subset or with_id["subset"], None, id=with_id["id"])
        found = _SAMPLE.fullmatch(text)
        if found is None:
            return None
        # A subset may itself be called "…-line".
        line = bool(found["line"]) and not f"{found['subset']}-{_LINE}".endswith(
            f"{id_part(subset)}-" if subset else "\0"
        )
        return cls(subset or found["subset"], int(found["row"]), line)


def by_number(ids: Mapping[str, Mapping[int, str]]) -> dict[str, str]:
    """What samples with ids are called, by what they were called when their rows' numbers were their names."""
    names = (SampleName(subset, row, id=own) for subset, rows in ids.items() for row, own in rows.items())
    return {name.numbered: str(name) for name in names}


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
        return self._spelt(str(self.sample))

    @property
    def numbered(self) -> str:
        """What it is called by its row, where it goes by its id; else empty."""
        named = self.sample.id and self.sample.row is not None
        return f"{self.benchmark}[{self._spelt(self.sample.numbered)}]" if named else ""

    @property
    def start(self) -> str:
        """Its id up to the number."""
        return f"{id_part(self.model)}-{self.sample.start}" if self.model else self.sample.start

    def _spelt(self, sample: str) -> str:
        model = f"{id_part(self.model)}-" if self.model else ""
        return f"{model}{sample}{'' if self.repeat is None else f'-r{self.repeat + 1}'}"

    @classmethod
    def parse(cls, text: str, models: Collection[str] = (), subset: str = "") -> "ItemName | None":
        """The item that a node id, or the end of one, names; None for what is no sample's.

        ``models`` are those that may stand in it; ``subset`` is the sample's, where it is known.
        """
        found = _ITEM.fullmatch(text)
        if found is None:
            return None
        repeat = int(found["repeat"]) - 1 if found["repeat"] else None
        fitting = [model for model in models if found["sample"].startswith(f"{id_part(model)}-")]
        # A model may be called as a subset is: where nothing is left of a sample, the name is the subset's.
        for model in (*sorted(fitting, key=len, reverse=True), ""):
            own = found["sample"].removeprefix(f"{id_part(model)}-") if model else found["sample"]
            if sample := SampleName.parse(own, subset):
                return cls(found["benchmark"], sample, model, repeat)
        return None


def definition_of(nodeid: str) -> str:
    """The node id of an item's test, without its parameters: ``test_gsm8k.py::test_gsm8k``."""
    found = re.match(r"(.*::\w+)\[", nodeid)
    return found[1] if found else nodeid


def benchmark_of(test: str) -> str:
    """The benchmark's name by its test's node id."""
    return test.rpartition("::")[2].removeprefix("test_")
