"""Where a session's options come from: pytest's command line, and the project's settings."""

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_modeleval.options.config import Table, project_root, read_config
from pytest_modeleval.options.flags import DEST, Flag, Given, read
from pytest_modeleval.options.options import FLAGS, Options, given_in, named, section_of, unknown
from pytest_modeleval.options.roles import laid
from pytest_modeleval.options.tables import LAYERS, OF_OPTIONS, merged
from pytest_modeleval.options.where import Where

# The argument by which `evaluate` hands over what it was called with, as a file of JSON.
HANDED = "--modeleval-handed"
# What it reads then, in the same folder: the run, or why it failed at its end.
TABLE, SAMPLES, WHY = "run.json", "samples.jsonl", "why.txt"
# What only the command line says.
_TYPED_ONLY = {"run", "set", "handed"}
# The table with models in roles, and the key of a [runs.NAME] that is over it.
ROLES = "roles"
# The part of a config file that is pytest's own, and a key there that was an option's in version 0.1.
_PYTESTS = r"^\[(?:tool[.:])?pytest(?:\.ini_options)?\]$(.*?)(?=^\[|\Z)"
_INI_KEY = r"^[ \t]*(?:eval_|(?=perf_))(\w+)[ \t]*="


class Settings(NamedTuple):
    """The project's folder, its tables by section and name, and the options in them, the lowest layer first."""

    root: Path
    tables: Mapping[str, Mapping[str, Table]]
    layers: tuple[Mapping[str, Given], ...]
    # The options that --eval-set says.
    said: Mapping[str, Given]

    @property
    def of_this_run(self) -> dict[str, Given]:
        """What this run is told and not every one: by its [runs.NAME], and by what `evaluate` was called with."""
        of_every_run = sum(len(self.tables[section]) for section in LAYERS)
        return {key: given for layer in self.layers[of_every_run:] for key, given in layer.items()}


_SETTINGS = pytest.StashKey[Settings]()
_OPTIONS = pytest.StashKey[Options]()


def add_handed(parser: pytest.Parser) -> None:
    """Register the argument by which `evaluate` hands over what it was called with."""
    parser.addoption(HANDED, dest=f"{DEST}handed", help=argparse.SUPPRESS)


def settings_of(config: pytest.Config) -> Settings:
    """The project's settings, read once a session; `pytest.UsageError` for a key that is unknown or misplaced."""
    if _SETTINGS not in config.stash:
        root = project_root(config.invocation_params.dir)
        tables = read_config(root)
        path, name = config.option.modeleval_handed, config.option.modeleval_run
        handed = json.loads(Path(path).read_text("utf-8")) if path else {}
        layers = tuple(_layers(root, tables, _keys(config), handed, name))
        config.stash[_SETTINGS] = Settings(root, tables, layers, _said(config, layers))
    return config.stash[_SETTINGS]


def read_options(config: pytest.Config) -> Options:
    """The options of this session; `pytest.UsageError` for the first that is wrong."""
    if _OPTIONS not in config.stash:
        settings = settings_of(config)
        config.stash[_OPTIONS] = _read((*settings.layers, typed(config, FLAGS)), settings.tables)
    return config.stash[_OPTIONS]


def options_in(root: Path, keys: Set[str]) -> Options:
    """The options that a project's [run] and [gate] give, without a session; ``keys`` are those of all options."""
    tables = read_config(root)
    return _read(_layers(root, tables, keys), tables)


def _read(layers: Iterable[Mapping[str, Given]], tables: Mapping[str, Mapping[str, Table]]) -> Options:
    return read(Options, FLAGS, laid(layers, tables["models"]))


def typed(config: pytest.Config, flags: Iterable[Flag]) -> dict[str, Given]:
    """What the command line gives for some flags, by key; pytest's addopts belong to it."""
    values, said = vars(config.option), settings_of(config).said
    given = {}
    for flag in flags:
        if (value := values.get(flag.dest)) is not None:
            if flag.key in said:
                raise pytest.UsageError(f"{flag.name} and {said[flag.key].where} say the same: give one of them")
            given[flag.key] = Given(Where(flag.name), value)
        elif flag.key in said:
            given[flag.key] = said[flag.key]
    return given


def set_by(flag: Flag) -> str:
    """What the command line says in place of a flag that is none."""
    section, value = section_of(flag.key), "true" if flag.is_switch else flag.metavar
    if section == flag.key:
        return f"--eval-set {section}.{value}, or [{section}] of modeleval.toml"
    return f"--eval-set {section}.{flag.key}={value}, or {flag.key} = … under [{section}] of modeleval.toml"


