"""How failed samples read in the terminal, at 80 columns."""

import pytest

from pytest_modeleval.reports.columns import clipped
from tests.conftest import FaultyServer, alias, answer, run

# What every sample is told stands behind its question, and an example before it.
TEMPLATED = """
from pytest_modeleval import Completion, Sample, Shots, benchmark, generated
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(
    lambda subset, index: {"question": f"{subset} {index}: what is six times seven" + ", and seven" * 9},
    {"main": 2, "example": 1},
)
PROMPT = "Think.\\n{question}\\nReason step by step, then end with the number alone."

@benchmark(ROWS, lambda row: Sample(row, "42"), prompt=PROMPT, shots=Shots(1, "main"))
def test_sums(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)

@benchmark(ROWS, lambda row: Sample(row, "A", options=["Rome", "Oslo"]), prompt="{question}\\n{options}\\nANSWER: ?")
def test_towns(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
"""
CRASHING = """
from pytest_modeleval import Completion, Sample, Score, benchmark, generated

ROWS = generated(lambda subset, index: {"q": f"{index}?"}, {"main": 6})

def ratio(completion: Completion, sample: Sample) -> float:
    return len(completion.text) / 0

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_ratios(sample: Sample, completion: Completion) -> None:
    assert ratio(completion, sample)

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_numbers(sample: Sample, completion: Completion) -> None:
    assert Score(2.0, passed=True)
"""


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_wrong_answer_is_told_by_the_rows_own_question_in_two_lines(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makepyfile(test_sums=TEMPLATED)
    faulty.fault = answer("It is 41. ANSWER: B")

    result = run(project, "--model", "faulty", "-k", "main-00001", "test_sums.py")

    begin = result.outlines.index("------------------------------------ wrong -------------------------------------")
    assert result.outlines[begin + 1 : begin + 5] == [
        "test_sums[main-00001]  asked 'main 1: what is six  … even, and seven, and seven'",
        "    expected '42', got '41'",
        "test_towns[main-00001]  asked 'main 1: what is six … ven, and seven, and seven'",
        "    expected 'A' 'Rome', got 'B' 'Oslo'",
    ]


def test_long_texts_leave_room_for_what_was_expected_and_got(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(
        test_long="""
        from pytest_modeleval import Completion, Sample, benchmark, generated
        from pytest_modeleval.scorers.texts import same_text

        @benchmark(generated(lambda subset, index: {}, {"main": 1}), lambda row: Sample("问题" * 60, "right " * 20))
        def test_long(sample: Sample, completion: Completion) -> None:
            assert same_text(completion, [sample.target])
        """
    )
    faulty.fault = answer("wrong " * 40)

    result = run(project, "--model", "faulty", "test_long.py")

    begin = next(n for n, line in enumerate(result.outlines) if line.startswith("test_long[main-00000]"))
    asked, verdict = result.outlines[begin : begin + 2]
    assert clipped(asked, 80) == asked
    assert "问题" in asked
    assert verdict.startswith("    expected 'right r … ")
    assert ", got 'wrong wrong" in verdict
    assert len(verdict) <= 80


def test_a_conversation_stands_below_its_sample_with_vv(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("\x1b[mforty-one", reasoning_content="six\nsevens")

    result = run(project, "--model", "faulty", "-vv", "-k", "easy and 00000", "test_answers.py")

    begin = result.outlines.index("-- user")
    assert result.outlines[begin : begin + 6] == [
        "-- user",
        "   easy 0: what is 6 * 7?",
        "-- thinking",
        "   six",
        "   sevens",
        "-- answer",
    ]
    assert result.outlines[begin + 6] == r"   \x1b[mforty-one"
    assert result.outlines[begin + 7].startswith("-- no answer found: expected '42', got ")


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_an_error_of_a_benchmarks_code_is_shown_once(
    project: pytest.Pytester, faulty: FaultyServer, more: tuple[str, ...]
) -> None:
    project.makepyfile(test_crashing=CRASHING)

    result = run(project, "--model", "faulty", *more, "test_crashing.py")

    said = result.stdout.str()
    assert said.count("- error in code -") == 2
    assert said.count("def ratio(") == 1
    result.stdout.re_match_lines(
        [r"ZeroDivisionError of 6 samples, such as test_ratios\[main-0000\d\]", r"at .*/test_crashing\.py:6"]
    )
    result.stdout.re_match_lines([r"ValueError of 6 samples, such as test_numbers.*", r"at .*/test_crashing\.py:14"])
    assert "sample.py" not in said
    assert "12 errors" in result.outlines[-1]


def test_tracebacks_are_left_out_where_nobody_wants_them(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_crashing=CRASHING)

    result = run(project, "--model", "faulty", "--tb=no", "test_crashing.py")

    assert "def ratio(" not in result.stdout.str()
    result.stdout.fnmatch_lines(["ZeroDivisionError of 6 samples, such as *", "at *test_crashing.py:6"])


def test_what_regressed_comes_first_and_is_marked(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "worse", base_url=faulty.url, model="faulty", generation={"seed": 1})
    wrong = {"easy 0", "hard 3"}
    faulty.fault = lambda handler, body: answer(
        "41" if body["messages"][-1]["content"].partition(":")[0] in wrong else "42"
    )(handler, body)
    run(project, "--model", "faulty", "--eval-save-baseline", "base.json", "test_answers.py")
    wrong |= {"hard 1", "hard 2"}

    result = run(project, "--model", "faulty", "--eval-baseline", "base.json", "test_answers.py")

    begin = next(n for n, line in enumerate(result.outlines) if "wrong, 2 of them regressed" in line)
    assert [line.partition("asked")[0] for line in result.outlines[begin + 1 :: 2][:4]] == [
        "test_answers[hard-00001]  regressed:  ",
        "test_answers[hard-00002]  regressed:  ",
        "test_answers[easy-00000]  ",
        "test_answers[hard-00003]  ",
    ]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("abcdef", 6, "abcdef"), ("abcdefghijkl", 9, "abc … jkl"), ("一二三四五六", 9, "一 … 六"), ("abc", 1, "a … c")],
)
def test_a_line_is_fitted_by_its_columns(text: str, width: int, shown: str) -> None:
    assert clipped(text, width) == shown
