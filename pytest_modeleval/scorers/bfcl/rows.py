"""BFCL's rows, from the folder of an installed ``bfcl_eval`` or from the columns of ModelScope's copy."""

import gzip
import importlib.metadata
import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_modeleval.sample import Json, NotAsked, SampleError
from pytest_modeleval.scorers.bfcl.tools import without_functions

# Golds change from version to version.
VERSION = "2026.3.23"
INSTALL = f"pip install --no-deps bfcl-eval=={VERSION} mpmath"
# What its memories import besides.
INSTALL_FOR_MEMORY = f"{INSTALL} overrides filelock rank_bm25 && pip install numpy"
# Categories whose answers nobody can judge here, and why.
UNSCORED = {
    "memory_vector": "needs a model of embeddings, which bfcl_eval brings with sentence-transformers and faiss",
    **dict.fromkeys(
        ("web_search_base", "web_search_no_snippet"), "needs a paid key of SerpAPI, and the web is not the same twice"
    ),
}
# The module of each class, which has its functions' descriptions by the same name.
CLASSES = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TwitterAPI": "posting_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "VehicleControlAPI": "vehicle_control",
    "MemoryAPI_kv": "memory_kv",
    "MemoryAPI_rec_sum": "memory_rec_sum",
}


@dataclass(frozen=True)
class Row:
    """A question of a category: the messages of each turn, the functions, and the gold.

    The gold of a single turn has the calls with the values that each parameter may have; of several turns the texts of
    the calls in each; it is empty where nothing is to be called. ``held_back`` functions come with their turn. A
    memory is filled by the conversations ``before``, in their order.
    """

    id: str
    category: str
    turns: Sequence[Sequence[Json]]
    functions: Sequence[Json]
    gold: Sequence[Any] = ()
    classes: Sequence[str] = ()
    config: Json = field(default_factory=dict)
    held_back: Mapping[int, Sequence[Json]] = field(default_factory=dict)
    before: Sequence["Row"] = ()

    @property
    def language(self) -> str:
        """python, java or javascript."""
        return language_of(self.category)


def row_in(fields: Mapping[str, Any]) -> Row:
    """The row with these fields; `NotAsked`, with the reason, for one whose answers nobody can judge here."""
    if why := UNSCORED.get(fields["category"]):
        raise NotAsked(f"{fields['category']} {why}")
    return Row(**fields)


def modules_of(fields: Mapping[str, Any]) -> set[str]:
    """What the sandbox imports for a row."""
    if fields["category"] in UNSCORED or not fields["classes"]:
        return set()
    return {"bfcl_eval", "mpmath", *(("overrides", "filelock", "rank_bm25", "numpy") if fields["before"] else ())}


def language_of(category: str) -> str:
    """The language that a category's functions are described in."""
    return next((language for language in ("javascript", "java") if category.endswith(language)), "python")


def installed_data() -> Path:
    """The folder with the data of an installed ``bfcl_eval``; SampleError with the command for none or another one."""
    spec = importlib.util.find_spec("bfcl_eval")
    if spec is None or not spec.submodule_search_locations:
        raise SampleError(f"BFCL's data come with its package, which is not installed here: {INSTALL}")
    try:
        found = importlib.metadata.version("bfcl-eval")
    except importlib.metadata.PackageNotFoundError:
        found = "without a version"
    if found != VERSION:
        raise SampleError(f"bfcl_eval {found} is installed, which has other golds than {VERSION}: {INSTALL}")
    return Path(spec.submodule_search_locations[0]) / "data"


def rows_in(folder: Path, category: str) -> Iterator[Row]:
    """The rows of a category in a folder laid out as ``bfcl_eval/data`` is; SampleError where it has none."""
    questions, gold_in = files_of(folder, category)
    gold = {each["id"]: each["ground_truth"] for each in _lines(gold_in)}
    for row in _lines(questions):
        classes = [] if category in UNSCORED else _classes(row, category)
        functions = [function for name in classes for function in _functions(folder, name)]
        functions, held_back = _held_back(functions, row.get("missed_function", {}))
        made = Row(
            id=row["id"].replace("memory", category, 1) if category.startswith("memory_") else row["id"],
            category=category,
            turns=row["question"],
            functions=functions or row.get("function", []),
            gold=gold.get(row["id"], []),
            classes=classes,
            config=row.get("initial_config") or ({"scenario": row["scenario"]} if "scenario" in row else {}),
            held_back=held_back,
        )
        is_memory = category.startswith("memory_") and category not in UNSCORED
        yield replace(made, before=memories_before(folder, made)) if is_memory else made


