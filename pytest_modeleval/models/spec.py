"""What `--model` names: aliases from the config, hub ids, local folders and prefixes."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_modeleval.models.arguments import check_args
from pytest_modeleval.models.generation import SETTINGS, check_generation, laid_over
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import closest, unknown
from pytest_modeleval.options.parsers import HUBS, ROLES, one_of
from pytest_modeleval.options.tables import EVERY_MODEL, merged

TINY = Path(__file__).parent / "tiny"
# Ways to offer tools: an alias's `tools`.
NATIVE = "native"
TOOLS = (NATIVE, "python", "hermes")
# The fields by which servers take thoughts back, and the Responses API's items: an alias's `send_thinking`.
ITEMS, DETAILS = "items", "reasoning_details"
_THOUGHTS = ("reasoning_content", "reasoning", DETAILS)
# Where the openai package asks when nobody says.
OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Api:
    """A way to reach models: the class that does, as ``module.Class`` of `models`, and what is true of them all.

    They compute in this process (``is_local``), answer at an OpenAI-compatible endpoint (``is_served``), or are answers
    that were recorded, which cost nothing (``is_recorded``), or in a run of the store (``is_run``), or people's votes
    on answers (``is_votes``). None of it is known of a user's own (``is_own``).
    """

    opens: str = ""
    is_local: bool = False
    is_served: bool = False
    is_recorded: bool = False
    is_run: bool = False
    is_votes: bool = False
    # The endpoint that a chat is put to (`models.endpoints.PATHS`).
    chats_at: str = "chat"

    @property
    def is_own(self) -> bool:
        """Whether a hook opens it."""
        return not self.opens


APIS: Mapping[str, Api] = {
    "openai": Api("openai.OpenAIModel", is_served=True),
    "responses": Api("openai.OpenAIModel", is_served=True, chats_at="responses"),
    "transformers": Api("transformers.TransformersModel", is_local=True),
    "replay": Api("replay.ReplayModel", is_recorded=True),
    "run": Api("stored_run.RunModel", is_recorded=True, is_run=True),
    "votes": Api("votes.VotesModel", is_recorded=True, is_votes=True),
}
_OWN = Api()


@dataclass(frozen=True)
class ModelSpec:
    """One model as configured. ``name`` is what the user calls it; keys are the config's."""

    name: str
    api: str
    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    # Not shown with the rest of it, as they may hold a key.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    stream: bool = False
    timeout: float = 600.0
    retries: int = 7
    generation: Mapping[str, Any] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)
    # Dollars per million tokens of "input" and "output"; empty where nobody told them.
    price: Mapping[str, float] = field(default_factory=dict)
    # Whose tokenizer counts what it thought, a folder or a hub's id, where the model itself is not on this machine.
    tokenizer: str = ""
    # Whose copy of a model in this process is loaded where no folder is named; empty: --eval-hub's.
    hub: str = ""
    # What answers, by name, in place of an address, a folder or a commit (models/identity.py).
    identity: str | None = None
    # How tools are offered and called: by the API and the chat template, or by the prompt in a dialect.
    tools: str = NATIVE
    # As what the thoughts of earlier answers go out; empty: they are not sent.
    send_thinking: str = ""

    @property
    def asked_as(self) -> Mapping[str, str]:
        """What changes how its conversations are put to it, where that is not the default."""
        tools = {"tools": self.tools} if self.tools != NATIVE else {}
        return {**tools, **({"send_thinking": self.send_thinking} if self.send_thinking else {})}

    @property
    def way(self) -> Api:
        """How it is reached."""
        return APIS.get(self.api, _OWN)

    @property
    def endpoint(self) -> str:
        """The address that it is asked at, the openai package's own where none is given; empty for one without any."""
        default = os.environ.get("OPENAI_BASE_URL") or OPENAI if self.way.is_served else ""
        return (self.base_url or default).strip()


