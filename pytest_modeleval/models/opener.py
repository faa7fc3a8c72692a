"""Opens the model that a spec describes; the one place that knows every module here."""

import gc
from collections.abc import Callable

import pluggy

from pytest_modeleval.models import Model
from pytest_modeleval.models.spec import APIS, ModelSpec
from pytest_modeleval.options import unknown


def open_model(spec: ModelSpec, hook: pluggy.HookRelay) -> Model:
    """The opened model; imports what it needs only now."""
    if opener := _opener(spec.api):
        return opener(spec)
    model: Model | None = hook.pytest_modeleval_open_model(spec=spec)
    if model is None:
        raise unknown(f"api of model {spec.name!r}:", spec.api, APIS)
    return model


def _opener(api: str) -> Callable[[ModelSpec], Model] | None:
    # Importing makes nothing but objects that stay: looking for garbage takes a fifth of `import openai`, and looking
    # through them later would hold up the first requests.
    gc.disable()
    try:
        match api:
            case "openai":
                from pytest_modeleval.models.openai import OpenAIModel

                return OpenAIModel
            case "transformers":
                from pytest_modeleval.models.transformers import TransformersModel

                return TransformersModel
            case "replay":
                from pytest_modeleval.models.replay import ReplayModel

                return ReplayModel
        return None
    finally:
        gc.freeze()
        gc.enable()
