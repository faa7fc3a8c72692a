"""What README and the documents show is so."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

from pytest_modeleval.models.spec import read_aliases
from pytest_modeleval.options.config import read_config
from pytest_modeleval.options.flags import read
from pytest_modeleval.options.options import FLAGS, Options, given_in
from pytest_modeleval.perf.options.options import FLAGS as PERF_FLAGS
from pytest_modeleval.perf.options.options import PerfOptions
from pytest_modeleval.reports.export import write_json  # noqa: F401 - the schema it names lies beside it
from tests.conftest import FaultyServer, answer, run, run_alone

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BENCHMARKS = {path.stem.removeprefix("test_") for path in (ROOT / "benchmarks").glob("test_*.py")}


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document, re.MULTILINE | re.DOTALL)


def here(page: str) -> str:
    """A page without the left side of its tables, on which other tools' flags stand where it is about those."""
    return re.sub(r"^\| .*? \| ", "| ", page, flags=re.MULTILINE)


def test_the_first_screen_has_both_commands() -> None:
    first = "\n".join(README.splitlines()[:60])

    assert "pytest --model tiny" in first
    assert "python -m pip install tox && python -m tox" in first
    assert "python -m pip install tox && python -m tox" in (ROOT / ".ci/run").read_text()


def test_the_table_is_what_the_bundled_model_prints(pytester: pytest.Pytester) -> None:
    (shown,) = blocks(README, "text")

    result = run_alone(pytester, "--model", "tiny")

    *lines, last = shown.splitlines()
    # Seconds differ from machine to machine.
    expected = [re.sub(r" +[\d.]+$", "", line) if line.startswith("tiny") else line for line in lines]
    result.stdout.re_match_lines([f"^{re.escape(line)}" for line in expected])
    assert re.search(r"(\d+) failed, (\d+) passed, (\d+) skipped", last)
    others = len(BENCHMARKS - {"arithmetic", "smoke"})
    result.assert_outcomes(failed=47, passed=178, skipped=others)


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_no_shell_changes_what_a_command_shown_says(page: Path) -> None:
    commands = re.findall(
        r"(?:^|`) *((?:pytest|modeleval|pip) [^`\n…]+?)(?= +# |[`\n…])", here(page.read_text()), re.MULTILINE
    )
    for command in commands:
        outside_single = re.sub(r"'[^']*'", "", command)
        assert not re.search(r"\$\w", outside_single), command
        assert not re.search(r"[\[\]{}<>;*?]", re.sub(r'"[^"]*"', "", outside_single)), command
    assert re.search(r"--eval-\w+ \"[^\"`]*\$\d", page.read_text()) is None


def test_the_benchmark_shown_is_the_one_shipped() -> None:
    assert blocks(README, "python") == [(ROOT / "benchmarks/test_gsm8k.py").read_text()]


def test_the_benchmarks_listed_are_those_shipped() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", README.partition("## Benchmarks")[2].partition("##")[0], re.MULTILINE))

    assert listed == BENCHMARKS


def test_every_flag_is_listed_and_every_listed_flag_exists() -> None:
    pages = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
    documents = [README, *(here(page) if name.endswith("moving.md") else page for name, page in pages.items())]
    named = set(re.findall(r"--(?:eval(?:-[a-z-]+)?\b|model\b)", "\n".join(documents)))

    assert named == {flag.name for flag in FLAGS if not flag.settings_only}


def test_the_flags_stand_in_the_groups_of_help() -> None:
    table = README.partition("## Flags")[2].partition("\n## ")[0]
    _, *parts = re.split(r"^\| \*\*(.*)\*\* \| \|$", table, flags=re.MULTILINE)
    listed = {
        title.lower(): set(
            re.findall(r"--[a-z-]+", " ".join(re.findall(r"^\| ((?:`[^`]+`[, ]*)+)", rows, re.MULTILINE)))
        )
        for title, rows in zip(*[iter(parts)] * 2, strict=True)
    }

    for title in {flag.group for flag in FLAGS}:
        flags = {flag.name for flag in FLAGS if flag.group == title}
        rest = set().union(*(named for other, named in listed.items() if other != title))
        assert listed[title] <= flags
        assert not rest & flags


def test_the_ten_flags_that_matter_come_first() -> None:
    first, _, groups = README.partition("## Flags")[2].partition("\n## ")[0].partition("| **")

    ten = re.findall(r"^\| `(--[a-z-]+)[ `]", first, re.MULTILINE)

    assert len(set(ten)) == 10
    assert set(ten) <= set(re.findall(r"--[a-z-]+", groups))


def test_the_keys_that_are_no_flags_are_listed() -> None:
    table = (ROOT / "docs/settings.md").read_text().partition("is a key and no flag:")[2].partition("\n\n- ")[0]

    assert set(re.findall(r"`([a-z_]+)`(?:,| \|)", table)) == {
        flag.key for flag in (*FLAGS, *PERF_FLAGS) if flag.settings_only
    }


