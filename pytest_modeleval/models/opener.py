"""Opens the model that a spec describes; the one place that knows every module here."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pluggy

from pytest_modeleval.models import Model
from pytest_modeleval.models.spec import APIS, ModelSpec
from pytest_modeleval.options import unknown


def open_model(spec: ModelSpec, hook: pluggy.HookRelay) -> Model:
    """The opened model; imports what it needs only now."""
    with _no_garbage_collection():
        match spec.api:
            case "openai":
                from pytest_modeleval.models.openai import OpenAIModel

                return OpenAIModel(spec)
            case "transformers":
                from pytest_modeleval.models.transformers import TransformersModel

                return TransformersModel(spec)
            case "replay":
                from pytest_modeleval.models.replay import ReplayModel

                return ReplayModel(spec)
    model: Model | None = hook.pytest_modeleval_open_model(spec=spec)
    if model is None:
        raise unknown(f"api of model {spec.name!r}:", spec.api, APIS)
    return model


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Importing makes nothing but objects that stay: looking for garbage takes a fifth of `import openai`."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
