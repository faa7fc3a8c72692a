"""Allure's results of a run: what they say of each sample and of the whole."""

import json
import re
from pathlib import Path

import pytest

from pytest_modeleval.history.past import Run
from pytest_modeleval.reports.allure.report import CATEGORIES, _escaped, _executor
from tests.conftest import ANSWERS, FaultyServer, alias, run
from tests.reports.allure.conftest import Results, attached, read


def named(number: str) -> str:
    return f"answers[{number}]"


def test_each_mistake_has_its_status_category_and_severity(results: Results) -> None:
    found = results()

    said = {}
    for name, one in found.items():
        message = one["statusDetails"].get("message", "")
        fits = [
            each["name"]
            for each in CATEGORIES
            if re.fullmatch(str(each["messageRegex"]), message, re.DOTALL) and one["status"] in each["matchedStatuses"]
        ]
        severity = [label["value"] for label in one["labels"] if label["name"] == "severity"]
        said[name] = (one["status"], fits, severity)
    assert said == {
        "run": ("passed", [], []),
        named("easy-00000"): ("broken", ["Filtered"], ["critical"]),
        named("easy-00001"): ("failed", ["Cut off"], ["critical"]),
        named("easy-00002"): ("failed", ["Refused"], ["critical"]),
        named("easy-00003"): ("failed", ["No answer found"], ["normal"]),
        named("easy-00004"): ("broken", ["Request error"], ["blocker"]),
        named("easy-00005"): ("failed", ["Wrong answer"], ["normal"]),
        **{named(f"hard-0000{n}"): ("passed", [], ["normal"]) for n in range(4)},
    }


def test_a_sample_tells_model_benchmark_subset_and_tags(results: Results) -> None:
    one = results()[named("easy-00005")]

    labels = {(label["name"], label["value"]) for label in one["labels"]}
    assert {("parentSuite", "faulty"), ("suite", "answers"), ("subSuite", "easy"), ("tag", "math")} <= labels
    assert {("epic", "answers"), ("feature", "easy"), ("model", "faulty"), ("mistake", "wrong answer")} <= labels
    told = {each["name"]: each["value"] for each in one["parameters"] if not each.get("excluded")}
    measured = {each["name"]: each["value"] for each in one["parameters"] if each.get("excluded")}
    assert told == {"model": "faulty", "benchmark": "answers", "subset": "easy"}
    assert (measured["score"], measured["tokens"]) == ("0", "7 in, 3 out")
    assert one["statusDetails"]["message"] == "wrong answer: expected '42', got '41'"
    assert one["stop"] >= one["start"] > 1.5e12


def test_the_conversation_is_text_whatever_the_model_wrote(project: pytest.Pytester, results: Results) -> None:
    one = results()[named("easy-00005")]

    page = attached(project.path / "results", one, "conversation")
    assert "<h2>user</h2>\n<pre>easy 5: what is 6 * 7?</pre>" in page
    assert '<h2>thinking</h2><pre class="thinking">Let me think.</pre>' in page
    assert "&lt;script&gt;document.title=&#x27;owned&#x27;&lt;/script&gt;" in page
    assert "␛[31m␀ � ⟨U+202E⟩ &amp;amp; " in page
    assert "<script" not in page + one["descriptionHtml"]
    assert "<tr><th>expected</th><td>42</td></tr><tr><th>read in the answer</th><td>41</td></tr>" in page


def test_the_verdict_is_a_table_below_it(project: pytest.Pytester, results: Results) -> None:
    one = results()[named("easy-00001")]

    page = attached(project.path / "results", one, "conversation")
    table = page.partition("<h2>verdict: cut off</h2>")[2]
    cells = dict(re.findall("<tr><th>(.*?)</th><td>(.*?)</td></tr>", table))
    assert re.fullmatch(r"0\.\d{3} s", cells.pop("latency"))
    assert cells == {
        "expected": "42",
        "read in the answer": "41",
        "score": "0",
        "finish reason": "length",
        "tokens": "7 in, 3 out",
    }
    assert table in one["descriptionHtml"]


def test_an_error_says_what_kept_the_answer_back(project: pytest.Pytester, results: Results) -> None:
    one = results()[named("easy-00004")]

    assert one["statusDetails"]["message"].startswith("request error: no answer after 2 attempts: 500")
    assert "<h2>no answer</h2><pre>no answer after 2 attempts: 500" in attached(
        project.path / "results", one, "conversation"
    )


