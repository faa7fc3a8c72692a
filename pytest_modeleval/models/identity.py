"""Who answers: what tells one model from another, and belongs to the key of each of its stored answers."""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_modeleval.inputs import from_json
from pytest_modeleval.models.code import code_of
from pytest_modeleval.models.content import Digests
from pytest_modeleval.models.credentials import counted, is_secret
from pytest_modeleval.models.hub import commit_of, is_of_modelscope
from pytest_modeleval.models.recorded import files_of
from pytest_modeleval.models.spec import ModelSpec

# Seconds that a hub has to tell a model's commit; then the copy on this machine tells.
_PATIENCE = 4.0
_COMMIT = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True)
class Identity:
    """Who answers.

    ``fields`` is all that counts. ``model`` is the name by which a server knows it, empty for one in this process;
    ``place`` says to people where it is, without secrets. ``is_sure`` tells that the fields name the weights, which an
    address does not; ``commit`` is a hub model's, to be loaded and no other.
    """

    fields: Mapping[str, Any]
    model: str
    place: str
    is_sure: bool
    commit: str | None = None

    @property
    def hash(self) -> str:
        """The fields in short."""
        return hashlib.sha256(json.dumps(self.fields, sort_keys=True, default=str).encode()).hexdigest()[:32]


def identity_of(spec: ModelSpec, digests: Digests, *, offline: bool, own: Sequence[object] = ()) -> Identity:
    """Who answers a model's questions, by the name that its alias gives, a folder's content, a commit or an address.

    ``offline`` asks no hub. ``own`` are the functions that open a user's own models, whose code is part of who answers.
    """
    path = Path(spec.model)
    args = {key: value for key, value in spec.args.items() if key != "revision"}
    fields: dict[str, Any] = {"api": spec.api, "args": args}
    if spec.identity:
        return Identity({**fields, "identity": spec.identity}, spec.model, repr(spec.identity), is_sure=True)
    if (spec.way.is_local or spec.way.is_recorded) and path.exists():
        files = files_of(path) if spec.way.is_recorded else None
        fields |= {"content": digests.of(path, files), "base": _base(spec, path, digests, offline=offline)}
        return Identity(fields, "", str(path), is_sure=True)
    fields["model"] = spec.model
    if spec.way.is_local:
        if is_of_modelscope(spec):
            commit = commit_of(spec.model, spec.args.get("revision"), offline=offline)
        else:
            commit = _commit(spec.model, spec.args.get("revision"), offline=offline)
        # Of a commit that nobody can tell no answer is anybody else's.
        fields["commit"] = commit or uuid.uuid4().hex
        return Identity(fields, "", f"{spec.model}@{commit}", is_sure=commit is not None, commit=commit)
    headers = _routing(spec.headers)
    fields |= {"address": _address(spec, shown=False), "headers": headers}
    place = _address(spec, shown=True) + (f" (headers {', '.join(headers)})" if headers else "")
    if spec.way.is_own:
        fields["code"] = hashlib.sha256(code_of(*own).encode()).hexdigest()
        place = f"{place} by the code {fields['code'][:8]}".strip()
        if path.exists():
            # It may read the model from there.
            fields["content"] = digests.of(path)
    return Identity(fields, spec.model, place, is_sure=False)


def shown_address(spec: ModelSpec) -> str:
    """Where a model is asked, for people; empty for one in this process."""
    return _address(spec, shown=True)


def _address(spec: ModelSpec, *, shown: bool) -> str:
    """The address in one spelling, without a password; ``shown`` without the query either, where a key may stand."""
    parts = urlsplit(spec.endpoint)
    host = parts.netloc.rpartition("@")[2].lower().removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme, ""))
    return parts._replace(netloc=host, path=parts.path.rstrip("/"), query="" if shown else parts.query).geturl()


def _routing(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that may decide who answers: all but those by which somebody proves who asks."""
    lower = {name.lower(): value for name, value in headers.items()}
    return {name: counted(value) for name, value in lower.items() if not is_secret(name)}


def _base(spec: ModelSpec, folder: Path, digests: Digests, *, offline: bool) -> Mapping[str, Any] | None:
    """Who the model under an adapter is; None for a folder that is no adapter."""
    try:
        base = from_json((folder / "adapter_config.json").read_text("utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(base, str) or Path(base).resolve() == folder.resolve():
        return None
    return identity_of(replace(spec, model=base, args={}), digests, offline=offline).fields


def _commit(name: str, revision: str | None, *, offline: bool) -> str | None:
    """The commit that a hub's model is at now; offline, that of the copy on this machine; None where there is none."""
    if revision and _COMMIT.fullmatch(revision):
        return revision
    try:
        import huggingface_hub
        from huggingface_hub.constants import HF_HUB_OFFLINE
    except ImportError:
        return None
    if not (offline or HF_HUB_OFFLINE):
        try:
            return huggingface_hub.HfApi().model_info(name, revision=revision, timeout=_PATIENCE).sha
        except Exception:  # noqa: BLE001 - its HTTP client is another one in each major version
            pass
    try:
        copy = huggingface_hub.try_to_load_from_cache(name, "config.json", revision=revision)
    except (ValueError, OSError):
        return None
    found = _COMMIT.fullmatch(Path(copy).parent.name) if isinstance(copy, str) else None
    return found[0] if found else None
