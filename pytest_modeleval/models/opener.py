"""Opens the model that a spec describes."""

import gc
import importlib.util
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pluggy
import pytest

from pytest_modeleval.models import Model
from pytest_modeleval.models.spec import APIS, ModelSpec
from pytest_modeleval.options.options import unknown

_NEEDED = ("answers", "concurrency", "check", "answer", "close")


def open_model(spec: ModelSpec, hook: pluggy.HookRelay) -> Model:
    """The opened model; imports what it needs only now."""
    if opener := _opener(spec):
        return opener(spec)
    model: Model | None = hook.pytest_modeleval_open_model(spec=spec)
    if model is None:
        own = "One of your own is opened by the hook pytest_modeleval_open_model of a conftest.py"
        raise unknown(f"api of model {spec.name!r}:", spec.api, APIS, own)
    if lacking := [name for name in _NEEDED if not hasattr(model, name)]:
        raise pytest.UsageError(
            f"model {spec.name!r}: {type(model).__name__}, which pytest_modeleval_open_model gave, has no "
            f"{', '.join(lacking)}; docs/models.md says what a model of your own has"
        )
    return model


def openers(hook: pluggy.HookRelay) -> list[Callable[..., object]]:
    """The functions by which a project opens models of its own."""
    return [each.function for each in hook.pytest_modeleval_open_model.get_hookimpls()]


def _opener(spec: ModelSpec) -> Callable[[ModelSpec], Model] | None:
    # Importing makes nothing but objects that stay: looking for garbage takes a fifth of `import openai`, and looking
    # through them later would hold up the first requests.
    gc.disable()
    try:
        if spec.way.is_local:
            _refuse_other_files(Path(spec.model))
        module, _, name = spec.way.opens.partition(".")
        return getattr(import_module(f"pytest_modeleval.models.{module}"), name) if name else None
    finally:
        gc.freeze()
        gc.enable()


def _refuse_other_files(model: Path) -> None:
    """`pytest.UsageError` for what transformers would take seconds to find no model in."""
    has_config = (model / "config.json").is_file()
    files = [model] if model.suffix == ".gguf" else [] if has_config else sorted(model.glob("*.gguf"))
    if files:
        raise pytest.UsageError(
            f"{files[0]} is in llama.cpp's format: serve it with llama-server, and give its address as the base_url of "
            "an alias"
        )
    if has_config or not model.is_dir():
        return
    if not (model / "adapter_config.json").is_file():
        raise pytest.UsageError(f"the folder {model} has no config.json: it holds no model that transformers reads")
    if importlib.util.find_spec("peft") is None:
        raise pytest.UsageError(
            f"the folder {model} holds an adapter alone: pip install peft, or merge it into its model "
            "(merge_and_unload) and save that"
        )
