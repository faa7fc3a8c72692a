"""Imports point one way, from the plugin down to plain data."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_modeleval
from tests.conftest import WITHOUT

PACKAGE = Path(pytest_modeleval.__file__).parent
# Modules at the top that every room may use.
GROUND = {
    "calls",
    "requests",
    "sample",
    "names",
    "record",
    "foreign",
    "inputs",
    "atomic",
    "limits",
    "xdist",
}
# Lowest first; a room imports from itself and from lower lines, also what only a type checker reads.
LAYERS = [
    {"statistics"},
    {"ground"},
    {"sandbox"},
    {"datasets", "options", "scorers", "store"},
    {"judging", "scorers/bfcl"},
    {"gate", "models"},
    {"items", "perf/client"},
    {"asking", "collection", "custom", "perf/figures", "perf/prompts", "perf/server"},
    {"agents", "perf/verdict", "results"},
    {"history", "hooks", "perf/options"},
    {"perf", "reports"},
    {"api", "arena", "reports/allure"},
    {"outputs", "perf/reports", "thinking"},
    {"perf/run"},
    {"commands", "run"},
    {"fixtures"},
    {"plugin", "__main__"},
]
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}
# Nothing but the standard library in these rooms and modules.
PLAIN = {"scorers", "scorers/bfcl", "statistics", "calls", "requests", "sample", "names", "record", "foreign", "atomic"}
PLAIN |= {"items/prompts", "items/selection", "items/draw", "asking/concurrency", "asking/stop_signal", "store/alive"}
# Run in a process of their own.
SCRIPTS = {
    PACKAGE / "scorers" / "symbolic_worker.py",
    PACKAGE / "scorers" / "schema_worker.py",
    PACKAGE / "scorers" / "scicode_numbers.py",
    PACKAGE / "sandbox" / "server.py",
}
# Libraries of an extra, imported by the function that needs them.
LAZY = {
    "bleu.py": {"sacrebleu"},
    "similarity.py": {"bert_score"},
    "language.py": {"langdetect", "nltk"},
    "function_calls.py": {"jsonschema", "referencing"},
}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path: Path) -> str:
    """The folder that a module stands in; at the top, the module itself, or the ground."""
    place = path.relative_to(PACKAGE)
    if len(place.parts) > 1:
        return place.parent.as_posix()
    return "ground" if place.stem in GROUND else place.stem


def is_plain(path: Path) -> bool:
    return bool({room(path), path.relative_to(PACKAGE).with_suffix("").as_posix()} & PLAIN)


def imported(path: Path) -> set[str]:
    """What a file imports, also inside functions and for type checkers."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def module_of(name: str) -> Path | None:
    """The module of this package that an imported name is, or stands in."""
    place = PACKAGE.parent / Path(*name.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py", place.parent.with_suffix(".py")):
        if path.is_file() and path.is_relative_to(PACKAGE):
            return path
    return place.parent / "__init__.py" if name.startswith("pytest_modeleval.") else None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    for name in imported(path):
        below = module_of(name)
        if below is not None and below != PACKAGE / "__init__.py":
            is_lower = RANK[room(below)] < RANK[room(path)]
            assert is_lower or room(below) == room(path), f"{path} imports {name}"


def test_few_modules_stand_at_the_top() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 16


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if is_plain(path) and path not in SCRIPTS],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_plain_modules_need_the_standard_library_only(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}

    assert roots - LAZY.get(path.name, set()) <= sys.stdlib_module_names | {"pytest_modeleval"}


def test_the_package_lists_what_it_offers() -> None:
    assert list(pytest_modeleval.__all__) == sorted(pytest_modeleval.__all__) == sorted(pytest_modeleval._MODULES)
    for name in pytest_modeleval.__all__:
        value = getattr(pytest_modeleval, name)
        assert (value.__module__, value.__name__) == (f"pytest_modeleval.{pytest_modeleval._MODULES[name]}", name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        pytest_modeleval.nothing  # noqa: B018


@pytest.mark.parametrize(
    "module",
    [
        "pytest_modeleval",
        "pytest_modeleval.plugin",
        "pytest_modeleval.run.evaluation",
        "pytest_modeleval.scorers.instructions",
        "pytest_modeleval.custom.made",
        "pytest_modeleval.perf.run.hooks",
    ],
)
def test_nothing_heavy_is_imported_before_a_model_is_opened(module: str) -> None:
    heavy = ["torch", "transformers", "openai", "httpx2", "numpy", "pyarrow", "datasets", "pandas", "sqlite3"]
    heavy += LAZY["bleu.py"] | LAZY["language.py"]
    heavy += ["allure_commons", "allure_pytest"]
    heavy += ["huggingface_hub", "modelscope_hub", "yaml"]
    heavy += ["PIL", "wandb", "swanlab", "clearml"]
    if module.endswith(("evaluation", "hooks")):
        heavy.remove("sqlite3")
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_installed_and_unused_it_prints_and_writes_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    lines = {}
    for name, arguments in {"with": (), "without": ("-p", "no:modeleval")}.items():
        # pytest-benchmark makes a folder of its own.
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *WITHOUT, *arguments)
        lines[name] = [line for line in result.outlines if "passed in" not in line and "plugins:" not in line]

    assert lines["with"] == lines["without"]
    left = {path.name for path in pytester.path.iterdir() if not path.name.startswith("runpytest-")}
    assert left - {"__pycache__", "stdout", "stderr"} == {"test_installed_and_unused_it_prints_and_writes_nothing.py"}
