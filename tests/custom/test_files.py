"""A user's own files, from outside: what runs, what is asked, and what is refused."""

import gzip
import json
import re
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from pytest_modeleval.custom.files import read
from tests.conftest import FaultyServer, add_settings, alias, answer, run, run_alone

CHOICES: list[dict[str, Any]] = [
    {"id": "a", "question": "6 * 7?", "A": "41", "B": "42", "answer": "B"},
    {"id": "b", "question": "Capital of Italy?", "A": "Rome", "B": "Paris", "C": "Bern", "answer": "A"},
]
QUESTIONS: list[dict[str, Any]] = [
    {"query": "6 * 7?", "response": "42"},
    {"messages": [{"role": "user", "content": "Capital of Italy?"}], "response": ["Rome", "Roma"]},
]


@pytest.fixture
def replayed(pytester: pytest.Pytester) -> pytest.Pytester:
    """An empty project with a model that answers B and 42."""
    pytester.makeini("[pytest]")
    pytester.makeconftest(
        """
        from pytest_modeleval import Chat, Completion

        class Constant:
            answers = {Chat}
            concurrency = 4
            async def check(self, kind): pass
            async def close(self): pass
            async def answer(self, request):
                return Completion("ANSWER: B" if "ANSWER:" in str(request.messages) else "42")

        def pytest_modeleval_open_model(spec):
            return Constant()
        """
    )
    alias(pytester, "constant", api="constant", model="x")
    return pytester


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(lines)
    return path


def evaluate(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return run(project, "--model", "constant", *arguments)


def refused(project: pytest.Pytester, said: str, *arguments: str) -> None:
    """The run ends with this one line, without a traceback and before anything is asked."""
    result = evaluate(project, *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert not (project.path / ".modeleval/store.sqlite").exists()


@pytest.mark.parametrize("name", ["my.jsonl", "my.jsonl.gz", "my.parquet"])
def test_a_file_is_a_benchmark_of_its_name(replayed: pytest.Pytester, name: str) -> None:
    written(replayed.path / name, CHOICES)

    result = evaluate(replayed, "--eval-file", name, "-rp")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"PASSED {name}::test_my?main:a?"])
    result.stdout.fnmatch_lines(
        [
            "test_my?main:b?  asked 'Capital of Italy?', expected 'A' 'Rome', got 'B' '*'",
            "constant  my * 2 * 0 * 0.500 *",
        ]
    )


def test_nothing_that_was_made_ready_is_left_in_the_temporary_folder(
    replayed: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    written(replayed.path / "my.jsonl", CHOICES)

    result = run_alone(replayed, "--model", "constant", "--eval-file", "my.jsonl")

    result.assert_outcomes(passed=1, failed=1)
    assert list(tmp_path.iterdir()) == []


def test_several_files_are_several_benchmarks(replayed: pytest.Pytester) -> None:
    written(replayed.path / "my.jsonl", CHOICES)
    written(replayed.path / "sub/faq.jsonl", QUESTIONS)

    result = evaluate(replayed, "--eval-file", "my.jsonl", "--eval-file", "sub/faq.jsonl")

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.re_match_lines([r"constant +my +main +2 +0 +0\.500", r"constant +faq +main +2 +0 +0\.500", r"constant +faq +f1 +2 +0 +0\.500"])  # fmt: skip


def test_nothing_else_runs_unless_a_path_is_typed(replayed: pytest.Pytester) -> None:
    written(replayed.path / "my.jsonl", CHOICES)
    replayed.makepyfile(test_other="def test_other(): pass")

    evaluate(replayed, "--eval-file", "my.jsonl").assert_outcomes(passed=1, failed=1)
    evaluate(replayed, "--eval-file", "my.jsonl", "test_other.py").assert_outcomes(passed=2, failed=1)
    evaluate(replayed, "--eval-file", "my.jsonl", "my.jsonl::test_my[main:a]").assert_outcomes(passed=1)
    evaluate(replayed, "--eval-file", "no/../my.jsonl", "no/../my.jsonl::test_my[main:a]").assert_outcomes(passed=1)


def test_a_file_that_is_a_link_has_the_links_name(replayed: pytest.Pytester) -> None:
    (replayed.path / "my.jsonl").symlink_to(written(replayed.path / "blobs/abc", CHOICES))

    result = evaluate(replayed, "--eval-file", "my.jsonl", "--eval-file", "./my.jsonl")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["constant  my *"])