def files_of(folder: Path, category: str) -> tuple[Path, Path]:
    """The files of a category's questions and gold, of which the latter may not be there; SampleError without rows."""
    shared = next((name for name in ("memory", "web_search") if category.startswith(f"{name}_")), category)
    found = next((path for path in sorted(folder.glob(f"BFCL_v*_{shared}.json*")) if _named(path, shared)), None)
    if found is None:
        here = sorted(_name_in(path) for path in folder.glob("BFCL_v*_*.json*"))
        others = f"; of others there are {', '.join(here)}" if here else ""
        raise SampleError(f"{folder} has no BFCL_v*_{shared}.json: the category {category} has no data here{others}")
    return found, folder / "possible_answer" / _plain_name(found)


def memories_before(folder: Path, row: Row) -> list[Row]:
    """The conversations, in their order, that fill a memory before a row of a memory category is asked."""
    scenario = row.config["scenario"]
    path = folder / "memory_prereq_conversation" / f"memory_{scenario}.json"
    if not path.exists():
        raise SampleError(f"{row.id}: {path} is missing, with the conversations that fill the memory before")
    return [
        Row(each["id"], row.category, each["question"], row.functions, classes=row.classes, config=row.config)
        for each in _lines(path)
    ]


def row_of_hub(columns: Mapping[str, Any]) -> Row:
    """The row of ModelScope's ``AI-ModelScope/bfcl_v3``, whose columns hold JSON."""
    read = {name: _json(columns, name) for name in ("turns", "functions", "ground_truth", "initial_config")}
    # Each is a list with the one function in it.
    held_back = {
        int(turn): [each[0] if isinstance(each, list) else each for each in functions]
        for turn, functions in (_json(columns, "missed_functions") or {}).items()
    }
    classes = columns.get("involved_classes") or []
    return Row(
        id=columns["id"],
        category=columns.get("subset") or columns["test_category"],
        turns=read["turns"],
        functions=read["functions"] or [],
        gold=read["ground_truth"] or [],
        classes=json.loads(classes) if isinstance(classes, str) else list(classes),
        config=read["initial_config"] or {},
        held_back=held_back,
    )


def _json(columns: Mapping[str, Any], name: str) -> Any:
    value = columns.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError as error:
        raise SampleError(f"{columns.get('id')}: the column {name} is no JSON: {error}") from None


def _named(path: Path, category: str) -> bool:
    """Not ``live_simple`` for ``simple``."""
    return _name_in(path) == category


def _name_in(path: Path) -> str:
    return _plain_name(path).split("_", 2)[2].removesuffix(".json")


def _plain_name(path: Path) -> str:
    return path.name.removesuffix(".gz")


def _classes(row: Json, category: str) -> list[str]:
    classes = list(row.get("involved_classes", ()))
    return [f"MemoryAPI_{category.removeprefix('memory_')}"] if classes == ["MemoryAPI"] else classes


@lru_cache(32)
def _functions(folder: Path, name: str) -> Sequence[Json]:
    """The functions of a class, as they are described."""
    if name not in CLASSES:
        raise SampleError(f"the class {name!r} is none of {', '.join(CLASSES)}")
    return [*_lines(folder / "multi_turn_func_doc" / f"{CLASSES[name]}.json")]


def _held_back(
    functions: list[Json], missed: Mapping[str, Sequence[str]]
) -> tuple[list[Json], Mapping[int, Sequence[Json]]]:
    held_back: dict[int, Sequence[Json]] = {}
    for turn, names in missed.items():
        functions, held_back[int(turn)] = without_functions(functions, names)
    return functions, held_back


def _lines(path: Path) -> Iterator[Json]:
    """The objects of a file of JSON lines, packed or not; none where there is no file."""
    packed = path if path.suffix == ".gz" else path.with_name(f"{path.name}.gz")
    if path.exists() or packed.exists():
        is_packed = path == packed or not path.exists()
        with gzip.open(packed, "rt", encoding="utf-8") if is_packed else path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield json.loads(line)
