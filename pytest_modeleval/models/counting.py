"""How many tokens a prompt has, without the model."""

from collections.abc import Callable

from pytest_modeleval.models.hub import copy_of, is_of_modelscope
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Chat, LogLikelihood, Request
from pytest_modeleval.sample import SampleError


def token_counter(spec: ModelSpec) -> Callable[[Request], int] | None:
    """What counts the tokens of a request that the model answers; None where its tokenizer is not on this machine."""
    if not spec.way.is_local:
        return None
    import transformers

    from pytest_modeleval.models import forward
    from pytest_modeleval.models.transformers import prompt_ids

    taken = ("trust_remote_code",) if is_of_modelscope(spec) else ("revision", "trust_remote_code")
    where = {key: spec.args[key] for key in taken if key in spec.args}
    if (copy := copy_of(spec)) is None:
        return None
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(copy, local_files_only=True, **where)
    except (OSError, ValueError, ImportError, KeyError):
        return None
    if template := spec.args.get("chat_template"):
        tokenizer.chat_template = template

    def count(request: Request) -> int:
        match request:
            case Chat():
                return len(prompt_ids(tokenizer, request, spec.args.get("chat_template_kwargs", {})))
            case LogLikelihood():
                return sum(len(forward.encoded(tokenizer, *pair)[0]) for pair in request.pairs)
        raise SampleError(f"a model in this process does not answer {request.gives}")

    return count