@pytest.mark.parametrize(
    ("what", "shown", "said"),
    [
        ("all", 10, "all 10 samples are in this report"),
        ("failures", 6, "6 of 10 samples are in this report; left out: 4 right; its share of passed tests is no score"),
        ("sample:1", 7, "7 of 10 samples are in this report; left out: 3 right; its share of passed tests is no score"),
        ("sample:9", 10, "all 10 samples are in this report"),
    ],
)
def test_the_report_says_what_it_leaves_out(
    project: pytest.Pytester, results: Results, what: str, shown: int, said: str
) -> None:
    found = results("--eval-set", f"run.allure={what}", "test_answers.py")

    assert len(found) - 1 == shown
    assert {named(f"easy-0000{n}") for n in range(6)} <= found.keys()
    assert said in attached(project.path / "results", found["run"], "overview")
    assert f"samples = {said}\n" in (project.path / "results" / "environment.properties").read_text()


def test_unscored_samples_are_left_out_and_counted(project: pytest.Pytester, results: Results) -> None:
    skipping = ANSWERS.replace("    assert", "    import pytest\n    pytest.skip('not today')\n    assert")
    project.makepyfile(test_answers=skipping)
    found = results("--eval-set", "run.allure=sample:100", "test_answers.py")

    said = attached(project.path / "results", found["run"], "overview")
    assert "2 of 10 samples are in this report; left out: 8 unscored; its share of passed tests is no score" in said
    assert results("test_answers.py")[named("hard-00000")]["status"] == "skipped"


def test_the_first_screen_has_scores_gate_and_run(project: pytest.Pytester, results: Results) -> None:
    found = results("--eval-min-score", "answers=0.9", "test_answers.py")

    environment = (project.path / "results" / "environment.properties").read_text()
    assert re.search(
        r"^score:\\ answers,\\ faulty = 0\.500 \[0\.\d+, 0\.\d+\] of 8 samples, 2 errors$",
        environment.replace("\\:", ":"),
        re.M,
    )
    assert re.search(r"^gate\\:\\ answers = (failed|inconclusive): score 0\.500 of 8", environment, re.M)
    assert re.search(r"^run = [0-9a-f]{8}, 20", environment, re.M)
    assert found["run"]["status"] in ("failed", "broken")
    names = [each["name"] for each in found["run"]["attachments"]]
    assert names == ["overview", "Scores", "Score against length", "Tokens", "Latency"]
    (everything,) = (project.path / "results").glob("*-globals.json")
    assert [each["name"] for each in json.loads(everything.read_text())["attachments"]] == names
    assert "<td>answers</td><td>easy</td>" in attached(project.path / "results", found["run"], "overview")


def told_first(project: pytest.Pytester) -> list[str]:
    """What stands on the first screen."""
    return (project.path / "results" / "environment.properties").read_text().splitlines()


def test_a_run_that_was_broken_off_is_broken(project: pytest.Pytester, results: Results) -> None:
    one = results("-x", "test_answers.py")["run"]

    said = next(line for line in told_first(project) if line.startswith("ended = "))
    assert re.match(
        r"ended = interrupted: 1 of 10 selected tests were reported; \d+ answers? kept, 9 tests left; ", said
    )
    assert (one["status"], one["statusDetails"]) == ("broken", {"message": said.removeprefix("ended = ")})


def test_all_that_a_gate_says_of_a_benchmark_is_on_the_first_screen(project: pytest.Pytester, results: Results) -> None:
    results("--eval-min-score", "answers=0.1", "--eval-set", "gate.max_error_rate=0.01", "test_answers.py")

    (said,) = (line for line in told_first(project) if line.startswith("gate"))
    assert "answers = passed: score " in said
    assert "; failed: 2 errors in 10" in said


def test_the_executor_orders_the_runs(project: pytest.Pytester, results: Results) -> None:
    results()
    results()

    executor = json.loads((project.path / "results" / "executor.json").read_text())
    assert (executor["name"], executor["buildOrder"]) == ("pytest-modeleval", 2)


@pytest.mark.parametrize(
    ("environment", "name", "url"),
    [
        (
            {"GITHUB_RUN_ID": "7", "GITHUB_SERVER_URL": "https://g", "GITHUB_REPOSITORY": "a/b"},
            "GitHub Actions",
            "https://g/a/b/actions/runs/7",
        ),
        ({"CI_JOB_URL": "https://l/jobs/7"}, "GitLab CI", "https://l/jobs/7"),
        ({"BUILD_URL": "https://j/7"}, "Jenkins", "https://j/7"),
    ],
)
def test_a_ci_job_is_the_executor(environment: dict[str, str], name: str, url: str) -> None:
    executor = _executor(Run("abcdef012345", 1.0), 3, environment)

    assert (executor["name"], executor["buildUrl"], executor["buildOrder"]) == (name, url, 3)


