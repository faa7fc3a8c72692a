"""Options as fields of a dataclass, each of which is a flag of the command line and a key of the settings too."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar, overload

import pytest

from pytest_modeleval.options import parsers
from pytest_modeleval.options.where import Where

T = TypeVar("T")
D = TypeVar("D")
# What its name among pytest's options begins with.
DEST = "modeleval_"


class Given(NamedTuple):
    """What somebody gave for an option, and where."""

    where: Where
    value: object


@dataclass(frozen=True)
class Flag:
    """How an option is given: under which title of `--help`, as what, how its text is read, and what holds without it.

    The default says what kind it is: a switch where that is False, repeatable where it is an empty tuple or dict.
    """

    group: str
    metavar: str
    help: str
    parse: Callable[[Where, Any], Any]
    default: Any = None
    # Stands in the project's settings, and on the command line behind `--eval-set` alone.
    settings_only: bool = False
    name: str = ""
    field: str = ""

    @property
    def key(self) -> str:
        """Its name in the project's settings."""
        return self.name.removeprefix("--eval-").removeprefix("--").replace("-", "_")

    @property
    def dest(self) -> str:
        """Its name among pytest's options."""
        return DEST + self.key

    @property
    def is_switch(self) -> bool:
        """Whether the command line has it without a value."""
        return self.default is False

    @property
    def is_repeated(self) -> bool:
        """Whether it may be given several times."""
        return self.default in ((), {})

    def read(self, where: Where, value: object) -> Any:
        """The option's value, from the command line's texts or what TOML, JSON and Python have for them.

        `pytest.UsageError` for one that is not understood.
        """
        if self.default == {} and isinstance(value, Mapping):
            return self.parse(where, value)
        if self.is_repeated:
            values = value if isinstance(value, list | tuple) else [value]
            return self.parse(where, [self.filled(where, _text(each)) for each in values])
        return self.parse(where, self.filled(where, _text(value)))

    def filled(self, where: str, text: str) -> str:
        """The text; `pytest.UsageError` for an empty one, as of a variable that is not set: a gate would be none."""
        if self.parse is not parsers.text and not text.strip():
            raise pytest.UsageError(f"{where} takes {self.metavar}, not {text!r}")
        return text


@overload
def flag(
    group: str,
    metavar: str,
    help: str,
    parse: Callable[[Where, Any], T],
    *,
    settings_only: bool = ...,
) -> T | None: ...


@overload
def flag(
    group: str,
    metavar: str,
    help: str,
    parse: Callable[[Where, Any], T],
    default: D,
    *,
    settings_only: bool = ...,
    name: str = ...,
) -> T | D: ...


def flag(
    group: str,
    metavar: str,
    help: str,
    parse: Callable[[Where, Any], Any],
    default: Any = None,
    *,
    settings_only: bool = False,
    name: str = "",
) -> Any:
    """A field of a dataclass of options; its name is the flag's, unless another is given."""
    told = Flag(group, metavar, help, parse, default, settings_only, name)
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata={"flag": told})
    return field(default=default, metadata={"flag": told})


def flags_of(options: type, prefix: str) -> tuple[Flag, ...]:
    """The flags that the fields of a dataclass are, in their order."""
    told = [(each.name, each.metadata["flag"]) for each in fields(options)]
    return tuple(replace(flag, field=name, name=flag.name or prefix + name.replace("_", "-")) for name, flag in told)


def read(options: type[T], flags: Iterable[Flag], given: Mapping[str, Given]) -> T:
    """The options, from what was given by key; `pytest.UsageError` for the first that is wrong."""
    return options(**{flag.field: flag.read(*given[flag.key]) for flag in flags if flag.key in given})


def add_flags(parser: pytest.Parser, flags: Sequence[Flag], title: str = "{}") -> None:
    """Register these flags, each under the title of its group."""
    for flag in flags:
        if not flag.settings_only:
            _add(parser.getgroup(f"modeleval-{flag.group}", title.format(flag.group)), flag)


def know(config: pytest.Config, flags: Iterable[Flag]) -> None:
    """Have the options that only settings give among pytest's, given by nobody: what is there is a known key."""
    for flag in flags:
        if flag.settings_only:
            setattr(config.option, flag.dest, None)


def _add(group: Any, flag: Flag) -> None:
    # argparse fills a help text with `%`.
    kept: dict[str, Any] = {"dest": flag.dest, "help": flag.help.replace("%", "%%")}
    if flag.is_switch:
        group.addoption(flag.name, action="store_const", const="true", **kept)
        return
    kept["type"] = partial(flag.filled, flag.name)
    group.addoption(flag.name, action="append" if flag.is_repeated else "store", metavar=flag.metavar, **kept)


def _text(value: object) -> str:
    """A value as the command line would have it."""
    if isinstance(value, bool | Mapping):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return str(value)
