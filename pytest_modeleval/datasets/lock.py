"""The lock: what each dataset's files held when they were first seen."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest


def locked_rows(
    lock: Path, benchmark: str, split: str, files: Sequence[Path], count: Callable[[], dict[str, int]]
) -> dict[str, int]:
    """The number of rows of each part of a split by the lock, writing its entry when there is none.

    Files are hashed only when their path, size or time differ from the lock's; ``count`` is called only for a new
    entry. Raises `pytest.UsageError` when their content is not what was locked.
    """
    entries = _read(lock)
    entry = entries.get(benchmark, {}).get(split)
    stamp = [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in files]
    if entry is not None and entry["stamp"] == stamp:
        return dict(entry["rows"])
    digest = _sha256(files)
    if entry is not None and entry["sha256"] != digest:
        raise pytest.UsageError(
            f"{benchmark}: the data of {split} changed: {lock} has sha256 {entry['sha256'][:16]}…, "
            f"{files[0]} has {digest[:16]}…. Restore the file, or remove {benchmark!r} from the lock to accept it"
        )
    rows = count() if entry is None else dict(entry["rows"])
    # Read again: another process may have added its own entries meanwhile.
    entries = _read(lock)
    entries.setdefault(benchmark, {})[split] = {"rows": rows, "sha256": digest, "stamp": stamp}
    _write(lock, entries)
    return rows


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _read(lock: Path) -> dict[str, Any]:
    try:
        entries = json.loads(lock.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise pytest.UsageError(f"{lock} is not JSON ({error}); remove it to make it anew") from None
    if not isinstance(entries, dict):
        raise pytest.UsageError(f"{lock} is not a JSON object; remove it to make it anew")
    return entries


def _write(lock: Path, entries: dict[str, Any]) -> None:
    lock.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and renamed: a reader in another process never sees half a file.
    with tempfile.NamedTemporaryFile("w", dir=lock.parent, delete=False, encoding="utf-8") as file:
        json.dump(entries, file, indent=1, sort_keys=True)
    Path(file.name).replace(lock)