def test_the_workflow_shown_can_be_parsed_and_gates() -> None:
    (shown,) = blocks((ROOT / "docs/gate.md").read_text(), "yaml")

    steps = yaml.safe_load(shown)["jobs"]["gate"]["steps"]
    (command,) = [step["run"] for step in steps if "--eval-baseline" in step.get("run", "")]
    flags = dict(re.findall(r"(--[a-z-]+)(?: ([^-\"]\S*|\"[^\"]*\"))?", command))
    assert flags == {
        "--model": "qwen3",
        "--eval-baseline": "baselines/qwen3.json",
        "--eval-margin": "2pp",
        "--eval-stop-early": "",
        "--eval-budget": '"2M tokens, 30min"',
        "--junitxml": "gate.xml",
        "--eval-write": "gate.md",
    }


def test_the_workflow_shown_keeps_answers_for_the_same_run_alone() -> None:
    """What another pull request's model answered is nothing that this one's gate may resume."""
    (shown,) = blocks((ROOT / "docs/gate.md").read_text(), "yaml")

    steps = yaml.safe_load(shown)["jobs"]["gate"]["steps"]

    caches = [step for step in steps if "actions/cache" in step.get("uses", "") and "store" in step["with"]["path"]]
    assert [step["uses"] for step in caches] == ["actions/cache/restore@v4", "actions/cache/save@v4"]
    keys = [key for step in caches for name, key in step["with"].items() if name.endswith(("key", "keys"))]
    assert all("${{ github.run_id }}-" in key for key in keys)
    assert caches[1]["if"] == "always()"
    assert not [step for step in steps if step.get("with", {}).get("path") == ".modeleval"]


def test_the_aliases_shown_are_read(tmp_path: Path) -> None:
    shown = blocks(README, "toml") + blocks((ROOT / "docs/models.md").read_text(), "toml")
    for number, block in enumerate(shown):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "modeleval.toml").write_text(block)
        aliases = read_aliases(read_config(folder)["models"])
        told = tomllib.loads(block).get("models", {})
        assert told or "roles" in tomllib.loads(block)
        assert {name: each.model for name, each in aliases.items()} == {n: each["model"] for n, each in told.items()}


def test_the_model_of_ones_own_shown_answers(pytester: pytest.Pytester) -> None:
    own = (ROOT / "docs/models.md").read_text().partition("## A model of your own")[2]
    (conftest,), (alias,) = blocks(own, "python"), blocks(own, "toml")
    pytester.makeconftest(conftest)
    pytester.makefile(".toml", modeleval=alias)
    pytester.makepyfile("def test_it(model): assert model.complete('42').text == '42'")

    run(pytester, "--model", "mine", ".").assert_outcomes(passed=1)


@pytest.mark.parametrize("document", ["gate", "settings"])
def test_the_settings_shown_are_options(document: str, tmp_path: Path) -> None:
    (block,) = blocks((ROOT / f"docs/{document}.md").read_text(), "toml")
    (tmp_path / "modeleval.toml").write_text(block)
    (tmp_path / "datasets").mkdir()

    tables = read_config(tmp_path)

    for table in chain.from_iterable(tables[section].values() for section in ("run", "gate", "runs")):
        keys = {flag.key for flag in (*FLAGS, *PERF_FLAGS)}
        given = given_in(table.settings, table.where, keys, folder=tmp_path)
        read(Options, FLAGS, given), read(PerfOptions, PERF_FLAGS, given)
        assert given


def test_the_benchmark_of_the_guide_runs(project: pytest.Pytester, faulty: FaultyServer) -> None:
    guide = (ROOT / "docs/benchmarks.md").read_text()
    faulty.fault = answer("Paris.")
    project.makepyfile(test_capitals=blocks(guide, "python")[0])

    run(project, "--model", "faulty", "test_capitals.py").assert_outcomes(passed=1, failed=1)


def test_the_users_own_files_of_the_guide_run(project: pytest.Pytester, faulty: FaultyServer) -> None:
    guide = (ROOT / "docs/custom.md").read_text()
    for name, content in zip(("exam", "faq"), blocks(guide, "jsonl"), strict=True):
        (project.path / f"{name}.jsonl").write_text(content)
    faulty.fault = lambda handler, body: answer("ANSWER: B" if "ANSWER:" in str(body) else "roma")(handler, body)
    commands = [command.split() for command in re.findall(r"^pytest --model qwen3 (.*)$", guide, re.MULTILINE)]
    (exam,) = (command for command in commands[3:] if command == ["--eval-file", "exam.jsonl"])
    (faq,) = (command for command in commands if "run.metric=rouge,exact" in command)

    run(project, "--model", "faulty", *exam).assert_outcomes(passed=1, failed=1)
    free = run(project, "--model", "faulty", *faq)

    free.assert_outcomes(passed=1, failed=1)
    free.stdout.re_match_lines([r"faulty +faq +main +2 +0 +0\.500", r"faulty +faq +exact +2 +0 +0\.500"])
