"""What a gate leaves for a CI: test cases, a summary, pytest's last line."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.conftest import ANSWERS, FaultyServer, add_settings, alias, answer, run, send

FILES = ("--junitxml", "j.xml", "--eval-write", "gate.md")
GATE = ("--eval-baseline", "base.json", "--eval-margin", "60pp")


def wrong(server: FaultyServer, *names: str, text: str = "41") -> None:
    server.fault = lambda handler, body: answer(
        text if body["messages"][-1]["content"].partition(":")[0] in names else "42"
    )(handler, body)


def gated(project: pytest.Pytester, *flags: str) -> pytest.RunResult:
    return run(project, "--model", "faulty", *FILES, *flags, "test_answers.py")


def cases(project: pytest.Pytester) -> dict[str, ET.Element]:
    found = ET.parse(project.path / "j.xml").getroot().iter("testcase")
    return {f"{case.get('classname')}::{case.get('name')}": case for case in found}


def properties(case: ET.Element) -> dict[str, str]:
    return {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}


def suite(project: pytest.Pytester) -> tuple[str | None, str | None]:
    (found,) = ET.parse(project.path / "j.xml").getroot().iter("testsuite")
    return found.get("failures"), found.get("errors")


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_passed_gate_has_no_failures(project: pytest.Pytester, faulty: FaultyServer, more: tuple[str, ...]) -> None:
    run(project, "--model", "faulty", "--eval-save-baseline", "base.json", "test_answers.py")
    wrong(faulty, "easy 1")

    result = gated(project, *GATE, *more)

    assert result.ret == 0
    assert list(cases(project)) == ["gate::answers"]
    assert suite(project) == ("0", "0")
    told = properties(cases(project)["gate::answers"])
    assert told["gate"].startswith("passed: change ")
    assert (told["easy-00000"], len(told)) == ("right", 11)
    assert told["easy-00001"] == "wrong: asked 'easy 1: what is 6 * 7?', expected '42', got '41'"
    assert "10 passed, 1 wrong" in result.outlines[-1]
    assert "failed" not in result.outlines[-1]


def test_no_sample_is_left_out_whatever_its_model_and_benchmark_are_called(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    alias(project, '"two:2"', base_url=faulty.url, model="two")
    project.makepyfile(test_others=ANSWERS.replace("test_answers", "test_others"))

    run(
        project, "--model", "two:2", "--model", "faulty", *FILES, "--eval-min-score", "answers:easy=0.1",
        "test_answers.py", "test_others.py",
    )  # fmt: skip

    found = {name: properties(case) for name, case in cases(project).items()}
    names = {"answers:easy", "others"}
    assert set(found) == {f"gate::{model} {name}" for model in ("two:2", "faulty") for name in names}
    assert {len(told) for told in found.values()} == {11}
    assert found["gate::faulty others"]["gate"] == "no least score is asked of it"


def test_samples_may_be_cases_that_do_not_fail(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "--eval-save-baseline", "base.json", "test_answers.py")
    add_settings(project, '[gate]\njunit = "samples"\nmax_error_rate = 0.5')

    def fault(handler: object, body: dict[str, object]) -> None:
        if "easy 0" in str(body):
            return send(handler, 400, {"error": {"message": "blocked", "code": "content_filter"}})  # type: ignore[arg-type]
        return answer("41" if "easy 1" in str(body) else "42")(handler, body)  # type: ignore[arg-type]

    faulty.fault = fault
    result = gated(project, *GATE)

    assert result.ret == 0
    assert len(cases(project)) == 11
    assert suite(project) == ("0", "0")
    told = properties(cases(project)["test_answers::test_answers[easy-00001]"])
    assert (told["score"], told["outcome"][:6]) == ("0", "wrong:")
    (skipped,) = cases(project)["test_answers::test_answers[easy-00000]"].iter("skipped")
    assert "error: " in str(skipped.get("message"))
    assert "1 wrong" in result.outlines[-1]
    assert "1 errored" in result.outlines[-1]


def test_other_tests_are_cases_as_ever(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_plain="def test_fails():\n    assert 1 == 2\n\ndef test_passes():\n    pass\n")

    result = gated(project, "--eval-min-score", "answers=0.2", "test_plain.py")

    assert result.ret == 1
    assert set(cases(project)) == {"test_plain::test_fails", "test_plain::test_passes", "gate::answers"}
    assert suite(project) == ("1", "0")


def test_the_summary_has_scores_runs_and_what_regressed(project: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed = run(project, "--model", "faulty", "--eval-save-baseline", "base.json", "test_answers.py")
    wrong(faulty, "easy 1", text="41 | <b>@all</b> https://evil.example `x` $1")

    result = gated(project, *GATE)

    text = (project.path / "gate.md").read_text()
    runs = [line.partition("run ")[2][:8] for line in (*blessed.outlines, *result.outlines) if "; run " in line]
    assert "| | | why | before | now |" in text
    assert "| ✅ passed | answers | change -10.0 pp" in text
    assert "| 1.000 | 0.900 |" in text
    assert "### Regressed: 1 samples" in text
    assert "| answers&#91;easy-00001&#93; | easy 1: what is 6 &#42; 7? | 42 | " in text
    assert " | 1 | 0 |" in text
    assert f"run {runs[1]} of faulty, against " in text
    assert f"base.json of run {runs[0]}" in text
    assert "answers: 10 new, none stored" in text
    assert "<b>" not in text
    assert "://" not in text


def stopping(handler: object, _: object) -> None:
    send(handler, 401, {"error": {"message": "no such key"}})  # type: ignore[arg-type]


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_gate_that_was_not_reached_says_why(
    project: pytest.Pytester, faulty: FaultyServer, more: tuple[str, ...]
) -> None:
    run(project, "--model", "faulty", "--eval-save-baseline", "base.json", "test_answers.py")
    faulty.fault = stopping

    result = gated(project, *GATE, *more)

    assert result.ret != 0
    (error,) = cases(project)["gate::gate"].iter("error")
    text = (project.path / "gate.md").read_text()
    for said in (str(error.get("message")), text):
        assert "key" in said
        assert "interrupted: 0 of 10 selected tests were reported; no gate was judged" in said
    assert "❔ **not judged**: " in text
    assert "### Scores" not in text


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (["--eval-system", "Be brief."], "answers: the baseline's prompt was "),
        (["test_broken.py"], "the run ended before it asked anything"),
        (["--eval-min-score", "anwers=1"], "unknown benchmark in --eval-min-score, none of this run: 'anwers'"),
    ],
    ids=["another prompt", "a broken file", "a misspelt benchmark"],
)
def test_a_refused_run_leaves_no_earlier_verdict(
    project: pytest.Pytester, faulty: FaultyServer, refused: list[str], why: str
) -> None:
    run(project, "--model", "faulty", "--eval-save-baseline", "base.json", "test_answers.py")
    assert gated(project, *GATE).ret == 0
    (project.path / "test_broken.py").write_text("import nothing_there")
    asked = len(faulty.asked)

    result = gated(project, *GATE, *refused)

    assert result.ret in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED)
    assert len(faulty.asked) == asked
    (error,) = cases(project)["gate::gate"].iter("error")
    text = (project.path / "gate.md").read_text()
    assert why in str(error.get("message"))
    assert "❔ **not judged**: " in text
    assert "passed" not in text
    result.stdout.fnmatch_lines([f"written to {project.path / 'gate.md'}"])


def test_a_run_of_errors_is_a_gate_that_was_not_reached(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = lambda handler, _: send(handler, 400, {"error": {"message": "too long"}})

    result = gated(project, "--eval-min-score", "answers=0.5")

    assert result.ret == 10
    (error,) = cases(project)["gate::answers"].iter("error")
    assert "10 of 10 samples are errors, which is most of them; no gate was judged" in str(error.get("message"))
    assert "not judged" in Path(project.path / "gate.md").read_text()
