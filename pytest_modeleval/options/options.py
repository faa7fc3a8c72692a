"""What the user asked for, read once from flags and ini values into one frozen `Options`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.options.budget import Budget
from pytest_modeleval.options.flags import FLAGS, Flag
from pytest_modeleval.options.parsers import Cache

# The mark of every benchmark.
MARK = "modeleval"


@dataclass(frozen=True)
class Options:
    """Everything the user asked for, checked."""

    model: tuple[str, ...]
    data: Path | None
    hub: str
    offline: bool
    file: tuple[Path, ...]
    format: str | None
    metric: tuple[str, ...]
    pass_mark: float | None
    limit: int | None
    limit_per_subset: int | None
    seed: int
    repeats: int
    shots: int | None
    shots_draw: str | None
    shots_as: str | None
    choices: str | None
    system: str | None
    prompt: str | None
    filter: tuple[str | Mapping[str, Any], ...]
    generation: Mapping[str, Any]
    concurrency: int | None
    budget: Budget | None
    plan: bool
    cache: Cache
    json: Path | None
    save_baseline: Path | None
    baseline: Path | None
    margin: float
    min_score: Mapping[str, float]
    waive: tuple[str, ...]
    gate_on_inconclusive: str
    max_error_rate: float
    aa: bool
    summary: Path | None
    stop_early: bool
    collection: Path | None
    collection_save: Path | None
    sampler: str | None
    only: str | None
    export: Path | None
    show: tuple[str, ...]
    html: Path | None
    report: Path | None
    allure: int | None


def closest(name: str, known: Iterable[str], *, cutoff: float = 0.62) -> str | None:
    """The name that was probably meant, in whatever case; None where none is alike."""
    # These cost 6 ms to import, and every pytest start would pay for them.
    import difflib

    lowered = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[close[0]] if close else None


def unknown(
    kind: str,
    name: str,
    known: Iterable[str],
    how: str = "",
    *,
    unlisted: Iterable[str] = (),
    meant: str | None = None,
) -> pytest.UsageError:
    """The error for a name that does not exist, with the closest one that does and how to go on.

    ``unlisted`` are names that may have been meant as well; among so many, one is easily alike. ``meant`` is the one
    that was, where that is known.
    """
    known = sorted(set(known))
    close = meant or closest(name, known) or closest(name, unlisted, cutoff=0.75)
    hint = f"; did you mean {close!r}?" if close else "." if known else ""
    listed = f" Known: {', '.join(known)}." if known else ""
    return pytest.UsageError(f"unknown {kind} {name!r}{hint}{listed}{' ' + how if how else ''}")


def read_options(config: pytest.Config) -> Options:
    """The options of this run; `pytest.UsageError` for the first that is wrong."""
    _refuse_unknown_ini(config)
    values = {flag.field: value_of(config, flag) for flag in FLAGS}
    assert set(values) == {field.name for field in fields(Options)}
    options = Options(**values)
    for flag, given in (("--eval-sampler", options.sampler), ("--eval-collection-save", options.collection_save)):
        if given is not None and options.collection is None:
            raise pytest.UsageError(f"{flag} is for a collection: give --eval-collection FILE")
    return options


def allure_results(config: pytest.Config, options: Options) -> Path | None:
    """Where Allure's results go: --alluredir, else the folder of --eval-report; None where nobody wants any."""
    if given := config.getoption("allure_report_dir", None):
        return Path(given).absolute()
    return options.report / "allure-results" if options.report else None


def is_active(config: pytest.Config) -> bool:
    """Whether a model was named: without one the plugin does nothing."""
    return bool(config.getoption("modeleval_model", None) or config.getini("eval_model"))


def value_of(config: pytest.Config, flag: Flag) -> Any:
    """A flag's value: from the command line, else from the ini file, else its default."""
    given = config.getoption(f"modeleval_{flag.field}")
    if given is not None:
        return flag.parse(flag.name, given)
    ini = config.getini(flag.ini)
    return (
        flag.parse(f"{flag.ini} in the ini file", ini) if ini else flag.parse("", ()) if flag.repeated else flag.default
    )


def _refuse_unknown_ini(config: pytest.Config) -> None:
    known = {flag.ini for flag in FLAGS}
    for key in _ini_keys(config):
        if key.startswith("eval_") and key not in known:
            raise unknown("ini key", key, known)


def _ini_keys(config: pytest.Config) -> list[str]:
    """The keys of pytest's own table in its config file and of ``-o``; pytest itself only warns of strange ones."""
    keys = [setting.partition("=")[0] for setting in config.option.override_ini or ()]
    path = config.inipath
    if path is None:
        return keys
    import configparser
    import tomllib

    if path.suffix == ".toml":
        table = tomllib.loads(path.read_text("utf-8"))
        table = table.get("tool", {}) if path.name == "pyproject.toml" else table
        pytest_table = table.get("pytest", {})
        return [*keys, *pytest_table, *pytest_table.get("ini_options", {})]
    ini = configparser.ConfigParser(interpolation=None, strict=False)
    ini.read(path, encoding="utf-8")
    sections = [ini[name] for name in ("pytest", "tool:pytest") if name in ini]
    return [*keys, *(key for section in sections for key in section)]
