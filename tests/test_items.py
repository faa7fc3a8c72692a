"""Each sample is an item, and pytest's own options mean what they always mean."""

import json
import re
import xml.etree.ElementTree as ET

import pytest

from tests.conftest import ANSWERS, FaultyServer, alias, answer, run, run_alone


@pytest.fixture
def half(project: pytest.Pytester, faulty: FaultyServer) -> FaultyServer:
    """The faulty server, whose answers to the hard questions are wrong."""
    right, wrong = answer("42"), answer("41")
    faulty.fault = lambda handler, body: (wrong if "hard" in json.dumps(body) else right)(handler, body)
    return faulty


def ids(result: pytest.RunResult) -> list[str]:
    return re.findall(r"::(\w+\[[^\]]*\])", result.stdout.str())


def test_ids_are_subset_and_number(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "--collect-only", "-q", "test_answers.py")

    expected = [f"test_answers[{s}-{i:05}]" for s, n in (("easy", 6), ("hard", 4)) for i in range(n)]
    assert ids(result) == expected
    assert faulty.asked == []
    assert not (project.path / ".modeleval/store.sqlite").exists()


def test_right_wrong_and_the_exit_status(project: pytest.Pytester, half: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=6, failed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_an_items_texts_are_let_go_of_when_it_is_done(project: pytest.Pytester, half: FaultyServer) -> None:
    project.makeconftest(
        """
        from pathlib import Path
        from pytest_modeleval.asking.trial import TRIAL

        def pytest_sessionfinish(session):
            Path("kept").write_text(str([TRIAL in item.stash for item in session.items]))
        """
    )

    run(project, "--model", "faulty", "test_answers.py")

    assert (project.path / "kept").read_text() == str([False] * 10)


@pytest.mark.parametrize(
    ("arguments", "passed", "failed"),
    [
        (["-k", "easy"], 6, 0),
        (["-k", "hard and 00001"], 0, 1),
        (["-k", "answers and not easy"], 0, 4),
        (["-m", "math"], 6, 4),
        (["-m", "modeleval"], 6, 4),
        (["-k", "MATH and easy"], 6, 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_k_and_m_select(
    project: pytest.Pytester, half: FaultyServer, arguments: list[str], passed: int, failed: int
) -> None:
    result = run(project, "--model", "faulty", *arguments, "test_answers.py")

    outcomes = result.parseoutcomes()
    assert (outcomes.get("passed", 0), outcomes.get("failed", 0)) == (passed, failed)
    assert len(half.asked) == passed + failed


def test_a_node_id_selects_one(project: pytest.Pytester, half: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py::test_answers[hard-00002]").assert_outcomes(failed=1)


def test_lf_runs_what_failed(project: pytest.Pytester, half: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py")

    run(project, "--model", "faulty", "--lf", "test_answers.py").assert_outcomes(failed=4)


def test_x_stops_at_the_first_and_cancels_what_is_in_flight(project: pytest.Pytester, half: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "-x", "test_answers.py")

    result.assert_outcomes(passed=6, failed=1)


def test_junit_has_the_outcomes_and_the_latency(project: pytest.Pytester, half: FaultyServer) -> None:
    run(project, "--model", "faulty", "--junitxml", "out.xml", "test_answers.py")
    suite = ET.parse(project.path / "out.xml").getroot()[0]

    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("10", "4", "0")
    case = suite.findall("testcase")[-1]
    assert case.get("name") == "test_answers[hard-00003]"
    assert "expected '42'\ngot '41'" in str(case[-1].get("message"))
    assert float(str(case.get("time"))) > 0


def test_limit_is_a_seeded_draw_over_subsets(project: pytest.Pytester, faulty: FaultyServer) -> None:
    def drawn(*arguments: str) -> list[str]:
        return ids(run(project, "--model", "faulty", "--collect-only", "-q", *arguments, "test_answers.py"))

    four = drawn("--eval-limit", "4")
    assert len(four) == 4
    assert four != [f"test_answers[easy-{i:05}]" for i in range(4)]
    assert four == drawn("--eval-limit", "4")
    assert set(four) <= set(drawn("--eval-limit", "7"))
    assert four != drawn("--eval-limit", "4", "--eval-seed", "1")
    assert len(drawn("--eval-limit", "99")) == 10


def test_limit_per_subset(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(
        project, "--model", "faulty", "--collect-only", "-q", "--eval-limit-per-subset", "2", "test_answers.py"
    )

    assert [name.split("-")[0] for name in ids(result)] == ["test_answers[easy"] * 2 + ["test_answers[hard"] * 2


def test_repeats_are_items_asked_separately(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "--eval-repeats", "2", "-k", "hard", "-v", "test_answers.py")

    result.assert_outcomes(passed=8)
    assert ids(result)[:2] == ["test_answers[hard-00000-r1]", "test_answers[hard-00000-r2]"]
    assert len(faulty.asked) == 8


def test_two_models_are_in_the_id_and_the_table(project: pytest.Pytester, half: FaultyServer) -> None:
    alias(project, "other", base_url=half.url, model="other")

    result = run(project, "--model", "faulty", "--model", "other", "-v", "test_answers.py")

    result.assert_outcomes(passed=12, failed=8)
    assert ids(result)[0] == "test_answers[faulty-easy-00000]"
    result.stdout.re_match_lines([r"faulty +answers +10 .* 0\.600", r"other +answers +10 .* 0\.600"])


def test_data_is_opened_only_for_what_can_be_selected(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(
        test_other="""
        from pytest_modeleval import Sample, benchmark, hub

        NOWHERE = hub(modelscope="a/b", huggingface="a/b", split="test")

        @benchmark(NOWHERE, lambda row: Sample("", ""))
        def test_nowhere(sample, completion):
            pass
        """
    )

    run(project, "--model", "faulty", "-k", "answers", ".").assert_outcomes(passed=10, deselected=0)
    refused = run(project, "--model", "faulty", ".", "--eval-offline")

    refused.stderr.fnmatch_lines(["ERROR: nowhere has no default/test of a/b in ModelScope's cache on this machine*"])


def test_without_a_model_benchmarks_are_skipped_with_the_reason(project: pytest.Pytester) -> None:
    result = run(project, "-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no model: give --model NAME"])


@pytest.mark.parametrize("model", [(), ("--model", "faulty")], ids=["without", "with"])
def test_a_tests_own_fixture_may_be_named_sample(
    project: pytest.Pytester, faulty: FaultyServer, model: tuple[str, ...]
) -> None:
    project.makepyfile(
        test_own="import pytest\n@pytest.fixture\ndef sample(): return 7\ndef test_it(sample): assert sample == 7"
    )

    run(project, *model, "test_own.py").assert_outcomes(passed=1)


def test_ordinary_tests_beside_a_benchmark_are_untouched(project: pytest.Pytester, half: FaultyServer) -> None:
    project.makepyfile(
        test_plain="""
        def test_fails():
            assert 1 + 1 == 3, "arithmetic"

        def test_passes(model_name="x"):
            pass
        """
    )

    result = run(project, "--model", "faulty", ".")

    result.assert_outcomes(passed=7, failed=5)
    result.stdout.fnmatch_lines(["*___ test_fails ___*", "E       AssertionError: arithmetic"])


def test_a_crash_in_a_scorer_is_an_error_with_its_traceback(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace("assert same_number(completion, sample.target)", "1 / 0"))

    result = run(project, "--model", "faulty", "-k", "easy", "test_answers.py")

    assert result.parseoutcomes()["errors"] == 6
    result.stdout.fnmatch_lines(["E       ZeroDivisionError: division by zero"])
    result.stdout.re_match_lines([r"faulty +answers +0 +6 +- "])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    assert same_number(completion, sample.target)", "    1 / 0"),
        ("def test_answers(sample: Sample, completion: Completion) -> None:", "async def test_answers(sample): 1 / 0"),
        ('Sample(row["q"], "42")', "1 / 0"),
    ],
    ids=["body", "async body", "to_sample"],
)
def test_what_a_benchmarks_code_raises_is_shown_as_in_any_test(
    project: pytest.Pytester, faulty: FaultyServer, old: str, new: str
) -> None:
    code = ANSWERS.replace(old, new)
    if new.startswith("async"):
        code = code.replace("    assert same_number(completion, sample.target)", "")
    project.makepyfile(test_answers=code)

    result = run(project, "--model", "faulty", "-k", "easy", "test_answers.py")

    assert result.parseoutcomes()["errors"] == 6
    result.stdout.fnmatch_lines(["ZeroDivisionError of 6 samples, such as test_answers?easy-0000??"])
    result.stdout.no_fnmatch_line("*direct cause*")
    result.stdout.no_fnmatch_line("*SampleError*")


def test_a_plain_assert_is_a_score(project: pytest.Pytester, half: FaultyServer) -> None:
    project.makepyfile(
        test_answers=ANSWERS.replace("same_number(completion, sample.target)", "completion.text == '42'")
    )

    result = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=6, failed=4)
    result.stdout.fnmatch_lines(
        ["test_answers?hard-00000?  asked 'hard 0: what is 6 [*] 7?'", "    expected '42': *'41' == '42'"]
    )


# pytest-asyncio asks for this setting, or warns.
QUIET = ["-o", "asyncio_default_fixture_loop_scope=function"]

ASYNC = """
import pytest
from pytest_modeleval import Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"n": index}, {"main": 4})

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_turns(sample, model):
    first = await model.complete(sample.prompt)
    again = [*sample.messages, {"role": "assistant", "content": first.text}, {"role": "user", "content": "sure?"}]
    second = await model.complete(again, temperature=0)
    if "3" in sample.prompt:
        pytest.skip("not this one")
    assert same_number(second, sample.target)

async def test_of_the_user():
    assert True
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_async_bodies_run_ahead_and_pytest_asyncio_keeps_its_own(
    project: pytest.Pytester, faulty: FaultyServer, mode: str
) -> None:
    mark = "" if mode == "auto" else "@pytest.mark.asyncio\n"
    project.makepyfile(test_answers=ASYNC.replace("async def test_of", f"{mark}async def test_of"))
    right, wrong = answer("42"), answer("41")
    faulty.fault = lambda handler, body: (wrong if "say 1" in json.dumps(body) else right)(handler, body)

    result = project.runpytest("--model", "faulty", "--asyncio-mode", mode, *QUIET, "test_answers.py")

    result.assert_outcomes(passed=3, failed=1, skipped=1)
    assert len(faulty.asked) == 8
    assert faulty.asked[-1]["temperature"] == 0
    result.stdout.fnmatch_lines(["test_turns?main-00001?  asked 'say 1', expected '42', got '41'"])
    result.stdout.re_match_lines([r"faulty +turns +3 +0 +1 +0\.667 .* 80$"])


def test_an_async_body_may_take_fixtures_of_its_own(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(
        test_answers=ASYNC.replace("(sample, model)", "(sample, model, tmp_path)").replace(
            "first = await", "(tmp_path / 'asked').touch(); first = await"
        )
    )

    run(project, "--model", "faulty", "-k", "turns", "test_answers.py").assert_outcomes(
        passed=3, skipped=1, deselected=1
    )


def test_several_scores_are_metrics_of_their_own(project: pytest.Pytester, half: FaultyServer) -> None:
    project.makepyfile(
        test_answers=ANSWERS.replace(
            "    assert same", '    same_number(completion, "41", name="other")\n    assert same'
        )
    )

    result = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=6, failed=4)
    result.stdout.re_match_lines([r"faulty +answers +main +10 .* 0\.600", r"faulty +answers +other +10 .* 0\.400"])


def test_an_endpoint_without_an_alias_honours_the_openai_variables(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", faulty.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

    run(project, "--model", "openai:faulty", "test_answers.py").assert_outcomes(passed=10)

    assert faulty.asked[0]["model"] == "faulty"
    assert faulty.headers[0]["authorization"] == "Bearer sk-test"


def test_a_model_that_cannot_be_opened_stops_the_run_in_one_line(project: pytest.Pytester) -> None:
    alias(project, "mine", api="mine", model="x")
    project.makeconftest("def pytest_modeleval_open_model(spec): raise OSError('no such device')")

    result = run(project, "--model", "mine", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: cannot open mine: OSError: no such device"])


def test_a_librarys_warning_is_no_error_of_a_sample(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nfilterwarnings = error")
    alias(project, "mine", api="mine", model="x")
    project.makeconftest(
        """
        import warnings
        from pytest_modeleval import Chat, Completion

        class Mine:
            answers = {Chat}
            concurrency = 2
            async def check(self, kind): pass
            async def close(self): pass
            async def answer(self, request):
                warnings.warn_explicit("old kernel", UserWarning, "torch/x.py", 1, module="torch.x")
                return Completion("42")

        def pytest_modeleval_open_model(spec):
            return Mine()
        """
    )

    run_alone(project, "--model", "mine", "test_answers.py").assert_outcomes(passed=10)


def test_a_conftest_may_open_a_model_of_its_own(project: pytest.Pytester) -> None:
    alias(project, "mine", api="mine", model="x", args={"says": "42"})
    project.makeconftest(
        """
        from pytest_modeleval import Chat, Completion

        class Mine:
            answers = {Chat}
            concurrency = 2
            def __init__(self, says): self.says = says
            async def check(self, kind): pass
            async def close(self): pass
            async def answer(self, request): return Completion(self.says)

        def pytest_modeleval_open_model(spec):
            return Mine(**spec.args) if spec.api == "mine" else None
        """
    )

    run(project, "--model", "mine", "test_answers.py").assert_outcomes(passed=10)


def test_the_name_of_a_file_above_the_root_folder_selects_its_samples(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the file stands below the session itself, where pytest looks at its name as everywhere."""
    inside = project.mkdir("inside")
    (inside / "pytest.ini").write_text("[pytest]\n")
    (project.path / "modeleval.toml").rename(inside / "modeleval.toml")
    monkeypatch.chdir(inside)

    result = run(project, "--model", "faulty", "-c", "pytest.ini", "-k", "test_answers.py", "../test_answers.py")

    result.assert_outcomes(passed=10)


def test_an_extra_keyword_selects_samples(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS + "\ntest_answers.nightly = True\n")

    run(project, "--model", "faulty", "-k", "nightly", "test_answers.py").assert_outcomes(passed=10)
