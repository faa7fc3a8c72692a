"""The `args` of a model in this process, checked before anything is asked."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modeleval.options.options import closest, unknown

if TYPE_CHECKING:
    from pytest_modeleval.models.spec import ModelSpec

# The model's own loading arguments.
LOADING = ("dtype", "device_map", "revision", "trust_remote_code", "attn_implementation")
# What `args` may hold beside them. The default batch: from 32 on a larger one is hardly faster for the bundled model
# (bench/batching.py), and a GPU out of memory halves it.
ASKING: Mapping[str, Any] = {
    "batch_size": 64,
    "batching": "static",
    "chat_template": None,
    "chat_template_kwargs": {},
}
_DTYPES = ("auto", "bfloat16", "float16", "float32")
# What other tools and torch itself call these.
_SHORT = {"bf16": "bfloat16", "fp16": "float16", "half": "float16", "fp32": "float32", "float": "float32"}
# An error of `transformers` would come after the data, and after the seconds that torch takes.
_KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "device_map": ((str, int, Mapping), "a device, such as auto or cuda:1, or a table"),
    "revision": (str, "a text"),
    "trust_remote_code": (bool, "true or false"),
    "attn_implementation": (str, "a text, such as sdpa"),
    "chat_template": ((str, type(None)), "a text"),
    "chat_template_kwargs": (Mapping, "a table"),
}


def check_args(spec: "ModelSpec") -> None:
    """`pytest.UsageError` for an argument that is misspelt, or of another kind."""
    where = f"args of model {spec.name!r}"
    for key, value in spec.args.items():
        if key not in (*LOADING, *ASKING):
            raise unknown(f"key in {where}:", key, [*LOADING, *ASKING], meant="dtype" if key == "precision" else None)
        if missed := _missed(key, value):
            raise pytest.UsageError(f"{where}: {key} is {missed}")


def _missed(key: str, value: object) -> str | None:
    """What a value should be and is not."""
    if key == "dtype" and not (isinstance(value, str) and re.fullmatch(r"auto|b?float\d+\w*", value)):
        said = str(value).removeprefix("torch.")
        meant = _SHORT.get(said.lower()) or closest(said, _DTYPES)
        return f"one of {', '.join(_DTYPES)}, not {value!r}" + (f"; did you mean {meant!r}?" if meant else "")
    if key == "batch_size" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        return f"a whole number of at least 1, not {value!r}"
    if key == "batching" and value not in ("static", "continuous"):
        return f"'static' or 'continuous', not {value!r}"
    kind, called = _KINDS.get(key, (object, ""))
    return None if isinstance(value, kind) else f"{called}, not {value!r}"
