"""A dataset's files out of a hub's cache on this machine, else out of the hub."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.find import Part, in_folder, names_of, readme_of
from pytest_modeleval.datasets.hub import Hub, NoData


class Client(Protocol):
    """What both hubs' own libraries can do; each error is a `pytest.UsageError` that says what to do."""

    TITLE: str

    def cached(self, name: str, revision: str | None) -> Path | None:
        """The copy of a repository in the library's cache, whole or in part; no network."""

    def listing(self, name: str, revision: str | None) -> tuple[Path, list[str]]:
        """A copy with the README, in a folder named for the commit, and the names of all files of that commit."""

    def download(self, name: str, revision: str, files: Sequence[str]) -> Path:
        """The copy after these files, checked against the hub's sizes and hashes, are in it."""

    def command(self, name: str, revision: str | None, files: Sequence[str]) -> str:
        """What to type for files to come into the library's cache; all of the repository's without names."""


def fetch(
    dataset: Hub, place: Place, parts: Sequence[Part], revision: str | None, locked: Mapping[Part, Sequence[str]]
) -> tuple[Path, str, dict[Part, list[str]]]:
    """A copy with the splits' files, its revision, and the files' names; ``locked`` are names that are known."""
    client, name = _client(dataset, place), getattr(dataset, place.hub)
    revision = revision or dataset.revision
    names = {part: list(files) for part, files in locked.items()}
    unknown = [part for part in parts if part not in names]
    theirs = {part: dataset.part_on(place.hub, part) for part in unknown}
    copy = client.cached(name, revision)
    if copy is not None and all((copy / file).is_file() for files in names.values() for file in files):
        try:
            there = in_folder(copy, list(theirs.values()), "", dataset.files)
            names |= {part: [p.relative_to(copy).as_posix() for p in there[name]] for part, name in theirs.items()}
            return copy, copy.name, names
        except pytest.UsageError:
            # What is not in the cache may be in the hub.
            pass
    looked = "" if place.folder is None else f" (there is no folder {place.folder} either)"
    if place.offline or not place.chosen:
        files = [] if unknown else [file for files in names.values() for file in files]
        raise NoData(
            f"{place.benchmark} has no {', '.join('/'.join(part) for part in parts[:3])}"
            f"{' …' if len(parts) > 3 else ''} of {name} in {client.TITLE}'s cache on this machine, and nothing is "
            f"fetched{' with --eval-offline' if place.offline else ''}{looked}: {client.command(name, revision, files)}"
        )
    try:
        if unknown:
            copy, listed = client.listing(name, revision)
            revision = copy.name
            said = f"{name} on {client.TITLE}"
            listed_parts = names_of(listed, readme_of(copy), list(theirs.values()), said, dataset.files)
            names |= {part: listed_parts[called] for part, called in theirs.items()}
        assert revision is not None
        wanted = sorted({file for files in names.values() for file in files})
        return client.download(name, revision, wanted), revision, names
    except pytest.UsageError as error:
        raise pytest.UsageError(f"{place.benchmark}{looked}: {error}") from None


def _client(dataset: Hub, place: Place) -> Client:
    if getattr(dataset, place.hub) is None:
        raise NoData(f"{place.benchmark} is not on Hugging Face: use --eval-hub modelscope, {dataset.modelscope}")
    try:
        if place.hub == "huggingface":
            from pytest_modeleval.datasets import huggingface

            return huggingface
        from pytest_modeleval.datasets import modelscope

        return modelscope
    except ImportError:
        extra = "hub" if place.hub == "modelscope" else "huggingface"
        looked = "" if place.folder is None else f" There is no folder {place.folder}."
        online = ", without --eval-offline," if place.offline else ""
        raise NoData(
            f"{place.benchmark} has no data.{looked} Give --eval-data DIR, where DIR/{place.benchmark} is a copy "
            f"of {dataset.modelscope} (ModelScope) or {dataset.huggingface or 'none'} (Hugging Face), or{online} "
            f"have it fetched: pip install 'pytest-modeleval[{extra}]'"
        ) from None
