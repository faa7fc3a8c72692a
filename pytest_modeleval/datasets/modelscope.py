"""Files of datasets on ModelScope, through its own library and in its own cache."""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from modelscope_hub import HubApi, HubConfig
from modelscope_hub.errors import CacheNotFound, FileDownloadError, NotExistError

from pytest_modeleval.foreign import reason, unreached

TITLE = "ModelScope"


def cached(name: str, revision: str | None) -> Path | None:
    """See `fetch.Client`."""
    try:
        return _api().download_repo(name, "dataset", revision=revision, local_files_only=True)
    except CacheNotFound:
        return None


def listing(name: str, revision: str | None) -> tuple[Path, list[str]]:
    """See `fetch.Client`."""
    with _said(name):
        files = _files(name, revision or "master")
    commit = _newest(files) or revision or "master"
    return _downloaded(name, commit, files, ["README.md"]), [str(file["Path"]) for file in files]


def download(name: str, revision: str, files: Sequence[str]) -> Path:
    """See `fetch.Client`."""
    with _said(name):
        there = _files(name, revision)
    return _downloaded(name, revision, there, files)


def command(name: str, revision: str | None, files: Sequence[str]) -> str:
    """See `fetch.Client`."""
    words = ["modelscope", "download", name, *files, "--repo-type", "dataset"]
    return shlex.join([*words, *(["--revision", revision] if revision else [])])


def _api() -> HubApi:
    # With settings as they are now: the library keeps those of its first use.
    return HubApi(HubConfig())


def _files(name: str, revision: str) -> list[dict[str, Any]]:
    """The hub's list of files, with size, hash and last commit, which the library's own type leaves out."""
    files = _api().legacy.list_dataset_files_paginated(name, revision)
    return [file for file in files if file.get("Type") != "tree"]


def _newest(files: Sequence[dict[str, Any]]) -> str | None:
    """The commit that changed a file last: the hub tells each file's, and none of the repository's."""
    dated = [(file.get("CommittedDate") or 0, str(file.get("Revision"))) for file in files]
    commits = [pair for pair in dated if re.fullmatch("[0-9a-f]{40}", pair[1])]
    return max(commits)[1] if commits else None


def _downloaded(name: str, revision: str, there: Sequence[dict[str, Any]], files: Sequence[str]) -> Path:
    wanted = [file for file in there if file["Path"] in files]
    with _said(name):
        return _api().download_repo(name, "dataset", revision=revision, file_list=wanted)


@contextmanager
def _said(name: str) -> Iterator[None]:
    try:
        yield
    except NotExistError:
        raise pytest.UsageError(
            f"there is no dataset {name!r} on {TITLE}, or it is private (MODELSCOPE_API_TOKEN); "
            "try --eval-hub huggingface"
        ) from None
    except FileDownloadError as error:
        file, why = next(iter(error.failed_files.items()))
        raise pytest.UsageError(
            f"{file} of {name} cannot be fetched from {TITLE}: {reason(why)}. "
            "What came is kept: run the same command again"
        ) from None
    # The library's own errors, and those of what it parses: a proxy may answer with a page of its own.
    except Exception as error:  # noqa: BLE001
        raise pytest.UsageError(
            f"{name} cannot be fetched from {TITLE}: {unreached(error)}. Elsewhere: {command(name, None, [])}, "
            "and --eval-data DIR for a copy"
        ) from None
