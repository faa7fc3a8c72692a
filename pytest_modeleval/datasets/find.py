"""A dataset's splits: found in a local copy, a hub's cache or the hub, checked against the lock and made ready."""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.files import Split
from pytest_modeleval.datasets.hub import Hub, NoData
from pytest_modeleval.datasets.layout import split_files
from pytest_modeleval.datasets.lock import Entry, Lock, sha256_of, stamp_of
from pytest_modeleval.inputs import SETTINGS, open_input

# A config and a split.
Part = tuple[str, str]


@dataclass(frozen=True)
class Found:
    """A split's files, and where they came from when that is a hub."""

    paths: Sequence[Path]
    source: Mapping[str, Any] | None


def found(dataset: Hub, place: Place, parts: Sequence[Part]) -> dict[Part, Split]:
    """The splits, ready to be read; `NoData` or `pytest.UsageError` when they are not to be had."""
    lock = Lock(place.lock)
    local = _local(dataset, place, parts)
    ready = {part: _ready(dataset, place, lock, part, local) for part in parts}
    if None in ready.values():
        with lock.held():
            # Another process may have made them ready while this one waited.
            ready = {part: _ready(dataset, place, lock, part, local) for part in parts}
            missing = [part for part, split in ready.items() if split is None]
            files = local or (_from_hub(dataset, place, lock, missing) if missing else {})
            ready |= _accept(dataset, place, lock, {part: files[part] for part in missing})
    return {part: split for part, split in ready.items() if split is not None}


def _local(dataset: Hub, place: Place, parts: Sequence[Part]) -> dict[Part, Found] | None:
    """The splits in the benchmark's folder, if it has one: a copy of either hub's repository, or of another."""
    if place.folder is None or not place.folder.is_dir():
        return None
    said = f"{place.benchmark}: {place.folder}"
    refused: list[pytest.UsageError] = []
    for theirs in dataset.in_a_copy(parts):
        try:
            there = in_folder(place.folder, theirs, said, dataset.files)
            return {part: Found(there[name], None) for part, name in zip(parts, theirs, strict=True)}
        except pytest.UsageError as error:
            refused.append(error)
    raise refused[0]


def is_in_copy(dataset: Hub, place: Place, parts: Sequence[Part]) -> bool:
    """Whether the benchmark has a local copy, and that has these splits."""
    try:
        return _local(dataset, place, parts) is not None
    except pytest.UsageError:
        return False


def in_folder(
    folder: Path, parts: Sequence[Part], said: str, files: Mapping[str, Sequence[str]] | None = None
) -> dict[Part, list[Path]]:
    """The files of splits in a copy of a repository; errors begin with ``said``."""
    named = names_of(set(_names(folder)), readme_of(folder), parts, said, files)
    paths = {part: [folder / name for name in files] for part, files in named.items()}
    for path in (path for files in paths.values() for path in files):
        _refuse_outside(folder, path)
    return paths


def _names(folder: Path) -> Iterator[str]:
    """The names of all files in a folder and those below; a folder that is linked to is gone through once."""
    been = set()
    for where, folders, files in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(where)) in been:
            folders.clear()
            continue
        been.add(real)
        _refuse_outside(folder, Path(where))
        yield from ((Path(where) / name).relative_to(folder).as_posix() for name in files)


def _refuse_outside(folder: Path, path: Path) -> None:
    """`pytest.UsageError` for a path in a dataset's folder that a link leads out of it.

    In Hugging Face's cache the files of a `snapshots/COMMIT` are links into the `blobs` beside it.
    """
    root, real = folder.resolve(), path.resolve()
    roots = [root, root.parents[1]] if root.parent.name == "snapshots" else [root]
    if not any(real.is_relative_to(each) for each in roots):
        raise pytest.UsageError(f"{path} is a link out of its dataset's folder, to {real}: put what is meant there")


def readme_of(folder: Path) -> str:
    """What the repository's README says, "" without one."""
    readme = folder / "README.md"
    if not readme.is_file():
        return ""
    with open_input(readme) as file:
        return file.read(SETTINGS).decode("utf-8", "replace")


