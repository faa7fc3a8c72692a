"""Imports point one way, from the plugin down to plain data."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_modeleval
from tests.conftest import WITHOUT

PACKAGE = Path(pytest_modeleval.__file__).parent
# Lowest first; a module may import from lower lines and from its own.
LAYERS = [
    {"sample", "aside", "alive", "foreign", "reuse", "counts", "limits", "inputs", "kept", "names", "proxies"},
    {"record"},
    {
        "prompts",
        "scorers",
        "statistics",
        "paired",
        "sequential",
        "values",
        "budget",
        "flags",
        "options",
        "selection",
        "draw",
        "concurrency",
        "hooks",
        "xdist",
        "decided",
        "expected",
        "offline",
    },
    {"config", "filters", "datasets", "results"},
    {"mistakes"},
    {"models", "settings", "declare", "store", "levels"},
    {"source", "gate", "collection", "custom", "recall", "resuming"},
    {"collect", "asking", "engine", "pins", "spending"},
    {"turns", "lost"},
    {"verdicts", "plan", "ahead", "preflight"},
    {"history", "recorder"},
    {"finished"},
    {"reports", "perf"},
    {"ending"},
    {"commands", "evaluation", "header", "fixtures", "script", "typed"},
    {"plugin"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
# Nothing but the standard library in these.
PLAIN = {
    "foreign",
    "sample",
    "names",
    "record",
    "aside",
    "alive",
    "lines",
    "prompts",
    "scorers",
    "statistics",
    "paired",
    "sequential",
    "selection",
    "draw",
    "concurrency",
    "decided",
}
# Run in a process of their own.
SCRIPTS = {PACKAGE / "scorers" / "symbolic_worker.py"}
# Libraries of an extra, imported by the function that needs them.
LAZY = {"bleu.py": {"sacrebleu"}, "language.py": {"langdetect", "nltk"}}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The modules that a file imports at run time, with those inside functions, without those for type checkers."""
    tree = ast.parse(path.read_text())
    typing_only = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    skipped = {id(inner) for node in typing_only for inner in ast.walk(node)}
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    for name in imported(path):
        if name.startswith("pytest_modeleval."):
            below = name.split(".")[1]
            assert RANK[below] <= RANK[part(path)], f"{path} imports {name}"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if part(path) in PLAIN and path not in SCRIPTS],
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
        "pytest_modeleval.evaluation",
        "pytest_modeleval.scorers.instructions",
        "pytest_modeleval.custom.collecting",
        "pytest_modeleval.perf.hooks",
    ],
)
def test_nothing_heavy_is_imported_before_a_model_is_opened(module: str) -> None:
    heavy = ["torch", "transformers", "openai", "httpx2", "numpy", "pyarrow", "datasets", "pandas", "sqlite3"]
    heavy += LAZY["bleu.py"] | LAZY["language.py"]
    heavy += ["allure_commons", "allure_pytest", "matplotlib"]
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
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:benchmark", *WITHOUT, *arguments)
        lines[name] = [line for line in result.outlines if "passed in" not in line and "plugins:" not in line]

    assert lines["with"] == lines["without"]
    left = {path.name for path in pytester.path.iterdir() if not path.name.startswith("runpytest-")}
    assert left - {"__pycache__", "stdout", "stderr"} == {"test_installed_and_unused_it_prints_and_writes_nothing.py"}
