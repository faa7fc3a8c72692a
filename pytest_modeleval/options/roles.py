"""The roles that models have beside the one under evaluation: ``--model judge=gpt5``, or the table [roles]."""

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_modeleval.options.flags import Given
from pytest_modeleval.options.options import unknown
from pytest_modeleval.options.parsers import PANELS, ROLES, name_or_path
from pytest_modeleval.options.where import Where

_NAMED = re.compile(r"([A-Za-z_-]+)=(.*)", re.DOTALL)


def laid(layers: Iterable[Mapping[str, Given]], aliases: Collection[str]) -> dict[str, Given]:
    """What the layers give by key, the highest where several do; of roles, the highest for each."""
    given: dict[str, Given] = {}
    roles: dict[str, object] = {}
    where = Where("--model")
    for layer in layers:
        apart = _apart(layer, aliases)
        given |= {key: value for key, value in apart.items() if key != "roles"}
        if "roles" in apart:
            where, named = apart["roles"]
            roles |= _checked(where, named)
    return {**given, "roles": Given(where, roles)} if roles else given


def _apart(layer: Mapping[str, Given], aliases: Collection[str]) -> Mapping[str, Given]:
    """The layer with the roles among its models under a key of their own."""
    if "model" not in layer:
        return layer
    where, value = layer["model"]
    models: list[object] = []
    roles: dict[str, list[str]] = {}
    for text in value if isinstance(value, list | tuple) else [value]:
        if found := _role_in(where, text, aliases):
            roles.setdefault(found[0], []).append(found[1])
        else:
            models.append(text)
    rest = {key: each for key, each in layer.items() if key != "model"}
    # Where roles alone are given, the model is whose a lower layer says.
    return {**rest, **({"model": Given(where, models)} if models else {}), **_joined(where, rest, roles)}


def _joined(where: Where, layer: Mapping[str, Given], roles: Mapping[str, list[str]]) -> dict[str, Given]:
    other, named = layer.get("roles", Given(where, {}))
    if isinstance(named, Mapping) and (twice := sorted(roles.keys() & named.keys())):
        raise pytest.UsageError(f"{where} names a {twice[0]}, and so does {other}: leave one of them out")
    return {"roles": Given(where, {**named, **roles})} if roles and isinstance(named, Mapping) else {}


def _role_in(where: Where, text: object, aliases: Collection[str]) -> tuple[str, str] | None:
    """The role and the model in ``judge=gpt5``; None for a model's own name, which may have a ``=`` in it too."""
    found = _NAMED.fullmatch(text) if isinstance(text, str) else None
    if found is None or text in aliases or _is_path(found[0]):
        return None
    role, model = found.groups()
    if role not in ROLES:
        raise unknown(f"role in {where} {found[0]}:", role, ROLES)
    if not model.strip():
        raise pytest.UsageError(f"{where} {text}: no model stands behind the =")
    return role, model


def _is_path(text: str) -> bool:
    # A name may be longer than any file's.
    with suppress(OSError):
        return Path(text).exists()
    return False


def _checked(where: Where, named: object) -> dict[str, object]:
    """The models by role, relative paths as they are seen from here."""
    if not isinstance(named, Mapping):
        raise pytest.UsageError(f'{where} is a table such as judge = "gpt5", not {named!r}')
    found: dict[str, object] = {}
    for role, value in named.items():
        names = list(value) if isinstance(value, list | tuple) else [value]
        if role not in ROLES:
            raise unknown(f"role in {where}:", role, ROLES)
        if not names or not all(isinstance(name, str) and name.strip() for name in names):
            raise pytest.UsageError(f"{where}: {role} is a model's name, not {value!r}")
        if len(names) > 1 and role not in PANELS:
            raise pytest.UsageError(f"{where}: a run has one {role}, and {len(names)} are given: {', '.join(names)}")
        found[role] = [name_or_path(where, name) for name in names]
    return found