def test_pytests_own_flags_mean_what_they_mean(replayed: pytest.Pytester) -> None:
    written(replayed.path / "my.jsonl", CHOICES)
    written(replayed.path / "faq.jsonl", QUESTIONS)
    files = ["--eval-file", "my.jsonl", "--eval-file", "faq.jsonl"]

    evaluate(replayed, *files, "-k", "faq").assert_outcomes(passed=1, failed=1)
    evaluate(replayed, *files, "-k", "my and main:b").assert_outcomes(failed=1, deselected=1)
    evaluate(replayed, *files, "--eval-limit", "1").assert_outcomes(passed=2)
    evaluate(replayed, *files).assert_outcomes(passed=2, failed=2)
    evaluate(replayed, *files, "--lf").assert_outcomes(failed=2)
    evaluate(replayed, *files, "--eval-write", "out.json").assert_outcomes(passed=2, failed=2)
    rows = json.loads((replayed.path / "out.json").read_text())["rows"]
    assert {(row["benchmark"], row["metric"], row["score"]) for row in rows} == {
        ("my", "main", 0.5),
        ("faq", "main", 0.5),
        ("faq", "f1", 0.5),
    }


def test_an_unknown_name_is_answered_with_the_files(replayed: pytest.Pytester) -> None:
    written(replayed.path / "my.jsonl", CHOICES)

    refused(replayed, "unknown benchmark, subset or tag in -k 'mi': 'mi'; did you mean 'main'? Known: main, my.", "--eval-file", "my.jsonl", "-k", "mi")  # fmt: skip