_TYPES: dict[str, tuple[type, ...]] = {
    "api": (str,),
    "model": (str,),
    "base_url": (str,),
    "api_key_env": (str,),
    "headers": (dict,),
    "stream": (bool,),
    "timeout": (int, float),
    "retries": (int,),
    "generation": (dict,),
    "args": (dict,),
    "price": (dict,),
    "tokenizer": (str,),
    "hub": (str,),
    "identity": (str,),
    "tools": (str,),
    "send_thinking": (str,),
}
assert set(_TYPES) == {f.name for f in fields(ModelSpec)} - {"name"}
# What `--eval-set` says of no model: who answers, and what may be secret, as the run keeps what was typed.
_IN_THE_FILE = frozenset({"api", "model", "base_url", "identity", "headers"})
# What other tools call the rest.
_ELSEWHERE = {
    **dict.fromkeys(("url", "api_url", "api_base", "openai_api_base", "endpoint", "address"), "base_url"),
    **dict.fromkeys(("name", "model_name", "model_id", "id"), "model"),
    **dict.fromkeys(("key_env", "api_key_name"), "api_key_env"),
    **dict.fromkeys(("model_args", "kwargs"), "args"),
}
# What people take for the place of a key.
_KEYS = ("api_key", "key")


def read_aliases(tables: Mapping[str, Table]) -> dict[str, ModelSpec]:
    """The models that the config describes."""
    return {name: _alias(name, table) for name, table in tables.items()}


def _alias(name: str, table: Table) -> ModelSpec:
    settings = _checked(table)
    if "model" not in settings:
        raise pytest.UsageError(f'{table.where} needs model = "…", the name that its API knows it by')
    api = settings.get("api") or (_api_at(settings["base_url"]) if "base_url" in settings else "transformers")
    spec = ModelSpec(**{**settings, "name": name, "api": api})
    _refuse_args(table.where, spec)
    if spec.way.is_served and not spec.base_url:
        _openai_address()
    return spec


def _checked(table: Table) -> dict[str, Any]:
    """What a model's table says; `pytest.UsageError` for a key or value that is none."""
    for key in _KEYS:
        if key in table.settings:
            raise pytest.UsageError(
                f"{table.where}: keys do not belong in a file; put it into an environment variable and name that "
                "in api_key_env"
            )
    for key in table.settings.keys() - _TYPES.keys():
        if key in SETTINGS:
            raise pytest.UsageError(f"{table.where}: {key} is a generation setting: generation = {{ {key} = … }}")
        if meant := _ELSEWHERE.get(key):
            raise unknown(f"key in {table.where}:", key, _TYPES, meant=meant)
    settings = table.checked(_TYPES, unshown={"base_url", "headers", "api_key_env"})
    if not settings.get("identity", "name").strip():
        raise pytest.UsageError(f'{table.where}: identity = "" names nothing: leave it out, or say what answers')
    if "hub" in settings:
        one_of(*HUBS)(f"{table.where}: hub", settings["hub"])
    if "tools" in settings:
        one_of(*TOOLS)(f"{table.where}: tools", settings["tools"])
    if "price" in settings:
        _check_price(table.where, settings["price"])
    # Not a number is not above 0 either.
    if not settings.get("timeout", 1) > 0:
        raise pytest.UsageError(f"{table.where}: timeout is in seconds and above 0, not {settings['timeout']!r}")
    if settings.get("retries", 0) < 0:
        raise pytest.UsageError(f"{table.where}: retries is at least 0, not {settings['retries']!r}")
    _refuse_secrets(table.where, settings)
    return settings


def _refuse_args(where: str, spec: ModelSpec) -> None:
    if (spec.way.is_served or spec.way.is_recorded) and spec.args:
        raise pytest.UsageError(
            f"{where}: args are for a model in this process; what a server is asked with stands in generation"
        )
    if spec.way.is_recorded and spec.asked_as:
        raise pytest.UsageError(
            f"{where}: {min(spec.asked_as)} says how a model is asked, and these are recorded answers"
        )
    if spec.send_thinking:
        ways = (ITEMS,) if spec.way.chats_at == "responses" else _THOUGHTS
        one_of(*ways)(f"{where}: api = {spec.api!r}, send_thinking", spec.send_thinking)


