"""What a run asks, in a line: ``gsm8k (1,319), mmlu/STEM (3,018)``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest

from pytest_modeleval.items.collect import selected
from pytest_modeleval.names import Ids, ItemName, SampleName, id_part

# The samples of each subset by benchmark; a sample counts once, however many models are asked how often.
Parts = dict[str, dict[str, set[SampleName]]]
# More subsets than these are counted, not named.
_NAMED = 3
# Subsets of benchmarks that have one.
_WHOLE = ("main", "default")


def of_items(items: Iterable[pytest.Item]) -> str:
    """What these items ask; empty where they ask nothing."""
    parts: Parts = {}
    groups: dict[str, Mapping[str, str]] = {}
    for ref in filter(None, map(selected, items)):
        declared = ref.source.benchmark
        groups.setdefault(declared.name, declared.dataset.subsets)
        parts.setdefault(declared.name, {}).setdefault(ref.subset, set()).add(ref.name)
    return ", ".join(said for name in parts for said in _said(name, parts[name], groups[name]))


def of_ids(nodeids: Iterable[str], models: Sequence[str], ids: Ids) -> str:
    """What the items of these ids ask, where other processes have the items; ``ids`` are those in users' own files."""
    parts: Parts = {}
    for found in filter(None, (ItemName.parse(nodeid, models) for nodeid in nodeids)):
        if found.sample.id and found.benchmark not in ids:
            # An ordinary test's parameter with a colon.
            continue
        parts.setdefault(found.benchmark, {}).setdefault(found.sample.subset, set()).add(found.sample)
    return ", ".join(said for name in parts for said in _said(name, parts[name], {}))


def _said(name: str, parts: Mapping[str, set[SampleName]], groups: Mapping[str, str]) -> Iterator[str]:
    """A benchmark, or the groups and subsets of it that are asked; ``groups`` are all its subsets', where known."""
    counts = {subset: len(samples) for subset, samples in parts.items()}
    if set(counts) == set(groups) or set(counts) <= {*_WHOLE}:
        yield f"{name} ({sum(counts.values()):,})"
        return
    whole = {group for group in groups.values() if group} - {
        group for subset, group in groups.items() if subset not in counts
    }
    named: dict[str, int] = {}
    for subset, number in counts.items():
        part = group if (group := groups.get(subset, "")) in whole else subset
        named[part] = named.get(part, 0) + number
    if len(named) > _NAMED:
        yield f"{name}, {len(counts)} subsets ({sum(counts.values()):,})"
    else:
        yield from (f"{name}/{id_part(part)} ({number:,})" for part, number in named.items())
