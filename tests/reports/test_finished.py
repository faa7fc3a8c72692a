"""The hook that is handed the finished run."""

import pytest

from tests.conftest import FaultyServer, alias, answer, run

HOOK = """
def pytest_modeleval_finished(run):
    lines = [f"{row.benchmark}{row.part} {row.score} {row.samples}" for row in run.rows]
    open("told.txt", "a").write(f"{run.models} {run.ended} {run.exit_status} {lines}\\n")
"""


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_conftest_is_told_of_the_run_once(
    project: pytest.Pytester, faulty: FaultyServer, processes: tuple[str, ...]
) -> None:
    project.makeconftest(HOOK)

    run(project, "--model", "faulty", *processes, "test_answers.py")

    table = "['answers 1.0 10', 'answerseasy 1.0 6', 'answershard 1.0 4']"
    assert (project.path / "told.txt").read_text() == f"['faulty'] complete 0 {table}\n"


def test_a_run_that_was_broken_off_is_told_as_such(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makeconftest(HOOK)
    faulty.fault = answer("41")

    run(project, "--model", "faulty", "-x", "test_answers.py")

    assert (project.path / "told.txt").read_text() == "['faulty'] interrupted 1 ['answers 0.0 1']\n"


def test_what_the_hook_raises_fails_the_run_in_one_line(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makeconftest("def pytest_modeleval_finished(run): raise KeyError('nobody\\x1b[31m')")

    result = run(project, "--model", "faulty", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["faulty  answers * 1.000 *", "pytest_modeleval_finished: KeyError: *nobody*"])
    assert "Traceback" not in result.stdout.str()


ENDINGS = """
def write_names(path, run):
    path.write_text(", ".join(row.benchmark + row.part for row in run.rows))

def pytest_modeleval_endings():
    return {".names": write_names}
"""


def test_a_conftest_may_add_an_ending(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makeconftest(ENDINGS)
    files = [flag for name in ("a.names", "b.json", "c.md", "a.names") for flag in ("--eval-write", name)]

    result = run(project, "--model", "faulty", "test_answers.py", *files)

    assert (project.path / "a.names").read_text() == "answers, answerseasy, answershard"
    written = [line for line in result.outlines if line.startswith("written to ")]
    assert written == [f"written to {project.path / name}" for name in ("b.json", "c.md", "a.names")]


def test_an_ending_that_nothing_writes_is_refused_before_anything_is_asked(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    result = run(project, "--model", "faulty", "test_answers.py", "--eval-write", "a.names")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --eval-write takes a FILE that ends in .csv, *, not 'a.names'; a conftest's *"]
    )
    assert faulty.asked == []


def test_what_a_writer_raises_takes_no_other_file_with_it(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makeconftest(ENDINGS.replace("path.write_text(", "raise ValueError('no\\x1b[31m way'); ("))
    files = [flag for name in ("a.names", "b.html", "b.json") for flag in ("--eval-write", name)]

    result = run(project, "--model", "faulty", "test_answers.py", *files)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["faulty  answers * 1.000 *", "cannot write *a.names: ValueError: no\\x1b[[]31m way"])
    assert "Traceback" not in result.stdout.str()
    assert [(project.path / name).exists() for name in ("a.names", "b.html", "b.json")] == [False, True, True]


def test_the_line_for_a_new_user_names_the_status_that_the_run_ends_with(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makeconftest(ENDINGS.replace("path.write_text(", "raise ValueError('no way'); ("))
    alias(project, "tiny", base_url=faulty.url, model="faulty")
    faulty.fault = answer("wrong")

    plain = run(project, "--model", "tiny", "test_answers.py")
    unwritten = run(project, "--model", "tiny", "test_answers.py", "--eval-write", "a.names")

    assert (int(plain.ret), int(unwritten.ret)) == (1, 4)
    plain.stdout.fnmatch_lines(["tiny is a model *, and exit status 1 says that there are some."])
    unwritten.stdout.no_fnmatch_line("*exit status 1*")
