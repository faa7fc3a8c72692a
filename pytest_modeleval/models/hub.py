"""Models of ModelScope, in its own library's cache; those of Hugging Face transformers itself fetches."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.foreign import unreached
from pytest_modeleval.models.offline import OFFLINE
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.sample import StopRun

# Beside the weights, of which there may be the same in two formats.
_BESIDE = (".json", ".jinja", ".model", ".txt", ".py", ".tiktoken")
_COMMIT = re.compile("[0-9a-f]{40}")


def place_of(spec: ModelSpec) -> str:
    """What transformers loads: a folder or a name of Hugging Face's, or the copy of ModelScope's, fetched if need be.

    Raises `StopRun` where it is not to be had.
    """
    return str(_fetched(spec.model, spec.args.get("revision"))) if is_of_modelscope(spec) else spec.model


def place_of_tokenizer(name: str, hub: str, where: str = "--perf-tokenizer") -> str:
    """The same for a tokenizer alone, of a folder or a hub's id; `pytest.UsageError` where it is not to be had.

    ``where`` is what said its name.
    """
    is_id = name.count("/") == 1 and not name.startswith((".", "/"))
    if hub != "modelscope" or not is_id or Path(name).exists():
        return name
    try:
        return str(_fetched(name, None, weights=False))
    except StopRun as error:
        raise pytest.UsageError(f"{where}: {error}") from None


def not_fetched(name: str, error: BaseException) -> str | None:
    """The line for what is of Hugging Face and not on this machine, with the command that fetches it elsewhere.

    None for another error of its libraries than that nothing may be fetched.
    """
    from huggingface_hub import constants
    from huggingface_hub.errors import LocalEntryNotFoundError

    is_absent = isinstance(error.__cause__, LocalEntryNotFoundError) and constants.HF_HUB_OFFLINE
    return _not_here(name, "hf", "download", name) if is_absent else None


def _not_here(name: str, *command: str) -> str:
    return (
        f"{name} is not on this machine, and nothing is fetched with --eval-offline or HF_HUB_OFFLINE: "
        f"{shlex.join(command)}"
    )


def copy_of(spec: ModelSpec) -> str | None:
    """The same without fetching anything; None where there is no copy of ModelScope's on this machine."""
    if not is_of_modelscope(spec):
        return spec.model
    copy = _cached(spec.model, spec.args.get("revision"))
    return str(copy) if copy else None


def is_of_modelscope(spec: ModelSpec) -> bool:
    """Whether ModelScope has its files, and no folder does."""
    return spec.way.is_local and spec.hub == "modelscope" and not Path(spec.model).exists()


def commit_of(name: str, revision: str | None, *, offline: bool) -> str | None:
    """The newest commit of the model; offline, or where the hub does not answer, that of the copy on this machine."""
    if not (offline or _is_offline()):
        try:
            return _newest(_listed(name, revision))
        except Exception:  # noqa: BLE001 - whatever the library raises, the copy may tell
            pass
    copy = _cached(name, revision)
    return copy.name if copy and _COMMIT.fullmatch(copy.name) else None


def _fetched(name: str, revision: str | None, *, weights: bool = True) -> Path:
    if copy := _cached(name, revision, weights=weights):
        return copy
    if _is_offline():
        raise StopRun(_not_here(name, "modelscope", "download", name, *(["--revision", revision] if revision else [])))
    try:
        files = _listed(name, revision)
        commit = _newest(files) or revision or "master"
        return Path(_api().download_repo(name, "model", revision=commit, file_list=_wanted(files, weights=weights)))
    except Exception as error:  # noqa: BLE001 - the library's own errors, and those of what it parses
        raise StopRun(
            f"{name} cannot be fetched from ModelScope: {unreached(error)}; Hugging Face's is fetched with --eval-hub "
            "huggingface"
        ) from None


def _cached(name: str, revision: str | None, *, weights: bool = True) -> Path | None:
    try:
        copy = Path(_api().download_repo(name, "model", revision=revision, local_files_only=True))
    except pytest.UsageError:
        raise
    except Exception:  # noqa: BLE001 - the library has an error of its own for what is not there
        return None
    # Not one that broke off, or that a tokenizer alone was fetched into.
    if not weights:
        return copy if (copy / "tokenizer_config.json").is_file() else None
    has_weights = any(each.suffix in (".safetensors", ".bin") for each in copy.glob("*"))
    return copy if (copy / "config.json").is_file() and has_weights else None


def _listed(name: str, revision: str | None) -> list[dict[str, Any]]:
    found = _api().legacy.list_repo_files(name, "model", revision=revision or "master")
    return [file for file in found if file.get("Type") != "tree"]


def _newest(files: Sequence[dict[str, Any]]) -> str | None:
    """The commit that changed a file last: the hub tells each file's, and none of the repository's."""
    dated = [(file.get("CommittedDate") or 0, str(file.get("Revision"))) for file in files]
    return max((pair for pair in dated if _COMMIT.fullmatch(pair[1])), default=(0, None))[1]


def _wanted(files: Sequence[dict[str, Any]], *, weights: bool) -> list[dict[str, Any]]:
    endings = {Path(file["Path"]).suffix for file in files}
    of_weights = [".safetensors" if ".safetensors" in endings else ".bin"] if weights else []
    return [file for file in files if Path(file["Path"]).suffix in (*_BESIDE, *of_weights)]


def _is_offline() -> bool:
    return os.environ.get(OFFLINE, "").lower() in ("1", "on", "yes", "true")


def _api() -> Any:
    try:
        from modelscope_hub import HubApi, HubConfig
    except ImportError:
        raise pytest.UsageError(
            "models come from ModelScope, as data do: pip install 'pytest-modeleval[hub]', or take Hugging Face's with "
            "--eval-hub huggingface"
        ) from None
    # With settings as they are now: the library keeps those of its first use.
    return HubApi(HubConfig())
