"""Where options may be given: the command line, the project's settings, named sets of them, a mapping."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields

import pytest
import yaml

from pytest_modeleval.options import sources
from pytest_modeleval.options.budget import Budget
from pytest_modeleval.options.flags import Given, flag, flags_of, read
from pytest_modeleval.options.options import FLAGS, Options
from pytest_modeleval.options.parsers import Cache, at_least
from pytest_modeleval.options.where import Where
from tests.conftest import FaultyServer, add_settings, run


def prompts(faulty: FaultyServer) -> set[str]:
    return {body["messages"][-1]["content"] for body in faulty.asked}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pytest.ini", "[pytest]\naddopts = --model faulty --eval-limit 3 --eval-generation temperature=0.5"),
        ("modeleval.toml", '[run]\nmodel = "faulty"\nlimit = 3\ngeneration = { temperature = 0.5 }'),
        ("modeleval.toml", '[run]\nmodel = ["faulty"]\nlimit = "3"\ngeneration = ["temperature=0.5"]'),
        (
            "pyproject.toml",
            '[tool.modeleval.run]\nmodel = "faulty"\nlimit = 3\n[tool.modeleval.run.generation]\ntemperature = 0.5',
        ),
    ],
    ids=["addopts", "types", "texts", "pyproject"],
)
def test_all_places_say_the_same(project: pytest.Pytester, faulty: FaultyServer, file: str, content: str) -> None:
    with (project.path / file).open("a") as place:
        place.write(f"\n{content}\n")

    run(project, "test_answers.py").assert_outcomes(passed=3)

    assert [body["temperature"] for body in faulty.asked] == [0.5] * 3


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ((), 6),
        (("--eval-run", "pr"), 4),
        (("--eval-run=pr", "--eval-limit", "2"), 2),
        (("--eval-limit", "2"), 2),
        (("--eval-run", "nightly"), 10),
    ],
    ids=["run", "named", "flag over named", "flag", "other"],
)
def test_the_nearer_to_the_command_goes_before(
    project: pytest.Pytester, faulty: FaultyServer, arguments: tuple[str, ...], asked: int
) -> None:
    add_settings(project, '[run]\nmodel = "faulty"\nlimit = 6\n[runs.pr]\nlimit = 4\n[runs.nightly]\nlimit = 10')

    run(project, *arguments, "test_answers.py").assert_outcomes(passed=asked)


def test_both_files_may_hold_the_settings(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyprojecttoml("[tool.modeleval.run]\nlimit = 6\nrepeats = 2")
    add_settings(project, "[run]\nlimit = 2")

    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=4)


def test_a_named_run_may_name_the_model_and_the_gate(project: pytest.Pytester, faulty: FaultyServer) -> None:
    add_settings(project, '[runs.nightly]\nmodel = "faulty"\nmin_score = { answers = 0.5 }')

    idle = run(project, "test_answers.py")
    result = run(project, "--eval-run", "nightly", "test_answers.py")

    idle.assert_outcomes(skipped=1)
    result.assert_outcomes(passed=11)
    result.stdout.fnmatch_lines(["answers  passed *at least 0.5 is asked *"])


def test_the_gates_settings_stand_in_its_own_table(project: pytest.Pytester, faulty: FaultyServer) -> None:
    add_settings(project, '[gate]\nmin-score = { "answers:hard" = "99%" }\ngate_on_inconclusive = "pass"')

    result = run(project, "--model", "faulty", "test_answers.py")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["answers:hard*inconclusive*"])


def test_workers_have_the_same_options(project: pytest.Pytester, faulty: FaultyServer) -> None:
    add_settings(project, '[run]\nmodel = "faulty"\nlimit = 10\n[runs.pr]\nlimit = 6\nsystem = "file:system.txt"')
    (project.path / "system.txt").write_text("Be brief.")

    run(project, "-n", "2", "--eval-run", "pr", "test_answers.py").assert_outcomes(passed=6)

    assert [body["messages"][0]["content"] for body in faulty.asked] == ["Be brief."] * 6


def test_a_relative_path_starts_where_the_file_is(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = project.path / "inside"
    inside.mkdir()
    (project.path / "system.txt").write_text("Be brief.")
    (inside / "prompt.txt").write_text("{prompt} Quick!")
    add_settings(project, '[run]\nsystem = "file:system.txt"\nwrite = "out/scores.json"')
    (project.path / "out").mkdir()
    monkeypatch.chdir(inside)

    result = run(project, "--model", "faulty", "--eval-prompt", "file:prompt.txt", "../test_answers.py")

    result.assert_outcomes(passed=10)
    assert {body["messages"][0]["content"] for body in faulty.asked} == {"Be brief."}
    assert all(prompt.endswith(" Quick!") for prompt in prompts(faulty))
    assert (project.path / "out/scores.json").is_file()


@pytest.mark.parametrize("name", ["./model", "replay:model/answers.jsonl"])
def test_a_model_that_is_a_path_starts_there_too(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    inside, model = project.path / "inside", project.path / "model"
    for folder in (inside, model):
        folder.mkdir()
    (model / "answers.jsonl").write_text('{"id": "answers[easy-00000]", "text": "42"}\n')
    add_settings(project, f'[run]\nmodel = "{name}"')
    monkeypatch.chdir(inside)

    result = run(project, "../test_answers.py::test_answers[easy-00000]")

    if name == "./model":
        result.stderr.fnmatch_lines([f"ERROR: the folder {model} has no config.json: *"])
    else:
        result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[run]\nlimti = 3", "unknown key in modeleval.toml: [[]run]: 'limti'; did you mean 'limit'?"),
        ("[run]\nlimit-pre-subset = 3", "unknown key in modeleval.toml: [[]run]: 'limit-pre-subset'; did you mean 'limit_per_subset'?"),
        ("[run]\neval_limit = 3", "unknown key in modeleval.toml: [[]run]: 'eval_limit'; did you mean 'limit'?"),
        ("[run]\nzzz = 3", "unknown key in modeleval.toml: [[]run]: 'zzz'. The keys are *, and *format, *"),
        ("[run]\nrun = 'pr'", "unknown key in modeleval.toml: [[]run]: 'run'*"),
        ("[run]\nhistory = 'x'", "unknown key in modeleval.toml: [[]run]: 'history'*"),
        ("[run]\n--eval-limit = 3", "unknown key in modeleval.toml: [[]run]: '--eval-limit'; did you mean 'limit'?"),
        ("[runs.pr]\nlimti = 3", "unknown key in modeleval.toml: [[]runs.pr]: 'limti'; did you mean 'limit'?"),
        ("[runs]\nlimit = 3", "modeleval.toml: [[]runs.limit] is a table of settings, not 3"),
        ("run = 3", "modeleval.toml: [[]run] is a table of settings, not 3"),
        ("[run]\nlimit = 0", "modeleval.toml: [[]run] limit takes a whole number of at least 1, not '0'"),
        ("[run]\nlimit = 2.5", "modeleval.toml: [[]run] limit takes a whole number of at least 1, not '2.5'"),
        ("[run]\nlimit = true", "modeleval.toml: [[]run] limit takes a whole number of at least 1, not 'true'"),
        ("[run]\noffline = 'yes'", "modeleval.toml: [[]run] offline takes true or false, not 'yes'"),
        ("[run]\nwrite = ''", "modeleval.toml: [[]run] write takes FILE, not ''"),
        ("[run]\nshow = ['']", "modeleval.toml: [[]run] show takes NAME,…, not ''"),
        (f"[run]\ndata = '{'x' * 300}'", "modeleval.toml: [[]run] data: there is no folder 'xxx*"),
        ("[run]\ndata = 'nowhere'", "modeleval.toml: [[]run] data: there is no folder 'nowhere'"),
        ("[run]\nbudget = '5 apples'", "modeleval.toml: [[]run] budget *'5 apples'"),
        ("[run]\nperf-slo = 'p99_tft<=1s'", "modeleval.toml: [[]run] perf_slo*tft*"),
        ("[run]\napi_key = 'sk-1'", "unknown key in modeleval.toml: [[]run]: 'api_key'*"),
        ("[run]\nmargin = '2pp'", "modeleval.toml: [[]run] margin belongs into [[]gate]"),
        ("[gate]\nlimit = 3", "modeleval.toml: [[]gate] limit belongs into [[]run]"),
        ("[gate]\nmargn = '2pp'", "unknown key in modeleval.toml: [[]gate]: 'margn'; did you mean 'margin'?"),
        ("[gate]\nmargin = 1", "modeleval.toml: [[]gate] margin takes percentage points or a share of the samples: 1pp or 0.01, not '1'"),
        ("[gate]\nmin_score = { answers = 'x' }", "modeleval.toml: [[]gate] min_score answers takes a score such as 0.8 or 80%, not 'x'"),
        ("limit = 3", "modeleval.toml: limit belongs into [[]run]"),
        ("margin = '2pp'", "modeleval.toml: margin belongs into [[]gate]"),
        ("[run]\nlimt = 5", "unknown key in modeleval.toml: [[]run]: 'limt'; did you mean 'limit'?"),
        ("[benchmark.gsm8k]\nshots = 0", "unknown table in modeleval.toml: 'benchmark'; did you mean 'benchmarks'? *"),
        ("[benchmarks.gsmk]\nshots = 0", "unknown benchmark in the config: 'gsmk'; did you mean 'gsm8k'?"),
        ("[rum]\nlimit = 3", "unknown table in modeleval.toml: 'rum'; did you mean 'run'? *"),
    ],
    ids=lambda text: "" if text.startswith(("unknown", "modeleval")) else text.replace("\n", " "),
)  # fmt: skip
def test_a_wrong_setting_is_one_line(project: pytest.Pytester, faulty: FaultyServer, toml: str, said: str) -> None:
    path = project.path / "modeleval.toml"
    path.write_text(f"{toml}\n{path.read_text()}")
    if "perf" in toml:
        project.makepyfile(test_answers="import pytest\n@pytest.mark.perf\ndef test_it(load): pass")

    result = run(project, "--model", "faulty", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{said}" if "perf" in toml else f"ERROR: {said}"])
    assert "sk-1" not in result.stderr.str()
    assert faulty.asked == []


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("pytest.ini", "[pytest]\neval_limit = 3", "pytest.ini: eval_limit is no setting of pytest's any more: write limit = … under [[]run] of modeleval.toml, or [[]tool.modeleval.run] of pyproject.toml"),
        ("pytest.ini", "[pytest]\neval_margin = 2pp", "pytest.ini: eval_margin *: write margin = … under [[]gate] of *"),
        ("pytest.ini", "[pytest]\nperf_slo = x", "pytest.ini: perf_slo *: write perf_slo = … under [[]run] of *"),
        ("pyproject.toml", "[tool.pytest.ini_options]\neval_model = 'faulty'", "pyproject.toml: eval_model *: write model = *"),
        ("pyproject.toml", "[tool.pytest]\neval_model = 'faulty'", "pyproject.toml: eval_model *"),
        ("tox.ini", "[pytest]\neval_seed = 3", "tox.ini: eval_seed *"),
        ("setup.cfg", "[tool:pytest]\neval_seed = 3", "setup.cfg: eval_seed *"),
    ],
    ids=["run", "gate", "perf", "ini_options", "toml", "tox", "cfg"],
)  # fmt: skip
def test_a_key_that_was_pytests_is_told_its_new_place(
    project: pytest.Pytester, file: str, content: str, said: str
) -> None:
    (project.path / "tox.ini").unlink()
    (project.path / file).write_text(content)

    result = run(project, "-W", "ignore", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_one_on_the_command_line_too(project: pytest.Pytester) -> None:
    result = run(project, "-W", "ignore", "-o", "eval_limit=3", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: -o: eval_limit is no setting of pytest's any more: write limit = … *"])


def test_such_a_key_of_another_tool_is_its_own(project: pytest.Pytester) -> None:
    (project.path / "tox.ini").write_text("[pytest]\n\n[other]\neval_limit = 3\nperf_number = 4\n")

    assert run(project, "test_answers.py").ret == 0


def test_help_is_shown_whatever_the_settings_are(project: pytest.Pytester) -> None:
    add_settings(project, "[run")

    assert run(project, "--help").ret == 0


@pytest.mark.parametrize("arguments", [(), ("--perf-parallel", "1", "--perf-number", "1")], ids=["samples", "loads"])
def test_settings_are_read_once(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    reads: list[str] = []

    def counted(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object) -> object:
            reads.append(name)
            return function(*given)

        return call

    for name in ("read_config", "read"):
        monkeypatch.setattr(sources, name, counted(name, getattr(sources, name)))

    run(
        project,
        "--model",
        "faulty",
        "--eval-write",
        "page.html",
        "--eval-limit",
        "1",
        "-k",
        "answers or load",
        *arguments,
    )

    assert sorted(reads) == ["read", "read_config"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ("limit = 3", "limit = '3'"),
        ("offline = true", "offline = 'true'"),
        ("model = ['a', 'b']", "model = ['a', 'b']"),
        ("metric = 'f1'", "metric = ['f1']"),
        ("pass_mark = 0.5", "pass_mark = '0.5'"),
        ("budget = '2M tokens, $5'", "budget = ['2M tokens', '$5']"),
        ("max_error_rate = 0.02", "max_error_rate = '2%'"),
        ("min_score = { gsm8k = 0.8, 'mmlu:STEM' = '60%' }", "min_score = ['gsm8k=0.8', 'mmlu:STEM=0.6']"),
        ("filter = [{ regex = 'a', group = 1 }, 'strip']", """filter = ['{"regex": "a", "group": 1}', 'strip']"""),
        ("filter = { regex = 'a' }", """filter = '{"regex": "a"}'"""),
        (
            "generation = { stop = '5', extra_body = { top_k = 2 } }",
            """generation = ['stop="5"', 'extra_body={"top_k": 2}']""",
        ),
    ],
    ids=lambda text: text.partition(" ")[0],
)  # fmt: skip
def test_types_and_texts_say_the_same(values: str, text: str) -> None:
    assert Options.of(tomllib.loads(values), "x") == Options.of(tomllib.loads(text), "x") != Options()


def test_options_are_made_from_any_mapping() -> None:
    """A YAML file is one more source."""
    document = "limit: 100\ncache: 'off'\nbudget: 2M tokens\nshots: 0\nmin-score: {gsm8k: 0.8}\nseed:\n"

    options = Options.of(yaml.safe_load(document), "task.yaml")

    assert options == Options(
        limit=100, cache=Cache.OFF, budget=Budget(tokens=2_000_000), shots=0, min_score={"gsm8k": 0.8}
    )
    with pytest.raises(pytest.UsageError, match=r"^task\.yaml limit takes a whole number of at least 1, not 'many'$"):
        Options.of({"limit": "many"}, "task.yaml")
    with pytest.raises(pytest.UsageError, match=r"^unknown key in task\.yaml: 'limti'; did you mean 'limit'\?$"):
        Options.of({"limti": 3}, "task.yaml")


def test_no_option_shares_its_default() -> None:
    assert Options().generation is not Options().generation


def test_an_option_is_one_field() -> None:
    """Flag, key, type, default and help: there is nothing else that could be forgotten."""

    @dataclass(frozen=True)
    class Few:
        best_of: int | None = flag("how it is asked", "N", "ask N times", at_least(1))

    (only,) = flags = flags_of(Few, "--eval-")

    assert (only.name, only.key, only.help) == ("--eval-best-of", "best_of", "ask N times")
    assert read(Few, flags, {"best_of": Given(Where("here"), 3)}) == Few(3)
    assert read(Few, flags, {}) == Few()
    assert [each.field for each in FLAGS] == [each.name for each in fields(Options)]
