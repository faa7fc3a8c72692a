"""The YAML header of a hub's README, read within bounds."""

from typing import Any

import pytest
import yaml

from pytest_modeleval.foreign import reason

# Characters of a header with its aliases written out, and how deep it may be nested.
_MOST, _DEPTH = 16 << 20, 100
# The C loader is five times as fast; not every build of PyYAML has it. A scalar is a text, whatever it looks like: no
# date is wrong then, and no number takes minutes to compute.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_header(text: str) -> Any:
    """The header's value; `pytest.UsageError` for one that cannot or must not be read."""
    try:
        _refuse_growth(text)
        return yaml.load(text, _LOADER)
    except yaml.YAMLError as error:
        raise pytest.UsageError(f"has a README.md whose header is not YAML: {reason(error)}") from None


def _refuse_growth(text: str) -> None:
    """`pytest.UsageError` where aliases (``*name``) multiply what they stand for, or nesting has no end."""
    sizes: dict[str | None, int] = {}
    # The anchor and the size of each node that is open.
    nodes: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            nodes.append((event.anchor, 1))
            size = 0
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = nodes.pop()
            sizes[anchor] = size
        elif isinstance(event, yaml.ScalarEvent):
            size = sizes[event.anchor] = 1 + len(event.value)
        elif isinstance(event, yaml.AliasEvent):
            # Of a node that is still open there is no end.
            size = sizes.get(event.anchor, _MOST)
        else:
            size = 0
        nodes[-1] = nodes[-1][0], nodes[-1][1] + size
        if nodes[-1][1] > _MOST or len(nodes) > _DEPTH:
            raise pytest.UsageError(
                f"has a README.md whose header is nested {_DEPTH} deep, or grows by its aliases beyond {_MOST:,} "
                "characters: it is no dataset's"
            )
