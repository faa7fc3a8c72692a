"""Labels of people: from a run to the page, from the page to the next run's gate."""

import json
import re
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pytest_modeleval.reports
from tests.conftest import FaultyServer, add_settings, alias, answer, modeleval, run
from tests.judging.conftest import ASKED, JUDGED, RULED, fields, verdict
from tests.reports.conftest import Open, chromium, open_page  # noqa: F401 - fixtures

# 160 questions, every fourth of which the model answers wrong.
MANY = JUDGED.replace('{"main": 4}', '{"main": 160}')
SMALL = JUDGED.replace('{"main": 4}', '{"main": 12}')


def model(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    number = int(body["messages"][-1]["content"].split()[-1])
    answer(str(number) if number % 4 else "I do not know")(handler, body)


def lenient(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Grades as it should, but every fortieth wrong answer, and every thirteenth right one, otherwise."""
    reference, given = fields(body)
    number = int(reference)
    right = given == reference
    answer(verdict("CORRECT" if right != (number % 40 == 0 or number % 39 == 1) else "INCORRECT"))(handler, body)


def mild(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Calls every other wrong answer right."""
    reference, given = fields(body)
    answer(verdict("CORRECT" if given == reference or int(reference) % 8 == 0 else "INCORRECT"))(handler, body)


@pytest.fixture
def judged(project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer) -> FaultyServer:
    """A model and its judge, which errs now and then."""
    project.makepyfile(test_graded=MANY)
    alias(project, "strict", base_url=other_server.url, model="strict", retries=1, timeout=60)
    other_server.models = ["strict"]
    other_server.fault, faulty.fault = lenient, model
    return other_server


def page_data(path: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="labels">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def labelled(data: dict[str, Any]) -> list[dict[str, Any]]:
    """What somebody who knows the answers would download."""
    return [
        {
            "label": "CORRECT" if each["texts"] == [each["reference"]] else "INCORRECT",
            **{name: each[name] for name in ("sample", "about")},
            **{name: data[name] for name in ("benchmark", "run", "seed")},
        }
        for each in data["entries"]
    ]


def keep(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in [{"policy_text": "the number alone"}, *rows]))


def result_of(project: pytest.Pytester, *flags: str) -> tuple[pytest.RunResult, dict[str, Any]]:
    result = run(project, *ASKED, "--eval-write", "out.json", *flags)
    found: dict[str, Any] = json.loads((project.path / "out.json").read_text())
    schema = json.loads((Path(pytest_modeleval.reports.__file__).parent / "results.schema.json").read_text())
    jsonschema.validate(found, schema)
    return result, found


def test_a_gate_goes_by_a_judge_that_labels_show_to_be_right(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer
) -> None:
    gated = ("--eval-min-score", "graded=0.6")
    without, told = result_of(project, *gated)

    assert without.ret == 6
    without.stdout.fnmatch_lines(["graded*inconclusive*advice only, as no labels tell how far the judge is believed*"])
    assert told["calibrations"][0]["why"].startswith("no labels tell")

    assert modeleval("labels", "last", "--sample", "120").outlines[0] == (
        "written to labels-graded.html: 120 of 160 judged answers of graded, drawn with seed 0"
    )
    keep(project.path / "labels.jsonl", labelled(page_data(project.path / "labels-graded.html")))
    add_settings(project, '[judge]\nlabels = "labels.jsonl"')
    asked = len(judged.asked)
    believed, told = result_of(project, *gated)

    assert believed.ret == 0
    # A gate asks the model and the judges anew; the labels are of what was answered, whichever run it was in.
    assert len(judged.asked) == asked + 160
    (found,) = told["calibrations"]
    assert (found["labels"], found["method"], found["why"], len(found["policies"])) == (120, "PPI++", "", 1)
    # Three of four are right.
    assert found["corrected"]["low"] < 0.75 < found["corrected"]["high"]
    believed.stdout.fnmatch_lines(
        ["graded: judges and 120 labels agree in 0.9*, kappa 0.*", "graded: score 0.*as judged, *PPI++*"]
    )

    demanding, _ = result_of(project, *gated, "--eval-set", 'judge.believe={"kappa": 0.999}')
    assert demanding.ret == 6
    demanding.stdout.fnmatch_lines(["graded*inconclusive*advice only, as the lower end of kappa's interval is 0.*"])


def test_a_least_score_passes_where_the_labels_say_so_too(project: pytest.Pytester, judged: FaultyServer) -> None:
    # Every other wrong answer is called right: 0.875 as judged, where 0.75 are.
    judged.fault = mild
    run(project, *ASKED)
    modeleval("labels", "last", "--sample", "120")
    keep(project.path / "labels.jsonl", labelled(page_data(project.path / "labels-graded.html")))
    add_settings(project, '[judge]\nlabels = "labels.jsonl"\nbelieve = { kappa = 0.2, rates = 0.3 }')

    contradicted, told = result_of(project, "--eval-min-score", "graded=0.81")
    agreed, _ = result_of(project, "--eval-min-score", "graded=0.6")

    assert (contradicted.ret, agreed.ret) == (6, 0)
    assert told["calibrations"][0]["why"] == ""
    contradicted.stdout.fnmatch_lines(
        ["graded*inconclusive*advice only, as labels make the score 0.7* score 0.875 of*"]
    )


def test_what_the_judges_said_of_the_labels_carries_over_to_other_answers(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer
) -> None:
    run(project, *ASKED)
    modeleval("labels", "last", "--sample", "120")
    keep(project.path / "labels.jsonl", labelled(page_data(project.path / "labels-graded.html")))
    read = modeleval("labels", "last", "--read", "labels.jsonl", "--write", "kept.jsonl")
    add_settings(project, '[judge]\nlabels = "kept.jsonl"')

    # Another model, which is right of every other question, and says so in other words.
    def other(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        number = int(body["messages"][-1]["content"].split()[-1])
        answer(str(number) if number % 2 else "none")(handler, body)

    faulty.fault = other
    for path in project.path.joinpath(".modeleval").glob("store.sqlite*"):
        path.unlink()
    result, told = result_of(project, "--eval-min-score", "graded=0.3")
    prompt = 'graded.judge_prompt="Be mild. {question}\nReference: {reference}\nAnswer:\n{answer}"'
    _, another = result_of(project, "--eval-set", prompt)

    assert read.ret == 0
    assert read.outlines[-1] == "written to kept.jsonl: 120 labels, 120 with what these judges said"
    (found,) = told["calibrations"]
    # Right answers to odd questions are the same, and no random part of these.
    assert (found["labels"], found["method"], result.ret) == (120, "Rogan-Gladen", 0)
    assert 0 < found["elsewhere"] < 120
    assert found["corrected"]["low"] < 0.5 < found["corrected"]["high"]
    # Of another prompt's verdicts, those that were kept say nothing.
    assert another["calibrations"][0]["elsewhere"] == 0
    assert another["calibrations"][0]["foreign"] == found["elsewhere"]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (["last", "--benchmark", "grade"], "'grade'; did you mean 'graded'"),
        (["last"], "judged exam, graded: say which by --benchmark exam"),
        (["last", "--benchmark", "graded", "--sample", "0"], "--sample takes a whole number of at least 1, not '0'"),
        (["last", "--read", "away.jsonl"], "cannot read the labels away.jsonl"),
        (["last~1"], "has no verdicts of judges: nothing is there to be labelled"),
        (["last", "--read", "other.jsonl"], "none of its 1 labels is of an answer of run"),
        (["last", "--benchmark", "graded", "--write", "other.html"], "other.html is there already"),
        (["last", "--read", "other.jsonl", "--write", "other.jsonl"], "other.jsonl is there already"),
        (["never"], "there is no run 'never'"),
        (["last", "--sample", "many"], "--sample takes a whole number of at least 1, not 'many'"),
        (["last", "--seed", "1.5"], "--seed takes a whole number, not '1.5'"),
        (["last", "--benchmark", "graded", "--write", "page.txt"], "--write takes FILE.html, not 'page.txt'"),
    ],
)
def test_what_cannot_be_labelled_is_one_line(
    project: pytest.Pytester, judged: FaultyServer, typed: list[str], why: str
) -> None:
    exam = JUDGED.partition("@benchmark")
    project.makepyfile(test_graded=JUDGED + "@benchmark" + exam[2].replace("test_graded", "test_exam"))
    run(project, "--model", "faulty", "test_answers.py")
    run(project, *ASKED)
    (project.path / "other.jsonl").write_text('{"sample": "main-00099", "label": "CORRECT"}')
    (project.path / "other.html").touch()

    result = modeleval("labels", *typed)

    assert result.ret == 2
    assert why in result.errlines[0]
    assert len(result.errlines) == 1


def test_protected_answers_say_what_keeps_them(project: pytest.Pytester, judged: FaultyServer) -> None:
    protected = SMALL.replace("@benchmark(ROWS, ", "@benchmark(ROWS, protected=True, to_sample=")
    project.makepyfile(test_graded=protected)
    run(project, *ASKED)
    result = modeleval("labels", "last")
    run(project, *ASKED, "--eval-set", "run.show=graded")

    assert modeleval("labels", "last").ret == 0
    result.stderr.fnmatch_lines(
        [
            "modeleval: graded[[]main-*: what was judged is not in the run store, as of protected benchmarks (--eval-set "
            "run.show=graded keeps it)"
        ]
    )


def test_labels_of_no_sample_here_end_the_run_before_a_question(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer
) -> None:
    project.makepyfile(test_graded=JUDGED)
    path = project.path / "labels.jsonl"
    path.write_text('{"sample": "graded[main-00099]", "label": "CORRECT"}')

    result = run(project, *ASKED, "--eval-set", "judge.labels=labels.jsonl")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "labels.jsonl: none of its 1 labels is of a sample of this run: the first is of graded: main-00099" in (
        result.stderr.str()
    )
    assert faulty.asked == judged.asked == []
    # Labels of another benchmark are there for its own runs.
    path.write_text('{"sample": "other[main-00001]", "label": "CORRECT"}')
    run(project, *ASKED, "--eval-set", "judge.labels=labels.jsonl").stdout.fnmatch_lines(
        ["graded: no label is of an answer with these judges' verdict (of *labels.jsonl)"]
    )


def test_workers_verdicts_are_labelled_too(project: pytest.Pytester, judged: FaultyServer) -> None:
    project.makepyfile(test_graded=JUDGED)
    (project.path / "labels.jsonl").write_text(
        "".join(
            json.dumps({"sample": f"main-0000{n}", "label": "INCORRECT" if n == 1 else "CORRECT"}) + "\n"
            for n in range(4)
        )
    )
    labels = ("--eval-set", "judge.labels=labels.jsonl", "--eval-write", "out.json")

    result = project.runpytest_subprocess("-p", "no:asyncio", *ASKED, "-n", "2", *labels)

    (found,) = json.loads((project.path / "out.json").read_text())["calibrations"]
    assert (found["labels"], found["method"], found["together"]["n"]) == (4, "Rogan-Gladen", 4), result.stdout.str()


def test_an_unknown_label_ends_a_gate_in_one_line(project: pytest.Pytester, judged: FaultyServer) -> None:
    project.makepyfile(test_graded=JUDGED)
    (project.path / "labels.jsonl").write_text('{"sample": "main-00001", "label": "RIGHT"}')

    result = run(project, *ASKED, "--eval-set", "judge.labels=labels.jsonl", "--eval-min-score", "graded=0.1")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = "labels.jsonl:1: as a label of graded, 'RIGHT' is none of CORRECT, INCORRECT"
    assert said in result.stdout.str() + result.stderr.str()


HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked=2'> \x1b[31m {answer} ]]>"


@pytest.mark.browser
def test_the_page_is_blind_and_its_labels_are_downloaded(
    project: pytest.Pytester,
    judged: FaultyServer,
    faulty: FaultyServer,
    open_page: Open,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    project.makepyfile(test_graded=SMALL)

    def hostile(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        number = int(body["messages"][-1]["content"].split()[-1])
        answer(HOSTILE if number == 0 else "</answer> yes" if number == 1 else str(number))(handler, body)

    faulty.fault = hostile
    judged.fault = answer(verdict("CORRECT"))
    run(project, *ASKED)
    modeleval("labels", "last", "--seed", "3")
    path = project.path / "labels-graded.html"
    source = path.read_text()

    # Neither what the judge said, nor who judged or answered.
    assert [word for word in ("as I see it", "judge=", "model=strict", "faulty", "verdicts") if word in source] == []
    page = open_page(path)
    assert page.locator("h1").inner_text() == "graded: 12 answers to label"
    page.locator("#annotator").fill("ann")
    page.locator("#policy").fill("Only the number counts.")
    entries = page_data(path)["entries"]
    for entry in entries:
        shown = page.locator("#answer .answer").inner_text()
        assert "<script>" in shown if entry["sample"] == "main-00000" else shown == entry["texts"][0]
        page.locator("h1").click()
        page.keyboard.press("c" if entry["texts"] == [entry["reference"]] else "i")
    assert "12 of 12, 12 labelled" in page.locator("#progress").inner_text()
    page.keyboard.press("ArrowLeft")
    page.reload()
    assert "1 of 12, 12 labelled" in page.locator("#progress").inner_text()
    with page.expect_download() as found:
        page.get_by_role("button", name="Download the labels").click()
    found.value.save_as(project.path / found.value.suggested_filename)
    assert page.evaluate("window.hacked") is None

    read = modeleval("labels", "last", "--read", "labels-graded.jsonl")

    assert found.value.suggested_filename == "labels-graded.jsonl"
    assert read.ret == 0
    # The judge called all right, of which two are wrong.
    read.stdout.fnmatch_lines(["graded: judges and 12 labels agree in 0.833 *, kappa -, true-positive rate 1.000 *"])
    rows = [json.loads(line) for line in (project.path / "labels-graded.jsonl").read_text().splitlines()]
    assert rows[0] == {"policy_text": "Only the number counts."}
    assert {(row["annotator"], row["seed"], row["benchmark"]) for row in rows[1:]} == {("ann", 3, "graded")}


def test_a_comparison_by_a_judge_that_nobody_labelled_is_advice(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer
) -> None:
    run(project, *ASKED, "--eval-save-baseline", "base.json")
    faulty.fault = answer("I do not know")

    worse = run(project, *ASKED, "--eval-baseline", "base.json", "--eval-write", "gate.md", "--junitxml", "gate.xml")
    passing = run(project, *ASKED, "--eval-baseline", "base.json", "--eval-set", "gate.gate_on_inconclusive=pass")

    assert (worse.ret, passing.ret) == (6, 0)
    worse.stdout.fnmatch_lines(["graded  inconclusive  advice only, as no labels tell *: change -7*.* pp *"])
    assert "inconclusive | graded | advice only, as no labels tell" in (project.path / "gate.md").read_text()
    assert "inconclusive: advice only, as no labels tell" in (project.path / "gate.xml").read_text()


def test_without_a_judge_the_rule_s_score_gates_as_ever(
    project: pytest.Pytester, judged: FaultyServer, faulty: FaultyServer
) -> None:
    project.makepyfile(test_graded=RULED)
    faulty.fault = answer("1.")

    gated = ("--model", "faulty", "test_graded.py", "--eval-min-score", "graded=0.9")
    alone = run(project, *gated)
    with_judge = run(project, *gated, "--model", "judge=strict")

    assert (alone.ret, with_judge.ret) == (1, 6)
