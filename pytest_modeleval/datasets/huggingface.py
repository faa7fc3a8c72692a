"""Files of datasets on Hugging Face, through its own library and in its own cache."""

import glob
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from pytest_modeleval.foreign import reason, unreached

TITLE = "Hugging Face"


def cached(name: str, revision: str | None) -> Path | None:
    """See `fetch.Client`."""
    try:
        # A pattern that no file has: with one that some have, they would have to be there.
        return Path(_snapshot(name, revision, ["/"], local=True))
    except (OSError, EntryNotFoundError):
        return None


def listing(name: str, revision: str | None) -> tuple[Path, list[str]]:
    """See `fetch.Client`."""
    with _said(name, revision):
        about = huggingface_hub.HfApi().dataset_info(name, revision=revision)
        copy = _snapshot(name, revision, ["README.md"])
    return Path(copy), [file.rfilename for file in about.siblings or []]


def download(name: str, revision: str, files: Sequence[str]) -> Path:
    """See `fetch.Client`."""
    with _said(name, revision):
        return Path(_snapshot(name, revision, [glob.escape(file) for file in files]))


def command(name: str, revision: str | None, files: Sequence[str]) -> str:
    """See `fetch.Client`."""
    words = ["hf", "download", name, *files, "--repo-type", "dataset"]
    return shlex.join([*words, *(["--revision", revision] if revision else [])])


def _snapshot(name: str, revision: str | None, patterns: list[str], *, local: bool = False) -> str:
    return huggingface_hub.snapshot_download(
        name, repo_type="dataset", revision=revision, allow_patterns=patterns, local_files_only=local
    )


@contextmanager
def _said(name: str, revision: str | None) -> Iterator[None]:
    try:
        yield
    except GatedRepoError:
        raise pytest.UsageError(
            f"{name} on {TITLE} is gated: accept its terms at https://huggingface.co/datasets/{name}, then set HF_TOKEN"
        ) from None
    except RepositoryNotFoundError:
        raise pytest.UsageError(
            f"there is no dataset {name!r} on {TITLE}, or it is private (HF_TOKEN); try --eval-hub modelscope"
        ) from None
    except RevisionNotFoundError:
        raise pytest.UsageError(f"{name} on {TITLE} has no revision {revision!r}") from None
    except OfflineModeIsEnabled:
        raise pytest.UsageError(f"{name} cannot be fetched: HF_HUB_OFFLINE is set") from None
    except HfHubHTTPError as error:
        raise pytest.UsageError(f"{name} cannot be fetched: {TITLE} says {reason(error)}") from None
    # The library's own errors are above; the rest are of its HTTP client, which is another one in each major version.
    except Exception as error:  # noqa: BLE001
        raise pytest.UsageError(
            f"{name} cannot be fetched from {TITLE}: {unreached(error)}. What came is kept: run the same command "
            f"again. Elsewhere: {command(name, None, [])}, and --eval-data DIR for a copy"
        ) from None
