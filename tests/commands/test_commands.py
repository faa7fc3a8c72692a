"""`modeleval` as a user meets it: what asks no model."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from pytest_modeleval.commands.main import COMMANDS, WRONG
from pytest_modeleval.items.shipped import shipped_benchmarks
from tests.conftest import ANSWERS, FaultyServer, add_settings, alias, answer, modeleval, run
from tests.history.conftest import Ask, ask  # noqa: F401 - a fixture


def test_without_a_command_it_says_which_there_are() -> None:
    result = modeleval()

    assert result.ret == WRONG
    for name in COMMANDS:
        result.stdout.re_match_lines([rf"    {name} +\w+"])


def test_it_is_a_module_too_and_its_reader_may_have_read_enough(project: pytest.Pytester) -> None:
    command = f"{sys.executable} -m pytest_modeleval list | head -n 1"
    found = subprocess.run(command, shell=True, capture_output=True, text=True, check=True, cwd=project.path)

    assert found.stdout.split() == ["name", "subsets", "data", "what"]
    assert found.stderr == ""


@pytest.mark.parametrize(
    "arguments", [["history"], ["diff", "last"], ["show", "x[main-00000]", "--rn", "last"], ["--verson"]]
)
def test_a_slip_is_one_line_behind_the_usage(arguments: list[str]) -> None:
    result = modeleval(*arguments)

    assert result.ret == WRONG
    assert result.errlines[0].startswith("usage: modeleval")
    assert result.errlines[-1].startswith("modeleval")


def test_a_misspelt_command_is_guessed_and_the_version_is_told() -> None:
    known = "Known: diff, doctor, history, labels, list, patches, show, thinking, votes."
    assert modeleval("lst").errlines == [f"modeleval: unknown command 'lst'; did you mean 'list'? {known}"]
    assert modeleval("--version").outlines == [f"pytest-modeleval {metadata.version('pytest-modeleval')}"]


# list


def test_every_shipped_benchmark_is_listed_with_where_its_data_are(project: pytest.Pytester) -> None:
    (project.path / "data" / "gsm8k").mkdir(parents=True)
    add_settings(project, "[run]\ndata = 'data'")

    result = modeleval("list")

    rows = {line.split()[0]: line for line in result.outlines[1:]}
    assert set(rows) == {path.stem.removeprefix("test_") for path in shipped_benchmarks().glob("test_*.py")}
    assert "local copy" in rows["gsm8k"]
    assert "not here" in rows["mmlu"]
    assert "not here" in rows["terminal_bench"]
    assert "made as it runs" in rows["arithmetic"]


def test_a_line_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert max(map(len, modeleval("list").outlines)) == 80


def test_words_choose_among_names_tags_and_subsets(project: pytest.Pytester) -> None:
    assert {line.split()[0] for line in modeleval("list", "anatomy").outlines[1:]} == {"mmlu", "mmlu_redux", "cmmlu"}
    one = modeleval("list", "zh", "iquiz")
    assert one.outlines[1].startswith("iquiz ")
    assert one.outlines[-1] == "subsets: IQ, EQ"


def test_a_misspelt_word_gets_the_one_that_was_meant(project: pytest.Pytester) -> None:
    result = modeleval("list", "gsmk8")

    assert (result.ret, result.outlines) == (WRONG, [])
    assert result.errlines == [
        "modeleval: unknown benchmark, tag or subset: 'gsmk8'; did you mean 'gsm8k'? modeleval list has them all."
    ]


# show


def test_a_sample_is_shown_as_a_conversation(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("Let me see.\n\x1b[31m41", reasoning_content="six times seven")
    run(project, "--model", "faulty", "test_answers.py", "--eval-system", "Briefly.")

    result = modeleval("show", "answers[easy-00002]")

    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r"answers\[easy-00002\]  faulty  run [0-9a-f]{8} \(.*\)",
            "-- system",
            "   Briefly.",
            "-- user",
            r"   easy 2: what is 6 \* 7\?",
            "-- thinking",
            "   six times seven",
            "-- answer",
            r"   Let me see\.",
            r"   \\x1b\[31m41",
            "-- wrong answer: expected '42', got '.*41', score 0.*",
            r"   7 tokens in, 3 out, \d\.\d s, ended by stop",
        ],
        consecutive=True,
    )


def test_the_newest_run_that_has_it_is_shown_or_the_one_that_is_named(project: pytest.Pytester, ask: Ask) -> None:  # noqa: F811
    ask("easy 2")
    ask()

    newest, earlier = (
        modeleval("show", "answers[easy-00002]"),
        modeleval("show", "answers[easy-00002]", "--run", "last~1"),
    )

    assert "-- right: expected '42', got '42', score 1" in newest.outlines
    assert "-- wrong answer: expected '42', got '41', score 0" in earlier.outlines


def test_each_model_and_repeat_is_shown_and_one_can_be_named(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "other", base_url=faulty.url, model="faulty")
    run(project, "--model", "faulty", "--model", "other", "test_answers.py", "--eval-repeats", "2")

    all_, one = (
        modeleval("show", "answers[easy-00001]"),
        modeleval("show", "test_answers.py::test_answers[other-easy-00001-r2]"),
    )

    heads = [line.split("  run ")[0] for line in all_.outlines if line.startswith("answers[")]
    assert heads == [
        f"answers[easy-00001]  {who}" for who in ("faulty", "faulty, repeat 2", "other", "other, repeat 2")
    ]
    assert [line.split("  run ")[0] for line in one.outlines if line.startswith("answers[")] == heads[-1:]


def test_an_error_says_why_there_is_no_answer(project: pytest.Pytester, ask: Ask) -> None:  # noqa: F811
    ask("!easy 2")

    result = modeleval("show", "answers[easy-00002]")

    result.stdout.re_match_lines(["-- no answer", "   .*500: cannot.*", "-- request error: no score"], consecutive=True)


def test_a_protected_sample_is_not_shown(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace('tags=["math"]', "protected=True"))
    run(project, "--model", "faulty", "test_answers.py")

    result = modeleval("show", "answers[easy-00002]")

    assert result.ret == 0
    assert "what is 6" not in result.stdout.str()
    assert len(result.outlines) == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("answers", "a sample is called such as gsm8k[main-00042] or exam[main:q17], and not 'answers'"),
        ("answer[easy-00001]", "unknown benchmark in the run store: 'answer'; did you mean 'answers'? Known: answers."),
        ("answers[esy-00001]", "unknown sample of answers 'esy-00001'; did you mean 'easy-00001'?"),
    ],
)
def test_what_no_run_has_is_one_line(project: pytest.Pytester, ask: Ask, name: str, said: str) -> None:  # noqa: F811
    ask()

    result = modeleval("show", name)

    assert (result.ret, result.errlines) == (WRONG, [f"modeleval: {said}"])


# doctor


def test_the_doctor_says_who_answers_where_and_what_is_missing(
    project: pytest.Pytester, faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    alias(project, "served", base_url=faulty_server.url, model="faulty")
    alias(project, "another", base_url=faulty_server.url, model="other")
    alias(project, "down", base_url="http://127.0.0.1:9/v1", model="faulty")
    alias(project, "keyed", base_url=faulty_server.url, model="faulty", api_key_env="NO_SUCH_KEY")
    alias(project, "weights", model="owner/name")
    alias(project, "mine", api="mine", model="x")

    result = modeleval("doctor")

    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r"pytest-modeleval \d.*, pytest \d.*, Python \d.*",
            "extras",
            r"  local +(accelerate .*, torch .*, transformers .*|not installed: pip install 'pytest-modeleval\[local\]')",
            "models",
            "  served .* answers as faulty",
            "  another .* no 'other' is listed: has faulty",
            "  down .* nothing answers at http://127.0.0.1:9/v1/ .*",
            "  keyed .* the environment variable NO_SUCH_KEY has no key",
            "  weights +owner/name +a hub's, fetched when it is asked",
            "  mine +x +opened by a conftest.py of yours",
            "data",
            "  not here: ai2d, aime24, .*",
        ]
    )
    assert faulty_server.asked == []


def test_the_doctor_says_where_programs_can_run(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    shown = modeleval("doctor").outlines

    first = shown.index("programs") + 1
    assert [" ".join(line.split()) for line in shown[first : first + 4]] == [
        "process runs python",
        "bwrap bwrap: there is no such command (install bubblewrap)",
        "docker not on PATH",
        "podman not on PATH",
    ]


def test_the_doctor_names_every_extra_that_is_not_others(project: pytest.Pytester) -> None:
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    extras = pyproject["project"]["optional-dependencies"].keys()

    shown = modeleval("doctor").outlines
    lines = shown[shown.index("extras") + 1 : shown.index("programs") - 1]
    assert {line.split()[0] for line in lines} - {"Allure's"} == extras - {"all", "test"}