def test_a_sample_keeps_its_history_over_runs_and_has_retries(project: pytest.Pytester, results: Results) -> None:
    before = {name: one["historyId"] for name, one in results().items()}
    after = {name: one["historyId"] for name, one in results().items()}

    assert before == after
    assert len(set(after.values())) == len(after) == 11
    assert len(list((project.path / "results").glob("*-result.json"))) == 22


def test_models_and_repeats_have_histories_of_their_own(
    project: pytest.Pytester, faulty: FaultyServer, results: Results
) -> None:
    alias(project, "other", base_url=faulty.url, model="faulty", retries=0)
    results("--model", "other", "--eval-repeats", "2", "test_answers.py")

    samples = [json.loads(path.read_text()) for path in (project.path / "results").glob("*-result.json")]
    one = [each for each in samples if each["fullName"] == named("hard-00001")]
    assert len(one) == len({each["historyId"] for each in one}) == 4
    assert len({each["testCaseId"] for each in one}) == 1


def test_it_works_under_xdist(project: pytest.Pytester, results: Results) -> None:
    alone = {name: one["historyId"] for name, one in results().items()}
    for path in (project.path / "results").iterdir():
        path.unlink()
    split = {name: one["historyId"] for name, one in results("-n", "2", "test_answers.py").items()}

    assert split == alone


def test_other_tests_are_still_reported_by_allure_pytest(project: pytest.Pytester, results: Results) -> None:
    project.makepyfile(
        test_other="""
        import allure
        import pytest

        @pytest.fixture
        def number(): return 1

        def test_other(number): assert number == 2

        def test_attaching(): allure.attach("text", "note")
        """
    )
    found = results("test_answers.py", "test_other.py", "-p", "no:randomly")

    assert found["test_other#test_other"]["status"] == "failed"
    assert found["test_other#test_other"]["historyId"]
    assert found["test_other#test_attaching"]["attachments"][0]["name"] == "note"
    assert len(found) == 13
    containers = [json.loads(path.read_text()) for path in (project.path / "results").glob("*-container.json")]
    assert "number" in [before["name"] for each in containers for before in each["befores"]]
    assert not {"sample", "completion"} & {before["name"] for each in containers for before in each["befores"]}


def test_images_are_shown_from_their_own_text(project: pytest.Pytester, results: Results) -> None:
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    parts = [
        {"type": "text", "text": "easy 5"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,PHN2Zy8+"}},
    ]
    asking = ANSWERS.replace('Sample(row["q"], "42")', f'Sample([{{"role": "user", "content": {parts!r}}}], "42")')
    project.makepyfile(test_answers=asking)
    one = results("--eval-limit", "1", "--eval-set", "run.allure=all", "test_answers.py")

    page = next(attached(project.path / "results", each, "conversation") for name, each in one.items() if name != "run")
    assert f'<img alt="image" src="data:image/png;base64,{pixel}">' in page
    assert page.count("<img") == 1
    assert "https://example.org/a.png" in page


def test_a_bad_value_is_refused_in_one_line(project: pytest.Pytester) -> None:
    result = run(project, "--model", "tiny", "--eval-set", "run.allure=some")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --eval-set run.allure takes all, failures or sample:N, not 'some'"])


@pytest.mark.parametrize("folder", ["test_answers.py", "test_answers.py/below"])
def test_a_folder_that_cannot_be_is_refused_in_one_line(
    project: pytest.Pytester, faulty: FaultyServer, folder: str
) -> None:
    result = run(project, "--model", "faulty", "--alluredir", folder, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --alluredir takes a folder, and {project.path}/test_answers.py is none: *"])
    assert not faulty.asked


def test_an_environment_is_a_properties_file() -> None:
    assert _escaped("a\\b\n汉\U0001f600") == "a\\u005cb\\u000a\\u6c49\\ud83d\\ude00"


def test_without_a_model_nothing_is_changed(pytester: pytest.Pytester) -> None:
    pytest.importorskip("allure_pytest")
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest("--alluredir", "results")

    assert [one["status"] for one in read(Path("results")).values()] == ["passed"]
    assert not (pytester.path / "results" / "environment.properties").exists()