def _refuse_secrets(where: str, settings: Mapping[str, Any]) -> None:
    """`pytest.UsageError` for a secret where it would be shown, which does not show it."""
    _refuse_secret_address(f"{where}: base_url", settings.get("base_url") or "")
    name = settings.get("api_key_env", "KEY")
    # Keys are longer than names, and mix what names do not.
    looks_like_key = len(name) >= 20 and re.search("[a-z]", name) and re.search("[0-9]", name)
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or looks_like_key:
        raise pytest.UsageError(
            f"{where}: api_key_env is the name of an environment variable, such as QWEN_KEY, and not the key itself"
        )
    for header, value in settings.get("headers", {}).items():
        if not isinstance(value, str):
            raise pytest.UsageError(f"{where}: headers are texts, and {header} is a {type(value).__name__}")


def _openai_address() -> str | None:
    """Where the openai package asks where nothing else is said; None for its own default."""
    address = os.environ.get("OPENAI_BASE_URL")
    _refuse_secret_address("the environment variable OPENAI_BASE_URL", address or "")
    return address


def _refuse_secret_address(where: str, address: str) -> None:
    """`pytest.UsageError` for an address with a password or a query, which would stand in lines and files."""
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise pytest.UsageError(
            f'{where} holds a name or password: put "Basic …" into an environment variable, and say '
            'headers = { Authorization = "$NAME_OF_IT" }'
        )
    if parts.query or parts.fragment:
        raise pytest.UsageError(
            f"{where} has a query, which is no part of an address: put a key into an environment variable, and say "
            'api_key_env = "NAME_OF_IT", or headers = { x-api-key = "$NAME_OF_IT" }'
        )


def _check_price(where: str, price: Mapping[str, Any]) -> None:
    numbers = [value for value in price.values() if isinstance(value, int | float) and not isinstance(value, bool)]
    if set(price) != {"input", "output"} or len(numbers) < 2 or not all(0 <= number < 1e6 for number in numbers):
        raise pytest.UsageError(
            f"{where}: price is {{ input = 0.15, output = 0.60 }}, in dollars per million tokens, not {price!r}"
        )


def resolve(
    name: str,
    aliases: Mapping[str, ModelSpec],
    generation: Mapping[str, Any],
    said: Mapping[str, Any] = MappingProxyType({}),
) -> ModelSpec:
    """The model that a ``--model`` value names, with ``--eval-generation`` over its own settings.

    And over both what ``--eval-set`` has ``said``, of every model and of this one.
    """
    spec = _resolve(name, aliases)
    spec = replace(spec, generation=laid_over(spec.generation, generation))
    of_this = said.get("models", {}).get(name, {})
    for where, table in ((EVERY_MODEL, said.get(EVERY_MODEL, {})), (f"models.{name}", of_this)):
        spec = _over(spec, Table(f"--eval-set {where}", table)) if table else spec
    if spec.way.is_own or spec.way.is_recorded:
        return spec
    check_generation(spec)
    if spec.way.is_local:
        check_args(spec)
    return replace(spec, base_url=_address(spec.name, spec.base_url)) if spec.base_url is not None else spec


def _over(spec: ModelSpec, table: Table) -> ModelSpec:
    """The model with what ``--eval-set`` says of it; what is no key of its table is one of its ``args``."""
    args = {key: value for key, value in table.settings.items() if key not in (*_TYPES, *_KEYS)}
    beside = {key: value for key, value in table.settings.items() if key not in args}
    for key in args:
        if key in SETTINGS:
            raise pytest.UsageError(f"{table.where}.{key} is a generation setting: say {table.where}.generation.{key}")
        if closest(key, _TYPES, cutoff=0.8):
            raise unknown(f"key in {table.where}:", key, _TYPES)
    if fixed := _IN_THE_FILE.intersection(beside):
        raise pytest.UsageError(f"{table.where}.{min(fixed)}: that stands in [models.NAME] of modeleval.toml alone")
    said = _checked(Table(table.where, {**beside, **({"args": {**beside.get("args", {}), **args}} if args else {})}))
    own = {key: getattr(spec, key) for key in said}
    laid = merged(own, said)
    if "generation" in said:
        laid["generation"] = laid_over(spec.generation, said["generation"])
    spec = replace(spec, **laid)
    _refuse_args(table.where, spec)
    return spec


