"""No sample is left out of what a gate judges: by xfail, by a skip that saw the answer, by a second verdict."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.conftest import ANSWERS, FaultyServer, answer, run, run_alone, send

MIN = ("--model", "faulty", "--eval-min-score", "answers=0.9", "test_answers.py")


@pytest.fixture
def half_right(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A model that is right about the 20 easy questions and wrong about the 20 hard ones."""

    def respond(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        answer("42" if "easy" in json.dumps(body) else "41")(handler, body)

    project.makepyfile(test_answers=with_40(ANSWERS))
    faulty.fault = respond
    return project


def with_40(test: str) -> str:
    return test.replace('{"easy": 6, "hard": 4}', '{"easy": 20, "hard": 20}')


def refuse(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """Refuse a prompt."""
    send(handler, 400, {"error": {"code": "content_filter", "message": "filtered"}})


def written(project: pytest.Pytester, old: str, new: str) -> None:
    """Write the benchmark with something else in it."""
    assert old in ANSWERS
    project.makepyfile(test_answers=with_40(f"import pytest\n{ANSWERS.replace(old, new)}"))


XFAILED = [
    ("@benchmark", "@pytest.mark.xfail\n@benchmark"),
    ("    assert same", "    if not same_number(completion, sample.target): pytest.xfail('known')\n    assert same"),
]


@pytest.mark.parametrize(("old", "new"), XFAILED, ids=["mark", "call"])
def test_a_wrong_answer_that_xfail_expects_is_wrong(half_right: pytest.Pytester, old: str, new: str) -> None:
    written(half_right, old, new)

    result = run(half_right, *MIN)

    assert result.ret == 1
    result.stdout.re_match_lines([r"answers  failed +score 0\.500 of 40, .*", ".* 20 xfailed.*"])


def test_without_a_gate_an_xfail_is_no_failure_of_the_run_and_counts_in_the_score(half_right: pytest.Pytester) -> None:
    written(half_right, *XFAILED[0])

    result = run(half_right, "--model", "faulty", "test_answers.py")

    assert result.ret == 0
    result.stdout.re_match_lines([r"faulty +answers +40 +0 +0\.500 .*"])


def test_a_strict_xfail_fails_the_run_and_leaves_the_right_answers_right(half_right: pytest.Pytester) -> None:
    written(half_right, "@benchmark", "@pytest.mark.xfail(strict=True)\n@benchmark")

    result = run(half_right, "--model", "faulty", "test_answers.py")

    assert result.ret == 1
    result.stdout.re_match_lines([r"faulty +answers +40 +0 +0\.500 .*"])


def test_a_request_that_fails_is_an_error_under_xfail_too(half_right: pytest.Pytester, faulty: FaultyServer) -> None:
    written(half_right, *XFAILED[0])
    right = faulty.fault
    faulty.fault = lambda handler, body: (right if "easy" in json.dumps(body) else refuse)(handler, body)

    result = run(half_right, *MIN)

    assert result.ret == 7
    result.stdout.re_match_lines(["answers  failed +20 errors in 40, .*"])


def test_an_xfail_that_is_not_run_is_unscored(half_right: pytest.Pytester) -> None:
    written(half_right, "@benchmark", "@pytest.mark.xfail(run=False)\n@benchmark")

    result = run(half_right, *MIN)

    assert result.ret == 7
    result.stdout.re_match_lines(["answers  inconclusive +no sample was scored.*"])


def test_what_is_skipped_after_its_answer_counts_as_an_error_of_a_gate(half_right: pytest.Pytester) -> None:
    written(half_right, XFAILED[1][0], XFAILED[1][1].replace("xfail", "skip"))

    result = run(half_right, *MIN)

    assert result.ret == 7
    result.stdout.re_match_lines(["answers  failed +0 errors and 20 skipped after they were answered in 40, .*"])


def test_what_the_baselines_run_skipped_too_is_no_error(half_right: pytest.Pytester) -> None:
    written(half_right, "    assert same", "    if 'hard' in sample.asked: pytest.skip('known')\n    assert same")
    run(half_right, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "b.json")
    assert json.loads((half_right.path / "b.json").read_text())["benchmarks"]["answers"]["unscored"][0] == "hard-00000"

    result = run(
        half_right, "--model", "faulty", "test_answers.py", "--eval-baseline", "b.json", "--eval-margin", "20pp"
    )

    assert result.ret == 0


def test_a_baseline_with_an_error_in_it_serves_a_gate(half_right: pytest.Pytester, faulty: FaultyServer) -> None:
    right = faulty.fault
    faulty.fault = lambda handler, body: (refuse if "easy 7:" in json.dumps(body) else right)(handler, body)
    run(half_right, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "b.json")
    faulty.fault = right

    result = run(
        half_right, "--model", "faulty", "test_answers.py", "--eval-baseline", "b.json", "--eval-margin", "20pp"
    )

    assert result.ret == 0
    result.stdout.re_match_lines(["answers  passed .* 0 regressed and 0 fixed of 39.*"])


def test_a_failed_test_beside_it_stays_one_where_xfails_are_wrong(half_right: pytest.Pytester) -> None:
    written(half_right, *XFAILED[0])
    half_right.makepyfile(test_beside="def test_beside():\n    assert False\n")

    result = run(
        half_right, "--model", "faulty", "--eval-min-score", "answers=0.1", "test_answers.py", "test_beside.py"
    )

    assert result.ret == 1
    result.stdout.re_match_lines(["answers  passed .*"])


@pytest.mark.parametrize("flag", [MIN[2:4], ("--eval-save-baseline", "b.json")], ids=lambda flag: flag[0])
def test_a_sample_with_several_verdicts_is_refused(
    half_right: pytest.Pytester, faulty: FaultyServer, flag: tuple[str, str]
) -> None:
    two = '@pytest.mark.parametrize("style", ["a", "b"])\n@benchmark'
    half_right.makepyfile(
        test_answers=with_40(
            "import pytest\n" + ANSWERS.replace("@benchmark", two).replace("Completion) ->", "Completion, style) ->")
        )
    )

    result = run(half_right, "--model", "faulty", *flag, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.re_match_lines(["ERROR: .*: sample easy-00000 is selected more than once, .*"])
    assert faulty.asked == []


def test_a_baseline_of_one_parameter_is_none_of_another(half_right: pytest.Pytester) -> None:
    written(half_right, "completion: Completion", "completion: Completion, strict: bool")
    asked = "--model", "faulty", "--eval-margin", "20pp", "test_answers.py"
    for strict in "yes", "no":
        half_right.makeconftest(
            f"def pytest_generate_tests(metafunc):\n    metafunc.parametrize('strict', ['{strict}'])\n"
        )
        run(half_right, *asked, "--eval-save-baseline", f"{strict}.json")

    other, same = (run(half_right, *asked, "--eval-baseline", f"{strict}.json") for strict in ("yes", "no"))
    waived = run(half_right, *asked, "--eval-baseline", "yes.json", "--eval-set", "gate.waive=parameters")

    assert other.ret == pytest.ExitCode.USAGE_ERROR
    other.stderr.re_match_lines(["ERROR: answers: the baseline's parameters was yes, this run's is no: .*"])
    assert same.ret == waived.ret == 0


def test_a_gate_over_bodies_that_never_ran_is_inconclusive(half_right: pytest.Pytester) -> None:
    result = run(half_right, *MIN, "--setup-only")

    assert result.ret == 6


def test_recorded_answers_are_not_compared_with_themselves(half_right: pytest.Pytester) -> None:
    samples = [f"answers[{subset}-{row:05}]" for subset in ("easy", "hard") for row in range(20)]
    lines = [json.dumps({"id": sample, "text": "42"}) for sample in samples]
    half_right.path.joinpath("one.jsonl").write_text("\n".join(lines))
    half_right.path.joinpath("copy.jsonl").write_text("\n".join(lines))
    half_right.path.joinpath("other.jsonl").write_text("\n".join(reversed(lines)))
    gate = "test_answers.py", "--eval-baseline", "b.json", "--eval-margin", "20pp", "--model"
    run(half_right, "--model", "replay:one.jsonl", "test_answers.py", "--eval-save-baseline", "b.json")

    same, copy, other = (run(half_right, *gate, f"replay:{name}.jsonl") for name in ("one", "copy", "other"))

    assert same.ret == copy.ret == pytest.ExitCode.USAGE_ERROR
    same.stderr.re_match_lines(["ERROR: answers: the baseline .*b.json was made of these recorded answers, .*"])
    assert other.ret == 0


def test_recorded_answers_are_not_compared_with_themselves_in_another_layout(half_right: pytest.Pytester) -> None:
    samples = [f"answers[{subset}-{row:05}]" for subset in ("easy", "hard") for row in range(20)]
    texts = [f"Of sample {number} it is said that the answer is 42" for number in range(40)]
    rows = list(zip(samples, texts, strict=True))
    replies: list[dict[str, Any]] = [{"choices": [{"message": {"content": text}}]} for text in texts]
    for name, lines in (
        ("one", [{"id": sample, "text": text} for sample, text in rows]),
        ("turned", [{"text": f"{text}\n", "id": sample} for sample, text in reversed(rows)]),
        (
            "batch",
            [
                {"custom_id": sample, "response": {"status_code": 200, "body": body}, "error": None}
                for sample, body in zip(samples, replies, strict=True)
            ],
        ),
        ("other", [{"id": sample, "text": f"{text}."} for sample, text in rows]),
    ):
        half_right.path.joinpath(f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    gate = "test_answers.py", "--eval-baseline", "b.json", "--eval-margin", "20pp", "--model"
    run(half_right, "--model", "replay:one.jsonl", "test_answers.py", "--eval-save-baseline", "b.json")

    turned, batch, other = (run(half_right, *gate, f"replay:{name}.jsonl") for name in ("turned", "batch", "other"))

    assert turned.ret == batch.ret == pytest.ExitCode.USAGE_ERROR
    batch.stderr.re_match_lines(["ERROR: answers: the baseline .*b.json was made of these recorded answers, .*"])
    assert other.ret == 0


def test_recorded_answers_are_not_compared_with_themselves_beside_others(half_right: pytest.Pytester) -> None:
    rows = [f"answers[{subset}-{row:05}]" for subset in ("easy", "hard") for row in range(20)]
    lines = [json.dumps({"id": sample, "text": "42"}) for sample in rows]
    for folder, further in (("one", '{"id": "mine[main-00000]", "text": "1"}'), ("more", ""), ("else", "")):
        half_right.mkdir(folder)
        own = reversed(lines) if folder == "else" else lines
        half_right.path.joinpath(folder, "answers.jsonl").write_text("\n".join(own))
        # A file without answers is in all of them.
        half_right.path.joinpath(folder, "about.json").write_text("{}")
        if further:
            half_right.path.joinpath(folder, "further.jsonl").write_text(further)
    gate = "test_answers.py", "--eval-baseline", "b.json", "--eval-margin", "20pp", "--model"
    run(half_right, "--model", "replay:one", "test_answers.py", "--eval-save-baseline", "b.json")

    more, alone, other = (run(half_right, *gate, f"replay:{name}") for name in ("more", "one/answers.jsonl", "else"))

    assert more.ret == alone.ret == pytest.ExitCode.USAGE_ERROR
    assert other.ret == 0


def test_a_subset_of_the_baseline_that_is_not_asked_is_named(half_right: pytest.Pytester) -> None:
    run(half_right, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "b.json")
    gate = "--model", "faulty", "test_answers.py", "--eval-baseline", "b.json", "--eval-margin", "20pp"

    part, whole = run(half_right, *gate, "-k", "easy"), run(half_right, *gate)

    said = (
        "the baseline also has answers:hard (20 samples), of which this run asked nothing: the gate says nothing of it"
    )
    part.stdout.fnmatch_lines([said])
    assert "the baseline also has" not in whole.stdout.str()


def test_the_last_failed_alone_are_refused_before_anything_is_asked(
    half_right: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.fault = lambda handler, body: answer("41" if "easy 1" in json.dumps(body) else "42")(handler, body)
    run(half_right, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "b.json")
    faulty.asked.clear()

    result = run(half_right, "--model", "faulty", "test_answers.py", "--eval-baseline", "b.json", "--lf")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.re_match_lines(["ERROR: answers: 9 samples are in the baseline only, .*"])
    assert faulty.asked == []


def test_a_copy_of_the_process_that_a_body_forked_judges_nothing(half_right: pytest.Pytester) -> None:
    fork = "    import os\n    if not (child := os.fork()): return\n    assert os.waitpid(child, 0)[1]\n    assert same"
    written(half_right, "    assert same", fork)

    result = run_alone(half_right, *MIN, "--eval-save-baseline", "b.json", "-k", "hard", "-W", "ignore")

    assert result.ret == 1
    result.stdout.re_match_lines([r"answers  failed +score 0\.000 of 20, .*"])
    assert not (half_right.path / "b.json").exists()