def is_active(config: pytest.Config) -> bool:
    """Whether a model was named: without one the plugin does nothing."""
    layers = (*settings_of(config).layers, typed(config, FLAGS))
    return any(layer["model"].value for layer in layers if "model" in layer)


def allure_results(config: pytest.Config, options: Options) -> Path | None:
    """Where Allure's results go: --alluredir, else the folder of --eval-report; None where nobody wants any."""
    if given := config.getoption("allure_report_dir", None):
        return Path(given).absolute()
    return options.report / "allure-results" if options.report else None


def handed_outputs(config: pytest.Config) -> list[Path]:
    """The files that `evaluate` reads the run from, beside what it hands over; none in another run."""
    handed = config.option.modeleval_handed
    return [Path(handed).with_name(name) for name in (TABLE, SAMPLES)] if handed else []


def refuse_ini_keys(config: pytest.Config) -> None:
    """`pytest.UsageError` for an option among pytest's own settings, where version 0.1 looked for it too."""
    texts = {"-o": "\n".join(config.option.override_ini or ())}
    if config.inipath is not None:
        texts[config.inipath.name] = config.inipath.read_text("utf-8", "replace")
    for where, text in texts.items():
        # Every start of pytest comes here, and to compile a pattern takes most of a millisecond.
        if "eval_" not in text and "perf_" not in text:
            continue
        own = text if where == "-o" else "".join(re.findall(_PYTESTS, text, re.MULTILINE | re.DOTALL))
        for key in re.findall(_INI_KEY, own, re.MULTILINE):
            if key in _keys(config):
                name, section = key if key.startswith("perf_") else f"eval_{key}", section_of(key)
                raise pytest.UsageError(
                    f"{where}: {name} is no setting of pytest's any more: write {key} = … under [{section}] of "
                    f"modeleval.toml, or [tool.modeleval.{section}] of pyproject.toml"
                )


def _layers(
    root: Path,
    tables: Mapping[str, Mapping[str, Table]],
    every: Set[str],
    called: Mapping[str, object] | None = None,
    name: str | None = None,
) -> Iterator[dict[str, Given]]:
    """What [roles], [run], [gate] and the [runs.NAME] of --eval-run give, then what `evaluate` was ``called`` with."""
    for table in tables[ROLES].values():
        yield {ROLES: Given(Where(table.where, root), table.settings)}
    for section in OF_OPTIONS:
        for table in tables[section].values():
            yield _in_section(table.settings, table.where, section, every, root)
    runs = {name: given_in(each.settings, each.where, every, folder=root) for name, each in tables["runs"].items()}
    handed = given_in(called or {}, "evaluate()", every | {"run", "set"})
    name = name or (str(handed["run"].value) if "run" in handed else None)
    if name is not None:
        if name not in runs:
            raise unknown("run", name, runs, "Give the NAME of a table [runs.NAME] in modeleval.toml.")
        yield runs[name]
    yield handed


def _in_section(
    settings: Mapping[str, object], where: str, section: str, every: Set[str], folder: Path | None = None
) -> dict[str, Given]:
    """What [run] or [gate] gives; `pytest.UsageError` for a key of the other one."""
    keys = {key for key in every if section_of(key) == section}
    for key in settings:
        if (name := key.replace("-", "_")) in every - keys:
            raise pytest.UsageError(f"{named(where, key)} belongs into [{section_of(name)}]")
    return given_in(settings, where, keys, folder=folder)


def _said(config: pytest.Config, layers: Iterable[Mapping[str, Given]]) -> dict[str, Given]:
    """The options that --eval-set says, its tables laid over those of lower layers."""
    below = {key: given for layer in layers for key, given in layer.items()}
    flags, typed = {flag.key: flag for flag in FLAGS}, config.option.modeleval_set
    given = below.get("set") if typed is None else Given(Where("--eval-set"), typed)
    content = flags["set"].read(*given) if given else {}
    said = {"roles": Given(Where("--eval-set roles"), content["roles"])} if "roles" in content else {}
    for section in OF_OPTIONS:
        table = content.get(section, {})
        for key, (where, value) in _in_section(table, f"--eval-set {section}", section, _keys(config)).items():
            if isinstance(value, Mapping) and key in below and key in flags and flags[key].default == {}:
                value = merged(flags[key].read(*below[key]), value)
            said[key] = Given(where, value)
    return said


def _keys(config: pytest.Config) -> Set[str]:
    """The key of every option: of each flag that pytest knows as ours, and of what is no flag."""
    dests = (dest.removeprefix(DEST) for dest in vars(config.option) if dest.startswith(DEST))
    return {flag.key for flag in FLAGS}.union(dests) - _TYPED_ONLY
