"""docs/perf.md says of every figure and flag what the code says."""

import re
from pathlib import Path

import pytest

from pytest_modeleval.gate.gate import Exit
from pytest_modeleval.options.options import FLAGS as EVAL_FLAGS
from pytest_modeleval.perf.document import flat
from pytest_modeleval.perf.figures.definitions import COUNTS, RATES, SHARES, SPREADS
from pytest_modeleval.perf.figures.figures import figures
from pytest_modeleval.perf.options.options import FLAGS
from pytest_modeleval.perf.outcomes import exit_status
from tests.perf.made import load, streamed

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "perf.md").read_text()


def test_every_figure_is_defined_in_one_line() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ([\w/%]*) \| (.*) \|$", GUIDE.partition("## Figures")[2].partition("\n## ")[0], re.MULTILINE
    )

    assert rows == [(name, unit, text) for name, (unit, text) in (SPREADS | RATES | SHARES | COUNTS).items()]


def test_every_flag_is_in_the_guide_and_every_flag_there_exists() -> None:
    named = set(re.findall(r"--perf-[a-z]+(?:-[a-z]+)*", GUIDE))

    assert named == {flag.name for flag in FLAGS if not flag.settings_only}


def test_the_readme_names_the_guide_and_no_flag_that_is_not_there() -> None:
    readme = (ROOT / "README.md").read_text()

    assert "docs/perf.md" in readme
    assert set() < set(re.findall(r"--perf-[a-z]+(?:-[a-z]+)*", readme)) <= {flag.name for flag in FLAGS}


def test_who_comes_from_elsewhere_is_told_what_there_is() -> None:
    page = (ROOT / "docs" / "perf-moving.md").read_text()
    there, here = zip(*re.findall(r"^\| (.*?) \| (.*) \|$", page, re.MULTILINE), strict=True)
    figures_ = re.findall(r"`((?:[a-z]+_)*[a-z]+)`", page.partition("| Req, Output")[2].partition("| `benchmark_")[0])
    names = {*SPREADS, *RATES, *SHARES, *COUNTS}
    names |= {f"mean_{name}" for name in SPREADS}

    assert set() < set(re.findall(r"--perf-[a-z]+(?:-[a-z]+)*", " ".join(here))) <= {flag.name for flag in FLAGS}
    assert set() < set(re.findall(r"--eval-[a-z]+(?:-[a-z]+)*", " ".join(here))) <= {flag.name for flag in EVAL_FLAGS}
    assert set() < set(figures_) <= names
    assert len(there) == len(set(there)) + 2, "three tables, each with the same head"


def test_what_is_computed_is_what_is_defined() -> None:
    found = flat(
        figures([load([streamed(0, cached_tokens=3, conversation="a", turn=turn) for turn in (0, 1)])], lambda _: True)
    )

    names = {name.partition("_")[2] if re.match(r"(p\d|mean|min|max)", name) else name for name in found}
    assert names == {*SPREADS, *RATES, *SHARES, *COUNTS}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (set(), 0),
        ({Exit.INCONCLUSIVE}, 6),
        ({Exit.INCONCLUSIVE, Exit.INVALID}, 9),
        ({Exit.INVALID, Exit.REGRESSION}, 1),
        (set(Exit), 7),
    ],
)
def test_exit_statuses(found: set[Exit], expected: int) -> None:
    assert exit_status(found) == expected
    assert f"| {expected} | " in GUIDE
