"""The gate as a user meets it: exit status, lines, files."""

import json
import re
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ANSWERS, FaultyServer, alias, answer, run, run_alone, send

MANY = ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 150, "hard": 50}')


@pytest.fixture
def many(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A benchmark of 200 samples."""
    project.makepyfile(test_answers=MANY)
    return project


def wrong(faulty: FaultyServer, *numbers: int) -> None:
    """Answer the easy questions of these numbers wrong."""
    marks = [f"easy {number}:" for number in numbers]
    faulty.fault = lambda handler, body: answer(
        "41" if any(mark in body["messages"][-1]["content"] for mark in marks) else "42"
    )(handler, body)


def ask(project: pytest.Pytester, *flags: str) -> pytest.RunResult:
    return run(project, "--model", "faulty", "--eval-cache", "off", "test_answers.py", *flags)


def blessed(project: pytest.Pytester, faulty: FaultyServer, *flags: str) -> Path:
    wrong(faulty, 0, 1)
    ask(project, "--eval-save-baseline", "b.json", *flags)
    return project.path / "b.json"


def test_the_same_model_passes(many: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(many, faulty)

    result = ask(many, "--eval-baseline", "b.json", "--eval-margin", "2pp")

    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r"=+ gate =+",
            r"answers  passed +change \+0\.0 pp \[-1\.\d, \+1\.\d\], 0 regressed and 0 fixed of 200, p 1; margin 2 pp, "
            r"200 samples could show a drop of \d\.\d pp",
        ]
    )


def test_each_benchmark_has_a_least_score_of_its_own(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_more=ANSWERS.replace("test_answers", "test_more"))
    flags = ("--eval-min-score", "more=0.5", "--eval-min-score", "answers=0.6")

    result = run(project, "--model", "faulty", "test_answers.py", "test_more.py", *flags)

    result.stdout.re_match_lines_random([r"more +passed +score 1\.000 .*", r"answers +passed +score 1\.000 .*"])


def test_a_run_says_that_it_saved_a_baseline(project: pytest.Pytester, faulty: FaultyServer) -> None:
    wrong(faulty, 0, 1)

    result = ask(project, "--eval-save-baseline", "b.json", "--eval-write", "s.md")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"baseline saved: {project.path / 'b.json'}"])
    assert "baseline saved: " in (project.path / "s.md").read_text()


def test_a_worse_model_fails_with_its_own_status(many: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(many, faulty)
    wrong(faulty, *range(1, 16))

    files = ["--junitxml", "j.xml", "--eval-write", "s.md", "--eval-write", "o.json"]
    result = ask(many, "--eval-baseline", "b.json", *files)

    assert result.ret == 1
    result.stdout.re_match_lines(
        [r"answers  failed +change -6\.5 pp .* 14 regressed and 1 fixed of 200, p 0\.00049; .*"]
    )
    cases = ElementTree.parse(many.path / "j.xml").getroot().findall(".//testcase")
    (case,) = [case for case in cases if case.get("classname") == "gate"]
    assert case.get("name") == "answers"
    assert "failed: change -6.5 pp" in ElementTree.tostring(case, encoding="unicode")
    assert "| ❌ failed | answers | change -6.5 pp" in (many.path / "s.md").read_text()
    assert "| faulty | answers | main | 200 | 0 | 0.925 |" in (many.path / "s.md").read_text()
    assert json.loads((many.path / "o.json").read_text())["run"]["exit_status"] == 1


@pytest.mark.parametrize(("policy", "status"), [("fail", 6), ("pass", 0)])
def test_too_few_to_tell_is_neither(many: pytest.Pytester, faulty: FaultyServer, policy: str, status: int) -> None:
    blessed(many, faulty)
    wrong(faulty, 1, 2, 3, 4)

    result = ask(many, "--eval-baseline", "b.json", "--eval-set", f"gate.gate_on_inconclusive={policy}")

    assert result.ret == status
    result.stdout.re_match_lines([r"answers  inconclusive +change -1\.0 pp .*"])


def test_the_gate_is_the_same_under_xdist(many: pytest.Pytester, faulty: FaultyServer) -> None:
    file = blessed(many, faulty, "-n", "2")
    ask(many, "--eval-save-baseline", "alone.json")
    wrong(faulty, *range(1, 16))

    result = ask(many, "--eval-baseline", "b.json", "-n", "2")

    one, two = (json.loads(path.read_text()) for path in (file, many.path / "alone.json"))
    assert one.pop("run") != two.pop("run")
    assert one == two
    assert result.ret == 1
    result.stdout.re_match_lines([r"answers  failed +.* 14 regressed and 1 fixed of 200.*"])


def test_a_baseline_is_only_written_when_asked(project: pytest.Pytester, faulty: FaultyServer) -> None:
    file = blessed(project, faulty)
    before = file.read_text()
    wrong(faulty, 7)

    ask(project, "--eval-baseline", "b.json")

    assert file.read_text() == before


@pytest.mark.parametrize(
    ("least", "status", "line"),
    [
        (
            "answers=0.95",
            0,
            r"passed +score 0\.990 of 200, at least 0\.95 is asked of the one-sided 95% lower bound 0\.97\d",
        ),
        (
            "answers=98%",
            6,
            r"inconclusive +score 0\.990 of 200, at least 0\.98 is asked of the one-sided 95% lower bound .*",
        ),
        ("answers=1", 1, r"failed +score 0\.990 of 200, at least 1 is asked of the one-sided 95% upper bound 0\.99\d"),
        ("answers:hard=0.9", 0, r"passed +score 1\.000 of 50, .*"),
    ],
)
def test_a_least_score(many: pytest.Pytester, faulty: FaultyServer, least: str, status: int, line: str) -> None:
    wrong(faulty, 0, 1)

    result = ask(many, "--eval-min-score", least)

    assert result.ret == status
    result.stdout.re_match_lines([rf"{least.partition('=')[0]} +{line}"])


def test_a_least_score_that_no_share_can_reach_is_refused_before_anything_is_asked(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    result = run(project, "--model", "faulty", "--eval", "arithmetic", "--eval-min-score", "arithmetic=80")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --eval-min-score arithmetic takes a score *, not 80; did you mean 0.80?"])
    assert not faulty.asked


def test_a_least_score_is_of_the_score_in_the_table(project: pytest.Pytester, faulty: FaultyServer) -> None:
    weighted = (
        "score = same_number(completion, sample.target)\n    Score(score.value, score.passed, weight=9 if score else 1)"
    )
    project.makepyfile(
        test_answers=ANSWERS.replace("assert same_number(completion, sample.target)", weighted)
        .replace("import Completion", "import Completion, Score")
        .replace('{"easy": 6, "hard": 4}', '{"easy": 60, "hard": 60}')
    )
    right, wrong = answer("42"), answer("41")
    faulty.fault = lambda handler, body: (wrong if "hard" in body["messages"][-1]["content"] else right)(handler, body)

    result = run(project, "--model", "faulty", "test_answers.py", "--eval-min-score", "answers=0.8")

    assert result.ret == 0
    result.stdout.re_match_lines([r"faulty +answers +120 +0  0\.900 ", r"answers  passed +score 0\.900 of 120, .*"])


def test_errors_fail_a_gate_by_their_share_and_never_as_wrong(many: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(many, faulty)
    good = faulty.fault

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if re.search(r"hard [0-4]:", body["messages"][-1]["content"]):
            send(handler, 400, {"error": {"message": "maximum context length is 9", "code": "context_length_exceeded"}})
        else:
            good(handler, body)

    faulty.fault = fault
    strict = ask(many, "--eval-baseline", "b.json", "--eval-margin", "2pp")
    lenient = ask(many, "--eval-baseline", "b.json", "--eval-margin", "2pp", "--eval-set", "gate.max_error_rate=5%")

    assert (strict.ret, lenient.ret) == (7, 0)
    strict.stdout.re_match_lines([r"answers +failed +5 errors in 200, more than 1\.0% accepted"])
    lenient.stdout.re_match_lines([r"answers  passed +.* 0 regressed and 0 fixed of 195.*"])


def test_a_model_asked_twice_tells_its_own_noise(many: pytest.Pytester, faulty: FaultyServer) -> None:
    """Every easy question whose number is a multiple of five is answered wrong the second time: 30 of 200."""
    seen: set[str] = set()

    def second_time(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        question = body["messages"][-1]["content"]
        differs = question in seen and re.match(r"easy \d*[05]:", question)
        seen.add(question)
        answer("41" if differs else "42")(handler, body)

    faulty.fault = second_time
    ask(many, "--eval-save-baseline", "b.json", "--eval-set", "gate.aa=true", "--eval-concurrency", "1")
    content = json.loads((many.path / "b.json").read_text())["benchmarks"]["answers"]

    assert content["discordance"] == 0.15
    assert len(content["samples"]) == 200
    assert {outcome[1] for outcome in content["samples"].values()} == {1.0}
    wrong(faulty)
    faulty.asked.clear()
    result = ask(many, "--eval-baseline", "b.json", "--eval-margin", "3pp")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: answers: a margin of 3 pp cannot be seen with 200 samples, as two runs of the same model differ on "
            "15.0% of them: it needs 1,031. Give a wider --eval-margin, or more samples"
        ]
    )
    assert not faulty.asked


BEFORE_ASKING = [
    (["--eval-baseline", "none.json"], "there is no baseline *none.json yet: bless a run (--eval-save-baseline)"),
    (["--eval-min-score", "gsm8k=0.8"], "unknown benchmark in --eval-min-score, none of this run: 'gsm8k'*"),
    (
        ["--eval-min-score", "answers:esy=0.8"],
        "unknown part of answers in --eval-min-score: 'esy'; did you mean 'easy'*",
    ),
    (["--eval-min-score", "0.8"], "--eval-min-score takes BENCHMARK=SCORE or BENCHMARK:PART=SCORE, not '0.8'"),
    (["--eval-min-score", "answers=nan"], "--eval-min-score answers takes a score such as 0.8 or 80%, not 'nan'"),
    (["--eval-margin", "0"], "--eval-margin 0: no number of samples shows that a model lost nothing at all; take 1pp"),
    *(
        (
            ["--eval-margin", text],
            f"--eval-margin takes percentage points or a share of the samples: {meant}, not '{text}'",
        )
        for text, meant in {
            "1": "1pp or 0.01",
            "1%": "1pp or 0.01",
            "pp": "1pp or 0.01",
            "x": "1pp or 0.01",
            "nan": "1pp or 0.01",
            "0.5": "0.5pp or 0.005",
            "50": "50pp",
            "100pp": "1pp or 0.01",
        }.items()
    ),
    (["--eval-set", "gate.waive=x"], "unknown pin in waive of [[]gate]: 'x'*"),
    (["--eval-generation", "seed=1"], "answers: the baseline's seed was none, this run's is 1: *gate.waive=sampling"),
    (["--eval-filter", "strip"], "answers: the baseline's filters was none, this run's is strip: *"),
    (["--eval-system", "x"], "answers: the baseline's prompt was *"),
    (["--eval-set", "run.choices=loglikelihood"], "answers: the baseline's prompt was *"),
    (["--count", "2"], "pytest-repeat asks again until an answer is right, *"),
    (
        ["--eval-set", "gate.max_error_rate=2"],
        "--eval-set gate.max_error_rate takes a share such as 1% or 0.01, not '2'",
    ),
    (
        ["--eval-set", "gate.gate_on_inconclusive=x"],
        "--eval-set gate.gate_on_inconclusive takes one of pass, fail, not 'x'",
    ),
]


@pytest.mark.parametrize(("flags", "message"), BEFORE_ASKING)
def test_what_cannot_be_gated_is_refused_before_anything_is_asked(
    project: pytest.Pytester, faulty: FaultyServer, flags: list[str], message: str
) -> None:
    project.makeconftest("def pytest_addoption(parser): parser.addoption('--count', type=int)")
    blessed(project, faulty)
    faulty.asked.clear()

    result = ask(project, "--eval-baseline", "b.json", *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert not faulty.asked


def test_a_pin_may_be_waived(many: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(many, faulty)

    flags = ["--eval-generation", "seed=1", "--eval-set", "gate.waive=sampling"]
    result = ask(many, "--eval-baseline", "b.json", "--eval-margin", "2pp", *flags)

    assert result.ret == 0


def test_another_scorer_is_refused(project: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(project, faulty)
    project.makepyfile(
        test_answers=ANSWERS.replace("same_number(completion, sample.target)", "same_number(completion, '42')")
    )

    result = ask(project, "--eval-baseline", "b.json")

    result.stderr.fnmatch_lines(["ERROR: answers: the baseline's scorer was *, this run's is *"])


def test_other_samples_are_refused_before_anything_is_asked(many: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(many, faulty, "--eval-limit", "100")
    faulty.asked.clear()

    result = ask(many, "--eval-baseline", "b.json")

    result.stderr.fnmatch_lines(
        [
            "ERROR: answers: 100 samples are not in the baseline, such as *: ask the same (--eval-limit or "
            "--eval-limit-per-subset and --eval-seed, as it was blessed with), or bless a new run"
        ]
    )
    assert not faulty.asked


def test_a_whole_run_that_lacks_samples_of_the_baseline_is_refused(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    blessed(project, faulty)
    project.makepyfile(test_answers=ANSWERS.replace('"hard": 4', '"hard": 3'))

    result = ask(project, "--eval-baseline", "b.json", "--eval-set", "gate.waive=scorer")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: answers: 1 samples are in the baseline only, such as hard-00003: * by which a run may ask fewer*"]
    )


@pytest.mark.parametrize("limit", [["--eval-limit", "100"], ["--eval-limit-per-subset", "50"]], ids=["all", "subset"])
def test_a_limited_run_is_compared_with_the_samples_it_asks(
    many: pytest.Pytester, faulty: FaultyServer, limit: list[str]
) -> None:
    blessed(many, faulty)

    result = ask(many, "--eval-baseline", "b.json", "--eval-margin", "5pp", *limit)

    assert result.ret == 0
    result.stdout.re_match_lines([r"answers  passed +.* of 100, .*"])


def test_a_sample_that_asks_something_else_is_refused(project: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(project, faulty)
    project.makepyfile(test_answers=ANSWERS.replace("what is 6 * 7?", "what is 7 * 6?"))

    result = ask(project, "--eval-baseline", "b.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["answers: sample easy-00000 asks something else than in the baseline: the data or*"])


def test_a_plain_test_that_fails_stays_a_failure(many: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(many, faulty)
    many.makepyfile(test_plain="def test_plain(): assert False")

    result = ask(many, "test_plain.py", "--eval-baseline", "b.json", "--eval-margin", "2pp")

    assert result.ret == 1
    result.stdout.re_match_lines([r"answers  passed .*"])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ("--eval-baseline", "b.json", "--eval-set", "gate.waive=scorer"),
            "nothing was scored: there is nothing to compare with the baseline",
        ),
        (("--eval-save-baseline", "new.json"), "nothing was scored: there is nothing to save as a baseline"),
    ],
    ids=["compared", "saved"],
)
def test_a_run_that_scored_nothing_does_not_pass(
    project: pytest.Pytester, faulty: FaultyServer, flags: tuple[str, ...], said: str
) -> None:
    blessed(project, faulty)
    project.makepyfile(test_answers="import pytest\n" + ANSWERS.replace("@benchmark", "@pytest.mark.skip\n@benchmark"))

    result = ask(project, *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines([said])


def test_a_run_that_was_interrupted_has_no_verdict(project: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed(project, faulty)
    project.makepyfile(test_answers=ANSWERS + "    if sample.prompt.startswith('hard 3:'): raise KeyboardInterrupt\n")

    flags = ["--eval-set", "gate.waive=scorer", "--eval-save-baseline", "new.json"]
    # In a process of its own: an interrupt would end this run of the tests too.
    result = run_alone(project, "--model", "faulty", "test_answers.py", "--eval-baseline", "b.json", *flags)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "= gate =" not in result.stdout.str()
    assert not (project.path / "new.json").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ["--eval-save-baseline", "b.json"],
        ["--eval-baseline", "b.json"],
        ["--eval-baseline", "b.json", "--eval-only", "regressed"],
    ],
    ids=["saved", "compared", "regressed"],
)
def test_a_baseline_is_for_one_model(many: pytest.Pytester, faulty: FaultyServer, flags: list[str]) -> None:
    alias(many, "other", base_url=faulty.url, model="faulty")
    blessed(many, faulty)
    ask(many, "--model", "other")
    faulty.asked.clear()

    result = ask(many, "--model", "other", *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: a baseline is for one model, not for 2: faulty, other"])
    assert not faulty.asked


@pytest.mark.parametrize("flags", [[], ["-v"], ["-n", "2"]], ids=["dots", "-v", "xdist"])
def test_the_gates_own_test_case_is_no_part_beyond_the_whole(
    project: pytest.Pytester, faulty: FaultyServer, flags: list[str]
) -> None:
    least = [f"--eval-min-score={name}=0.1" for name in ("answers", "answers:easy")]

    said = run(project, "--model", "faulty", *least, *flags, "test_answers.py").stdout.str()

    shares = [int(share) for share in re.findall(r"\[ *(\d+)%\]", said)]
    assert max(shares) == 100