def _address(name: str, given: str) -> str:
    """The address without the endpoint that may stand behind it, and with the ``/v1`` that nearly every server has."""
    if not given.lower().startswith(("http://", "https://")):
        raise pytest.UsageError(f"model {name!r}: base_url = {given!r} lacks http:// or https:// in front")
    try:
        parts = urlsplit(given)
        if not parts.hostname or parts.port == 0:
            raise ValueError("it names no server")
    except ValueError as error:
        raise pytest.UsageError(f"model {name!r}: base_url = {given!r} is no address: {error}") from None
    if parts.path in ("", "/"):
        return f"{given.rstrip('/')}/v1"
    return (
        given.rstrip("/")
        .removesuffix("/models")
        .removesuffix("/responses")
        .removesuffix("/completions")
        .removesuffix("/chat")
    )


def _resolve(name: str, aliases: Mapping[str, ModelSpec]) -> ModelSpec:
    if name in aliases:
        return aliases[name]
    several = [each.strip() for each in name.partition("#")[0].split(",")]
    if len(several) > 1 and all(several) and not Path(name.partition(":")[2] or name).exists():
        raise pytest.UsageError(f"--model takes one model: {' '.join(f'--model {each}' for each in several)}")
    if name == "tiny":
        # float32: on a CPU the smallest models are slower in half precision. 32 tokens hold its longest answer.
        return ModelSpec(name, "transformers", str(TINY), generation={"max_tokens": 32}, args={"dtype": "float32"})
    if name.lower().startswith(("http://", "https://")):
        return _at_address(name)
    if (
        "://" in name
        or re.match(r"https?:", name.lower())
        or re.fullmatch(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}(?:/.*)?", name)
    ):
        scheme, there, _ = name.partition("://")
        bare = re.sub(r"(?i)^https?:/*", "", name)
        shown, meant = name.removesuffix(bare) + _shown(bare), f": --model http://{_shown(bare)}"
        if there:
            shown, meant = f"{scheme}://…", ""
        raise pytest.UsageError(f"--model {shown}: an address begins with http:// or https://{meant}")
    prefix, colon, rest = name.partition(":")
    if colon and prefix in ("openai", "replay", "run", "votes"):
        if not rest:
            raise pytest.UsageError(f"--model {name}: nothing stands after the colon")
        if prefix in ("replay", "votes") and not Path(rest).exists():
            raise pytest.UsageError(f"--model {name}: there is no file {rest!r}")
        base_url = _openai_address() if prefix == "openai" else None
        key = "OPENAI_API_KEY" if prefix == "openai" else None
        return ModelSpec(name, prefix, rest, base_url=base_url, api_key_env=key)
    is_path = name.startswith((".", "/", "~")) or name.endswith("/")
    # What else stands in an address, and may be its password, is asked of no hub.
    is_of_hub = name.count("/") == 1 and not is_path and not re.search(r"[@:?]", name)
    if Path(name).is_dir() or name.endswith(".gguf") or is_of_hub:
        return ModelSpec(name, "transformers", name)
    if is_path:
        raise pytest.UsageError(f"--model {_shown(name)}: there is no folder {_shown(name)!r}")
    raise unknown(
        "model",
        _shown(name),
        [*aliases, "tiny"],
        "Give an alias ([models.NAME] in modeleval.toml), a hub id (owner/name), a local folder, an address "
        "(http://127.0.0.1:8000/v1), openai:NAME, replay:PATH or run:ID.",
        meant=f"{name}=NAME" if name in ROLES else None,
    )


def _shown(name: str) -> str:
    """A name without what may be the password or the key of an address that lacks its beginning."""
    return re.sub(r"\?.*", "?…", re.sub(r"^(/*)[^/@]*@", r"\1…@", name), flags=re.DOTALL)


def _at_address(name: str) -> ModelSpec:
    """The model behind ``#`` at an address, or the one that is there."""
    address, _, model = name.partition("#")
    _refuse_secret_address(f"--model {address.partition('://')[0]}://…", address)
    key = "OPENAI_API_KEY" if os.environ.get("OPENAI_API_KEY") else None
    return ModelSpec(model or address, _api_at(address), model, base_url=address, api_key_env=key)


def _api_at(address: str) -> str:
    """The api of an address that may name its endpoint."""
    return "responses" if address.rstrip("/").endswith("/responses") else "openai"
