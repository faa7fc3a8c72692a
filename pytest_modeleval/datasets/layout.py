"""Which files of a dataset's repository hold one split: by its README's ``configs``, else by how hubs name files."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pytest

from pytest_modeleval.datasets.media import images_of

# Kinds of files in the order of preference when a repository holds the same split twice.
ENDINGS = (".jsonl", ".jsonl.gz", ".parquet", ".json", ".json.gz", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".tar")
# A name that says which split the file is, as Hugging Face's `datasets` reads it.
_SPLIT = re.compile(r"(?:^|[-_./ ])(?:train|test|dev|val|valid|validation|eval)", re.IGNORECASE)


def split_files(
    names: Collection[str],
    readme: str,
    parts: Iterable[tuple[str, str]],
    files: Mapping[str, Sequence[str]] | None = None,
) -> dict[tuple[str, str], list[str]]:
    """The files of each split (config and split) among a repository's; `pytest.UsageError` says what there is instead.

    Without a README that declares the config, tried are ``CONFIG/SPLIT``, ``CONFIG_SPLIT``, both also in ``data``, and,
    for the configs "default" and "main", ``SPLIT`` and ``data/SPLIT``; each as one file, as parts and as a folder. A
    repository's only file, where its name says no split, is the split "train" of the config "default". ``files`` are
    those of configs that neither tells.
    """
    declared = _declared(readme)
    return {(config, split): _split(names, declared, config, split, files or {}) for config, split in parts}


def _split(
    names: Collection[str],
    declared: Mapping[str, Mapping[str, list[re.Pattern[str]]]],
    config: str,
    split: str,
    files: Mapping[str, Sequence[str]],
) -> list[str]:
    if (text := f"{split}/{config}.txt") in names:
        # Solved examples in a text; no README declares them.
        return [text]
    if config in declared:
        found = [name for name in sorted(names) if any(p.fullmatch(name) for p in declared[config].get(split, []))]
        if not found and split not in declared[config]:
            raise _unknown(f"split {split!r} in config", config, split, declared[config])
    else:
        found = _by_name(names, config, split)
        if not found and config in files and {*files[config]} <= {*names}:
            return list(files[config])
        if not found and declared:
            raise _unknown("config", config, config, declared)
    if not found:
        raise _nothing(names, config, split)
    _refuse_missing_part(found)
    return [*found, *(image for image in images_of(names, found) if image not in found)]


def _declared(readme: str) -> dict[str, dict[str, list[re.Pattern[str]]]]:
    """The patterns of each split's files by config, out of the README's YAML header."""
    header = re.match(r"---\r?\n(.*?)^---", readme, re.DOTALL | re.MULTILINE)
    if not header or not re.search(r"^configs:", header[1], re.MULTILINE):
        return {}
    # PyYAML takes 15 ms to import, which only those pay who look for a dataset.
    from pytest_modeleval.datasets.header import read_header

    content = read_header(header[1])
    try:
        if not isinstance(configs := content["configs"], list):
            raise TypeError
        return {
            str(config["config_name"]): _splits(config["data_files"])
            for config in configs
            if "config_name" in config and "data_files" in config
        }
    except (TypeError, KeyError, AttributeError):
        raise pytest.UsageError("has a README.md whose configs do not have the hubs' form") from None


def _splits(data_files: Any) -> dict[str, list[re.Pattern[str]]]:
    # As in Hugging Face's `datasets`: a path or paths alone are the split "train".
    if isinstance(data_files, str) or (data_files and isinstance(data_files[0], str)):
        data_files = [{"split": "train", "path": data_files}]
    return {str(entry["split"]): _patterns(entry["path"]) for entry in data_files if isinstance(entry, Mapping)}


def _patterns(paths: str | list[str]) -> list[re.Pattern[str]]:
    return [_glob(path) for path in ([paths] if isinstance(paths, str) else paths)]


def _glob(path: str) -> re.Pattern[str]:
    """``*`` within a folder, ``**`` across folders."""
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", path.removeprefix("./"))
    said = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(said.get(piece) or re.escape(piece) for piece in pieces))


def _by_name(names: Collection[str], config: str, split: str) -> list[str]:
    stems = [f"{config}/{split}", f"{config}_{split}", f"data/{config}/{split}", f"data/{config}_{split}"]
    if config in ("default", "main"):
        stems += [split, f"data/{split}"]
    for stem in stems:
        for ending in ENDINGS:
            if f"{stem}{ending}" in names:
                return [f"{stem}{ending}"]
            for pattern in (f"{stem}-*{ending}", f"{stem}/*{ending}"):
                parts = _glob(pattern)
                if found := sorted(name for name in names if parts.fullmatch(name)):
                    return found
    return _only_file(names) if (config, split) == ("default", "train") else []


def _only_file(names: Collection[str]) -> list[str]:
    """The one file of its kind in a repository, which hubs take for the split "train" where its name says none."""
    kinds = ([name for name in names if name.endswith(ending)] for ending in ENDINGS)
    found = next(filter(None, kinds), [])
    return found if len(found) == 1 and not _SPLIT.search(found[0]) else []


def _unknown(kind: str, name: str, wanted: str, known: Collection[str]) -> pytest.UsageError:
    return pytest.UsageError(f"has no {kind} {name!r}; it has {', '.join(_closest(wanted, sorted(known)))}")


def _nothing(names: Collection[str], config: str, split: str) -> pytest.UsageError:
    data = sorted(name for name in names if name.endswith(ENDINGS))
    if not data and any(name.endswith(".py") for name in names):
        return pytest.UsageError(
            f"has no data files, only a loading script ({next(n for n in names if n.endswith('.py'))}), which is never "
            "run; use a repository that was converted to parquet or jsonl"
        )
    some = ", ".join(_closest(f"{config}/{split}", data)) or "no file of these kinds"
    return pytest.UsageError(f"has no {config}/{split} ({', '.join(ENDINGS)}); it has {some}")


def _closest(wanted: str, names: list[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(wanted, names, n=5, cutoff=0) + (["…"] if len(names) > 5 else [])


def _refuse_missing_part(found: list[str]) -> None:
    """Of ``test-00000-of-00003`` there must be three."""
    numbered = [re.search(r"-(\d+)-of-(\d+)\.", name) for name in found]
    if all(numbered) and numbered[0]:
        there = {int(part[1]) for part in numbered if part}
        missing = sorted(set(range(int(numbered[0][2]))) - there)
        if missing:
            part = found[0].replace(f"-{numbered[0][1]}-of-", f"-{missing[0]:0{len(numbered[0][1])}}-of-")
            raise pytest.UsageError(f"has {len(there)} of {numbered[0][2]} parts: {part} is missing")