def test_a_folders_files_are_subsets_with_their_examples(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("ANSWER: B")
    written(project.path / "exam/one_val.jsonl", CHOICES)
    written(project.path / "exam/one_dev.jsonl", [{"question": "1 + 1?", "A": "2", "B": "3", "answer": "A"}])
    written(project.path / "exam/two.jsonl", CHOICES[:1])
    (project.path / "exam/README.md").write_text("not data")

    whole = run(project, "--model", "faulty", "--eval-file", "exam")
    shots = run(project, "--model", "faulty", "--eval-file", "exam", "--eval-shots", "1", "-k", "one")

    whole.assert_outcomes(passed=2, failed=1)
    whole.stdout.re_match_lines([r"faulty +exam +3", r"faulty +one +2", r"faulty +two +1"])
    shots.assert_outcomes(passed=1, failed=1)
    asked = [[message["content"][:6] for message in body["messages"]] for body in faulty.asked]
    assert sorted(asked)[:2] == [["1 + 1?", "ANSWER", "6 * 7?"], ["1 + 1?", "ANSWER", "Capita"]]


def test_without_a_file_of_examples_there_are_no_shots(replayed: pytest.Pytester) -> None:
    written(replayed.path / "exam/one_val.jsonl", CHOICES)
    written(replayed.path / "exam/one_dev.jsonl", CHOICES)
    written(replayed.path / "exam/two.jsonl", CHOICES)
    written(replayed.path / "my.jsonl", CHOICES)

    result = evaluate(replayed, "--eval-file", "exam", "--eval-shots", "1")

    result.assert_outcomes(passed=1, failed=1, errors=2)
    result.stdout.fnmatch_lines(["*exam has no two_dev file for the examples of two; ask with 0 shots"])
    refused_shots = evaluate(replayed, "--eval-file", "my.jsonl", "--eval-shots", "1")
    refused_shots.stderr.fnmatch_lines(["ERROR: my has no split of solved examples: ask it with 0 shots, not 1"])


def test_one_question_of_several_right_options_makes_its_file_ask_for_all(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.fault = answer("ANSWER: B")
    written(project.path / "my.jsonl", [CHOICES[0], {**CHOICES[1], "answer": ["A", "C"]}])

    run(project, "--model", "faulty", "--eval-file", "my.jsonl").assert_outcomes(passed=1, failed=1)

    ends = {asked["messages"][-1]["content"].splitlines()[-1] for asked in faulty.asked}
    assert ends == {"End with a line that says ANSWER: and the letters of all right options."}


def test_the_prompt_may_use_every_column(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("B")
    written(project.path / "my.jsonl", [{**CHOICES[0], "category": "maths", "system": "Be brief."}])

    run(project, "--model", "faulty", "--eval-file", "my.jsonl", "--eval-prompt", "{category}: {question}\n{options}").assert_outcomes(passed=1)  # fmt: skip

    assert [message["content"] for message in faulty.asked[0]["messages"]] == ["Be brief.", "maths: 6 * 7?\nA. 41\nB. 42"]  # fmt: skip


@pytest.mark.parametrize(
    ("metrics", "mark", "passed", "named"),
    [
        ([], None, 1, {"main", "f1"}),
        (["f1"], None, 1, {"main"}),
        (["f1"], "0.3", 2, {"main"}),
        (["rouge"], "0.3", 2, {"main", "rouge-1", "rouge-2"} | {f"rouge-{n}-{p}" for n in "12l" for p in ("precision", "recall")}),
        (["bleu", "exact"], "0.01", 2, {"main", "bleu-1", "bleu-2", "bleu-3", "exact"}),
    ],
    ids=["default", "f1", "mark", "rouge", "bleu"],
)  # fmt: skip
def test_free_text_by_any_metric(
    replayed: pytest.Pytester, metrics: list[str], mark: str | None, passed: int, named: set[str]
) -> None:
    written(replayed.path / "faq.jsonl", [QUESTIONS[0], {"question": "6 * 7?", "answer": "It is just 42"}])
    flags = ["--eval-set", f"run.metric={','.join(metrics)}"] if metrics else []
    flags += ["--eval-set", f"run.pass_mark={mark}"] if mark else []

    result = evaluate(replayed, "--eval-file", "faq.jsonl", "--eval-write", "out.json", *flags)

    result.assert_outcomes(passed=passed, failed=2 - passed)
    assert {row["metric"] for row in json.loads((replayed.path / "out.json").read_text())["rows"]} == named


@pytest.mark.parametrize(
    ("metrics", "passed", "named"),
    [("judge", 2, {"main"}), ("judge,f1", 2, {"main", "f1"}), ("exact,judge", 1, {"main", "judge"})],
)
def test_free_text_by_a_judge(
    replayed: pytest.Pytester, other_server: FaultyServer, metrics: str, passed: int, named: set[str]
) -> None:
    """The judge is shown the question, the right answers, and 42, which it finds right but for the capital."""
    written(replayed.path / "faq.jsonl", [*QUESTIONS, {"question": "7 * 6?", "answer": "forty-two"}])
    alias(replayed, "strict", base_url=other_server.url, model="faulty")

    def judge(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        is_right = "Capital of Italy" not in body["messages"][-1]["content"]
        answer(json.dumps({"reason": "", "verdict": "CORRECT" if is_right else "INCORRECT"}))(handler, body)

    other_server.fault = judge
    flags = ["--model", "judge=strict", "--eval-file", "faq.jsonl", "--eval-set", f"run.metric={metrics}"]

    result = evaluate(replayed, *flags, "--eval-write", "out.json")

    result.assert_outcomes(passed=passed, failed=3 - passed)
    rows = {row["metric"]: row["score"] for row in json.loads((replayed.path / "out.json").read_text())["rows"]}
    assert rows.keys() == named
    assert rows["main" if metrics.startswith("judge") else "judge"] == pytest.approx(2 / 3)
    asked = "\n".join(body["messages"][-1]["content"] for body in other_server.asked)
    for text in ("Question: 6 * 7?\n\nReference: 42\n", "Reference: one of these:\n- Rome\n- Roma\n", "forty-two"):
        assert text in asked


def test_a_judge_s_prompt_and_kind_are_the_user_s(replayed: pytest.Pytester) -> None:
    written(replayed.path / "faq.jsonl", QUESTIONS[:1])
    add_settings(replayed, '[judge]\nprompt = "Rate {answer} for {question}"\nkind = "number"\npattern = "^([0-9.]+)$"')
    (replayed.path / "verdicts.jsonl").write_text(json.dumps({"id": "faq[main-00000]", "text": "0.75"}))

    flags = ["--model", "judge=replay:verdicts.jsonl", "--eval-file", "faq.jsonl", "--eval-set", "run.metric=judge"]
    result = evaluate(replayed, *flags)

    result.stdout.re_match_lines([r".*faq +main measured +1 +0 +0\.750"])


def test_a_judge_that_is_not_there_is_said(replayed: pytest.Pytester) -> None:
    written(replayed.path / "faq.jsonl", QUESTIONS)

    result = evaluate(replayed, "--eval-file", "faq.jsonl", "--eval-set", "run.metric=judge")

    result.stderr.fnmatch_lines(["ERROR: faq: this benchmark needs a judge: --model judge=NAME"])


def test_files_may_stand_in_the_settings(replayed: pytest.Pytester) -> None:
    written(replayed.path / "my.jsonl", CHOICES)
    add_settings(replayed, '[run]\nmodel = "constant"\nfile = ["my.jsonl"]')

    run(replayed).assert_outcomes(passed=1, failed=1)


def lines(*rows: object) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


GOOD = CHOICES[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "*my.jsonl has no row"),
        ("\n\n", "*my.jsonl has no row"),
        ("{}\n{}\n", "*my.jsonl:1: there is no column in it"),
        ("{\n", "*my.jsonl:1: not JSON (Expecting property name enclosed in double quotes at column 2): '{'"),
        ("\n\n{\n", "*my.jsonl:3: not JSON (*): *"),
        (lines({"question": "?", "A": "41", "C": "42", "answer": "A"}), "*my.jsonl:1: column 'B' is missing (format choice)"),
        (lines(GOOD) + "\n[1]\n", "*my.jsonl:3: not a JSON object: *"),
        (lines(GOOD, {**GOOD, "answer": None}), "*my.jsonl:2: column 'answer' is empty (format choice); column 'id' is 'a', as at *my.jsonl:1"),
        (lines(GOOD) + "\n\n" + lines({"id": 1, "question": "?", "A": "1", "B": "2"}), "*my.jsonl:4: column 'answer' is missing (format choice)"),
        (lines(GOOD, {"id": 1, "question": "?", "answer": "42"}), "*my.jsonl:2: column 'A' is missing (format choice)"),
        (lines(GOOD, {**GOOD, "id": 1, "answer": "D"}), "*my.jsonl:2: column 'answer' is 'D', but there is no option D: A '41', B '42' *"),
        (lines(GOOD, GOOD), "*my.jsonl:2: column 'id' is 'a', as at *my.jsonl:1"),
        (lines({"text": "?", "label": "1"}), "*my.jsonl is of no known format: its columns are text, label. choice needs question *; qa needs *"),
        (lines({**GOOD, "response": "42"}), "*my.jsonl may be of the formats choice and qa, its columns are id, question, A, B, answer, response: give --eval-set run.format=choice"),
    ],
    ids=["empty", "blank", "no column", "not JSON", "not JSON below", "gap", "no object", "no answer", "missing", "mixed", "no option", "twice", "no format", "both"],
)  # fmt: skip
def test_a_wrong_file(replayed: pytest.Pytester, content: str, said: str) -> None:
    (replayed.path / "my.jsonl").write_text(content)

    refused(replayed, said, "--eval-file", "my.jsonl")


def test_all_wrong_rows_are_told(replayed: pytest.Pytester) -> None:
    content = lines(GOOD) + '{\n[1]\n{"question": 3}\nnope\n' + lines({**GOOD, "answer": "D"}, GOOD)
    (replayed.path / "my.jsonl").write_text(content)

    result = evaluate(replayed, "--eval-file", "my.jsonl")

    result.stderr.fnmatch_lines(
        [
            "ERROR: *my.jsonl:2: not JSON (*",
            "*my.jsonl:3: not a JSON object: *",
            "*my.jsonl:4: column *",
            "*my.jsonl:5: not JSON (*",
            "*my.jsonl:6: column 'answer' is 'D', but there is no option D: *(format choice); column 'id' is 'a', as at *my.jsonl:1",
            "*my.jsonl:7: column 'id' is 'a', as at *my.jsonl:1",
        ],
        consecutive=True,
    )


def test_of_very_many_wrong_rows_the_first_are_told(replayed: pytest.Pytester) -> None:
    written(replayed.path / "my.jsonl", [GOOD] * 50)

    result = evaluate(replayed, "--eval-file", "my.jsonl")

    result.stderr.fnmatch_lines(["*my.jsonl:21: column 'id' is 'a', as at *", "… and 29 rows more"], consecutive=True)


def test_a_broken_first_row_hides_no_other(replayed: pytest.Pytester) -> None:
    (replayed.path / "my.jsonl").write_text("{\n" + lines(GOOD, {**GOOD, "answer": "D"}))

    refused(replayed, "*my.jsonl:1: not JSON (*", "--eval-file", "my.jsonl")


@pytest.mark.parametrize("mark", ["\t", "|"], ids=["tab", "bar"])
def test_columns_that_other_marks_separate(replayed: pytest.Pytester, mark: str) -> None:
    (replayed.path / "my.csv").write_text(f"question{mark}answer\n6*7?{mark}42\n")

    said = f"*my.csv has one column, {f'question{mark}answer'!r}: separate the columns by commas, not {mark!r}"
    refused(replayed, said.replace("\\", "[\\]"), "--eval-file", "my.csv")


def test_semicolons_separate_where_there_is_no_comma(replayed: pytest.Pytester) -> None:
    (replayed.path / "my.csv").write_text('question;answer\n"6*7;\nwhat?";42\nand?;\n')

    refused(replayed, "*my.csv:4: column 'answer' is empty (format qa)", "--eval-file", "my.csv")


def test_all_rows_that_are_wrong_are_told_whatever_the_first_is(replayed: pytest.Pytester) -> None:
    rows = [
        '{"question": "a"}',
        "{bad",
        "[1]",
        '{"question": 3, "answer": "x"}',
        '{"question": "b", "answer": "y"}',
        "7",
    ]
    (replayed.path / "my.jsonl").write_text("\n".join(rows))

    result = evaluate(replayed, "--eval-file", "my.jsonl")

    result.stderr.fnmatch_lines(["*my.jsonl:1: *", "*my.jsonl:2: not JSON *", "*my.jsonl:3: *", "*my.jsonl:6: *"])


def test_a_file_in_another_encoding(replayed: pytest.Pytester) -> None:
    (replayed.path / "my.jsonl").write_bytes(lines(GOOD).encode() + '{"question": "é"}'.encode("latin-1"))

    said = """*my.jsonl:2 is not UTF-8: 0xe9 after '{"question": "'; save it as UTF-8, such as by iconv -f latin1 -t utf-8"""
    refused(replayed, said, "--eval-file", "my.jsonl")


def test_a_file_in_utf16(replayed: pytest.Pytester) -> None:
    (replayed.path / "my.jsonl").write_text(lines(GOOD), "utf-16")

    refused(
        replayed,
        "*my.jsonl:1 is UTF-16; save it as UTF-8, such as by iconv -f utf-16 -t utf-8",
        "--eval-file",
        "my.jsonl",
    )


def test_all_lines_of_a_table_with_other_columns_are_told(replayed: pytest.Pytester) -> None:
    (replayed.path / "my.csv").write_text("question,answer\na,b,c\nd\ne,f\n")

    result = evaluate(replayed, "--eval-file", "my.csv")

    told = [f"*my.csv: line {line} has {has} columns, the first line names 2" for line, has in ((2, 3), (3, 1))]
    result.stderr.fnmatch_lines(told, consecutive=True)


def test_all_mistakes_of_a_folder_are_told(replayed: pytest.Pytester) -> None:
    written(replayed.path / "exam/one.jsonl", [{**GOOD, "answer": ""}])
    written(replayed.path / "exam/two.jsonl", [GOOD, GOOD])

    result = evaluate(replayed, "--eval-file", "exam")

    result.stderr.fnmatch_lines(["*one.jsonl:1: column 'answer' is empty *", "*two.jsonl:2: column 'id' is 'a', *"])


@pytest.mark.parametrize("name", ["my.jsonl", "my.csv"])
def test_a_line_feed_alone_ends_a_line(project: pytest.Pytester, faulty: FaultyServer, name: str) -> None:
    text = "one\u2028two\u2029three\u0085four\x0bfive"
    content = {
        "my.jsonl": json.dumps({"question": text, "answer": "42"}, ensure_ascii=False) + "\r\n",
        "my.csv": f"question;answer\r\n{text};42\r\n",
    }
    (project.path / name).write_bytes(f"\ufeff{content[name]}".encode())

    run(project, "--model", "faulty", "--eval-file", name).assert_outcomes(passed=1)

    assert faulty.asked[-1]["messages"][0]["content"] == text


def test_a_wrong_row_of_a_parquet_file_is_numbered(replayed: pytest.Pytester) -> None:
    written(replayed.path / "my.parquet", [GOOD, {**GOOD, "id": "b", "answer": ""}])

    refused(replayed, "*my.parquet, row 1: column 'answer' is empty (format choice)", "--eval-file", "my.parquet")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--eval-file", "none.jsonl"], "--eval-file: there is no file '*none.jsonl'"),
        (["--eval-file", "my.xlsx"], "--eval-file: *my.xlsx is a spreadsheet's own format: save it as CSV UTF-8"),
        (["--eval-file", "empty"], "--eval-file: the folder *empty has no file that ends in .jsonl, *"),
        (["--eval-file", "twice"], "*one.jsonl and *one_val.jsonl are both the subset 'one'; keep one"),
        (["--eval-file", "alone"], "*one_dev.jsonl has examples of 'one', but there is no one_val file"),
        (["--eval-file", "mixed"], "*a.jsonl is of the format choice, *b.jsonl of qa; give each as --eval-file"),
        (["--eval-file", "my.jsonl", "--eval-file", "twice/my.jsonl.gz"], "--eval-file: *my.jsonl and *my.jsonl.gz are both called 'my'; rename one"),
        (["--eval-file", "my.jsonl", "--eval-set", "run.format=mcq"], "--eval-set run.format takes one of choice, qa, questions, calls, not 'mcq'"),
        (["--eval-file", "faq.jsonl", "--eval-set", "run.format=choice"], "*faq.jsonl:1: column 'A' is missing (format choice)"),
        (["--eval-file", "my.jsonl", "--eval-set", "run.metric=rogue"], "--eval-set run.metric takes one of exact, f1, bleu, rouge, judge, not 'rogue'"),
        (["--eval-file", "my.jsonl", "--eval-set", "run.pass_mark=50"], "--eval-set run.pass_mark takes a number above 0 and up to 1, not '50'"),
        (["--eval-set", "run.metric=bleu"], "metric of [[]run] is about --eval-file PATH, which is missing"),
        (["--eval-set", "run.format=qa"], "format of [[]run] is about --eval-file PATH, which is missing"),
        (["--eval-set", "run.pass_mark=0.4"], "pass_mark of [[]run] is about --eval-file PATH, which is missing"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_wrong_flag(replayed: pytest.Pytester, arguments: list[str], said: str) -> None:
    for name in ("my.jsonl", "twice/one.jsonl", "twice/one_val.jsonl", "twice/my.jsonl.gz", "alone/two.jsonl", "mixed/a.jsonl"):  # fmt: skip
        written(replayed.path / name, CHOICES)
    for name in ("faq.jsonl", "mixed/b.jsonl"):
        written(replayed.path / name, QUESTIONS)
    written(replayed.path / "alone/one_dev.jsonl", CHOICES)
    (replayed.path / "empty").mkdir()
    (replayed.path / "my.xlsx").write_bytes(b"PK")

    refused(replayed, said, *arguments)


def test_bleu_without_sacrebleu(replayed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_modeleval.scorers import bleu

    monkeypatch.setitem(__import__("sys").modules, "sacrebleu.metrics.bleu", None)
    bleu._metric.cache_clear()
    written(replayed.path / "faq.jsonl", QUESTIONS)

    refused(replayed, "metric 'bleu' of [[]run]: BLEU needs sacrebleu: pip install 'pytest-modeleval[[]text]'", "--eval-file", "faq.jsonl", "--eval-set", "run.metric=bleu")  # fmt: skip


def test_a_shared_real_folder_runs(real_data: Path, replayed: pytest.Pytester) -> None:
    """Files as users of another system wrote them: Chinese, several right options, messages."""
    source = real_data / "general_custom/text"
    for name in ("example_multi_val", "example_multi_dev", "example_val", "example_dev"):
        (replayed.path / "mcq").mkdir(exist_ok=True)
        (replayed.path / f"mcq/{name}.jsonl").write_bytes((source / f"mcq/{name}.jsonl").read_bytes())

    choices = evaluate(replayed, "--eval-file", "mcq", "--eval-shots", "2")
    questions = evaluate(replayed, "--eval-file", str(source / "qa/example.jsonl"), "--eval-set", "run.metric=rouge")

    assert "error" not in choices.parseoutcomes()
    found = re.search(r"^constant +mcq +(\d+) +0 ", choices.stdout.str(), re.MULTILINE)
    assert found, choices.stdout.str()
    assert int(found[1]) == sum(len((source / f"mcq/{n}.jsonl").read_text().splitlines()) for n in ("example_val", "example_multi_val"))  # fmt: skip
    questions.assert_outcomes(failed=13)


def test_a_gate_knows_the_metric_and_the_pass_mark(replayed: pytest.Pytester) -> None:
    written(replayed.path / "my.jsonl", [{"query": "q", "response": "a"}] * 2)
    evaluate(replayed, "--eval-file", "my.jsonl", "--eval-save-baseline", "b.json")

    same = evaluate(replayed, "--eval-file", "my.jsonl", "--eval-baseline", "b.json")
    other = evaluate(replayed, "--eval-file", "my.jsonl", "--eval-baseline", "b.json", "--eval-set", "run.metric=f1")

    assert same.ret != pytest.ExitCode.USAGE_ERROR
    other.stderr.fnmatch_lines(["ERROR: my: the baseline's scorer was *, this run's is *"])


def test_the_first_twenty_rows_tell_the_format(tmp_path: Path) -> None:
    plain = '{"question": "Capital?", "answer": "A"}\n'
    choice = '{"question": "Which?", "A": "x", "B": "y", "answer": "A"}\n'
    path = tmp_path / "my.jsonl"
    path.write_text(plain * 20 + choice)

    assert read(path, None).format == "qa"
    path.write_text(plain * 19 + choice)
    with pytest.raises(pytest.UsageError, match="column 'A' is missing"):
        read(path, None)