def names_of(
    names: Collection[str],
    readme: str,
    parts: Sequence[Part],
    said: str,
    files: Mapping[str, Sequence[str]] | None = None,
) -> dict[Part, list[str]]:
    """The names of splits' files; errors begin with ``said``, ``files`` are of configs that nothing else tells."""
    try:
        return split_files(names, readme, parts, files)
    except pytest.UsageError as error:
        raise pytest.UsageError(f"{said} {error}") from None


def _key(dataset: Hub, part: Part) -> str:
    return "/".join(part) + (f" by {dataset.told_by}" if dataset.told_by else "")


def _folder(dataset: Hub, place: Place, digest: str, paths: Sequence[Path]) -> Path:
    """Where a content is made ready: another content, or cut into other files or of another kind, has another one."""
    files = [(path.stat().st_size, path.suffixes[-2:]) for path in paths]
    name = hashlib.sha256(f"1 {digest} {files} {dataset.told_by}".encode()).hexdigest()[:32]
    return place.lock.parent / "data" / name


def _ready(dataset: Hub, place: Place, lock: Lock, part: Part, local: Mapping[Part, Found] | None) -> Split | None:
    """The split when its files are those that were locked, and were made ready; without reading any."""
    entry = lock.entry(place.benchmark, _key(dataset, part))
    if entry is None:
        return None
    if local:
        paths = list(local[part].paths)
    elif entry.source and is_from(entry.source, dataset, place):
        paths = [Path(path) for path, _, _ in entry.stamp]
    else:
        return None
    if stamp_of(paths) != entry.stamp:
        return None
    folder = _folder(dataset, place, entry.sha256, paths)
    return Split(paths, folder, entry.rows) if folder.is_dir() else None


def is_from(source: Mapping[str, Any], dataset: Hub, place: Place) -> bool:
    """Whether a locked source is what the benchmark would be fetched from now."""
    now = _origin(dataset, place)
    return {name: source.get(name) for name in now} == now and ("renamed" in source) == ("renamed" in now)


def _origin(dataset: Hub, place: Place) -> dict[str, Any]:
    renamed = {"renamed": dict(dataset.renamed)} if dataset.renamed and place.hub == "huggingface" else {}
    return {"hub": place.hub, "id": getattr(dataset, place.hub), "asked": dataset.revision, **renamed}


def _from_hub(dataset: Hub, place: Place, lock: Lock, parts: Sequence[Part]) -> dict[Part, Found]:
    sources = [source for source in lock.sources(place.benchmark) if is_from(source, dataset, place)]
    if not place.chosen and not sources:
        name = place.benchmark
        raise NoData(f"{name} has no data: give --eval-data DIR, or choose it by name (-k {name}) to have it fetched")
    from pytest_modeleval.datasets.fetch import fetch

    asked = _origin(dataset, place)
    locked = {
        part: entry.source["files"]
        for part in parts
        if (entry := lock.entry(place.benchmark, _key(dataset, part))) and entry.source in sources and entry.source
    }
    copy, revision, names = fetch(dataset, place, parts, sources[0]["revision"] if sources else None, locked)
    return {
        part: Found([copy / name for name in names[part]], {**asked, "revision": revision, "files": names[part]})
        for part in parts
    }


def _accept(dataset: Hub, place: Place, lock: Lock, files: Mapping[Part, Found]) -> dict[Part, Split]:
    """The splits after their content was compared with the lock's and made ready; the lock has them then."""
    from pytest_modeleval.datasets.prepare import prepare

    splits, entries = {}, {}
    for part, got in files.items():
        key = _key(dataset, part)
        digest = sha256_of(got.paths)
        lock.refuse_change(place.benchmark, key, got.paths[0], digest)
        folder = _folder(dataset, place, digest, got.paths)
        entry = lock.entry(place.benchmark, key)
        try:
            rows = entry.rows if entry and folder.is_dir() else prepare(got.paths, dataset.told_by, folder)
        except pytest.UsageError as error:
            raise pytest.UsageError(f"{place.benchmark}: {error}") from None
        entries[key] = Entry(rows, digest, stamp_of(got.paths), got.source)
        splits[part] = Split(got.paths, folder, rows)
    lock.write(place.benchmark, entries)
    return splits
