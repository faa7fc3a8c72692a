"""The lines that say what the models in roles were asked."""

from collections.abc import Iterator, Mapping, Sequence

from pytest_modeleval.asking.spending import dollars
from pytest_modeleval.foreign import one_line
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.record import RoleUse
from pytest_modeleval.reports.columns import counted


def lines(roles: Mapping[str, RoleUse], given: Sequence[ModelSpec], *, is_sure: bool) -> Iterator[str]:
    """A line for each that gave answers, and for each that no sample asked, where that ``is_sure``."""
    for spec in given:
        if spec.way.is_votes:
            # Nothing is asked of them: the judges' lines say what they were good for.
            continue
        name, use = one_line(spec.name, 60), roles.get(spec.name)
        if use is not None:
            tokens = use.prompt_tokens + use.completion_tokens
            new = f"{use.answers - use.stored:,} new, {use.stored:,} stored"
            money = f", ${dollars(spec, use.paid_prompt_tokens, use.paid_completion_tokens):,.4f}" if spec.price else ""
            yield f"{name}: {counted(use.answers, 'answer')} ({new}), {tokens:,} tokens{money}"
        elif is_sure:
            yield f"{name} was given, and no sample asked it"
