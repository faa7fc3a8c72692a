"""How many tokens a prompt or an answer has, without the model."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pytest_modeleval.foreign import reason
from pytest_modeleval.models.hub import copy_of, is_of_modelscope, place_of_tokenizer
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Chat, LogLikelihood, Request
from pytest_modeleval.sample import SampleError
from pytest_modeleval.store.blobs import storable

# The tokens of a text up to each of some places in it.
TextCounter = Callable[[str, Sequence[int]], list[int]]


def token_counter(spec: ModelSpec) -> Callable[[Request], int] | None:
    """What counts the tokens of a request that the model answers; None where its tokenizer is not on this machine."""
    if (prompts := _prompts(spec)) is None:
        return None
    from pytest_modeleval.models import forward

    def count(request: Request) -> int:
        match request:
            case Chat():
                return len(prompts.prompt(request, spec.args.get("chat_template_kwargs", {})).tokens)
            case LogLikelihood():
                return sum(len(forward.encoded(prompts.tokenizer, *pair)[0]) for pair in request.pairs)
        raise SampleError(f"a model in this process does not answer {request.gives}")

    return count


def text_counter(spec: ModelSpec) -> TextCounter | None:
    """What counts the tokens of the model's own texts; None where its tokenizer is not on this machine.

    It is that of the alias, else the model's own. `pytest.UsageError` where the alias's cannot be had.
    """
    tokenizer = _named(spec) if spec.tokenizer else _own(spec)
    if tokenizer is None:
        return None

    def count(text: str, ends: Sequence[int]) -> list[int]:
        # No tokenizer takes half a surrogate pair; what stands for one is as long.
        text = storable(text)
        if not tokenizer.is_fast:
            return [len(tokenizer.encode(text[:end], add_special_tokens=False)) for end in ends]
        # A text's beginning by itself may have other tokens than in the text.
        found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        starts = [start for start, _ in found["offset_mapping"]]
        return [bisect_left(starts, end) for end in ends]

    return count


def _own(spec: ModelSpec) -> Any:
    """The tokenizer of a model in this process; None where it is not here."""
    if (here := _here(spec)) is None:
        return None
    import transformers

    place, where = here
    try:
        return transformers.AutoTokenizer.from_pretrained(place, **where)
    except (OSError, ValueError, ImportError, KeyError):
        return None


def _prompts(spec: ModelSpec) -> Any:
    """What makes the prompts of a model in this process, with the alias's chat template; None where it is not here."""
    if (here := _here(spec)) is None:
        return None
    from pytest_modeleval.models.templates import is_of_pictures, load_prompts

    place, where = here
    try:
        prompts = load_prompts(spec.name, place, where, sees=is_of_pictures(place, where))
    except (OSError, ValueError, ImportError, KeyError):
        return None
    if template := spec.args.get("chat_template"):
        prompts.tokenizer.chat_template = template
    return prompts


def _here(spec: ModelSpec) -> tuple[str, dict[str, Any]] | None:
    """Where a model in this process is on this machine, and how what is there is loaded; None where it is not."""
    if not spec.way.is_local or (copy := copy_of(spec)) is None:
        return None
    taken = ("trust_remote_code",) if is_of_modelscope(spec) else ("revision", "trust_remote_code")
    return copy, {"local_files_only": True, **{key: spec.args[key] for key in taken if key in spec.args}}


def _named(spec: ModelSpec) -> Any:
    """The tokenizer that the alias names."""
    where = f"model {spec.name!r}: tokenizer = {spec.tokenizer!r}"
    try:
        import transformers

        place = place_of_tokenizer(spec.tokenizer, spec.hub or "modelscope", where)
        return transformers.AutoTokenizer.from_pretrained(place)
    except ImportError:
        raise pytest.UsageError(f"{where} needs transformers: pip install 'pytest-modeleval[local]'") from None
    # Its libraries' own errors for what is no tokenizer, is not to be had, or cannot be parsed.
    except Exception as error:
        if isinstance(error, pytest.UsageError):
            raise
        raise pytest.UsageError(f"{where} cannot be loaded: {reason(error)}") from None
