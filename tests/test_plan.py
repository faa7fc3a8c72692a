"""A plan tells what a run would take, and asks nothing."""

import json
from pathlib import Path

import pytest

from pytest_modeleval.statistics.paired import detectable_drop
from tests.conftest import ANSWERS, FaultyServer, alias, run, run_alone

PRICE = {"input": 100.0, "output": 1000.0}
COLUMNS = r"model +benchmark +items +stored +prompt tokens +completion tokens +dollars"
# The ten questions as they are sent, [[{"role": "user", "content": "easy 0: what is 6 * 7?"}], []], at four bytes.
PROMPT = len(json.dumps([[{"role": "user", "content": "easy 0: what is 6 * 7?"}], []])) // 4


@pytest.fixture
def priced(project: pytest.Pytester, faulty: FaultyServer) -> FaultyServer:
    alias(project, "priced", base_url=faulty.url, model="faulty", generation={"max_tokens": 50}, price=PRICE)
    return faulty


def plan(project: pytest.Pytester, *flags: str, model: str = "priced") -> pytest.RunResult:
    return run(project, "--model", model, "--eval-plan", "test_answers.py", *flags)


def dollars(prompt: int, completion: int) -> str:
    return rf"\${(prompt * 100 + completion * 1000) / 1e6:.4f}"


def test_it_asks_nothing_and_ends_with_0(project: pytest.Pytester, priced: FaultyServer) -> None:
    result = plan(project)

    assert (result.ret, priced.asked) == (0, [])
    result.assert_outcomes()
    drop = detectable_drop(10, 0.1, alpha=0.05) * 100
    result.stdout.re_match_lines(
        [
            "=+ plan =+",
            COLUMNS,
            rf"priced +answers +10 +0 +about {10 * PROMPT} +at most 500 +{dollars(10 * PROMPT, 500)}",
            "",
            r"model +benchmark +differ +smallest drop",
            rf"priced +answers +10\.0% assumed +{drop:.1f} pp",
        ]
    )
    result.stdout.no_fnmatch_line("all *")


def test_stored_answers_take_nothing_and_tell_the_length_of_others(
    project: pytest.Pytester, priced: FaultyServer
) -> None:
    """The server says that its answers have 3 tokens."""
    run(project, "--model", "priced", "--eval-limit", "4", "test_answers.py")
    priced.asked.clear()

    result = plan(project)

    assert (result.ret, priced.asked) == (0, [])
    result.stdout.re_match_lines([rf"priced +answers +10 +4 +about {6 * PROMPT} +about 18 +{dollars(6 * PROMPT, 18)}"])
    again = plan(project, "--eval-cache", "off")
    again.stdout.re_match_lines([rf"priced +answers +10 +0 +about {10 * PROMPT} +about 30 .*"])


def test_what_is_asked_is_what_was_planned(project: pytest.Pytester, priced: FaultyServer) -> None:
    plan(project, "--eval-limit", "7").stdout.re_match_lines([r"priced +answers +7 +0 .*"])

    run(project, "--model", "priced", "--eval-limit", "7", "test_answers.py")

    assert len(priced.asked) == 7
    plan(project, "--eval-limit", "7").stdout.re_match_lines([r"priced +answers +7 +7 +0 +0 +\$0\.0000"])


@pytest.mark.parametrize(
    ("flags", "items"),
    [(["-k", "easy"], 6), (["--eval-limit-per-subset", "2"], 4), (["--eval-repeats", "3"], 30), (["-n", "2"], 10)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_it_plans_what_is_selected(
    project: pytest.Pytester, priced: FaultyServer, flags: list[str], items: int
) -> None:
    result = plan(project, *flags)

    assert (result.ret, priced.asked) == (0, [])
    result.stdout.re_match_lines([rf"priced +answers +{items} +0 .*"])


def test_repeats_are_no_further_samples_for_the_drop(project: pytest.Pytester, priced: FaultyServer) -> None:
    once, thrice = plan(project), plan(project, "--eval-repeats", "3")

    drops = [line for result in (once, thrice) for line in result.outlines if line.endswith(" pp")]
    assert [line.split()[-2] for line in drops] == [f"{detectable_drop(10, 0.1, alpha=0.05) * 100:.1f}"] * 2


def test_without_a_price_or_an_end_it_says_so(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = plan(project, model="faulty")

    result.stdout.re_match_lines([rf"faulty +answers +10 +0 +about {10 * PROMPT} +\? +\?"])


def test_several_are_summed(project: pytest.Pytester, priced: FaultyServer) -> None:
    project.makepyfile(test_again=ANSWERS.replace("test_answers", "test_again").replace("what is", "how much is"))

    result = plan(project, "test_again.py")

    drop = detectable_drop(20, 0.1, alpha=0.05) * 100
    result.stdout.re_match_lines(
        [
            r"priced +answers +10 +0 .*",
            r"priced +again +10 +0 .*",
            r"all +20 +0 +about \d+ +at most 1,000 +\$\d\.\d{4}",
            rf"all +10\.0% assumed +{drop:.1f} pp",
        ]
    )


def test_a_baseline_tells_how_many_differ(project: pytest.Pytester, priced: FaultyServer) -> None:
    run(project, "--model", "priced", "--eval-set", "gate.aa=true", "--eval-save-baseline", "b.json", "test_answers.py")

    # The server answers all the same: nothing differs.
    result = plan(project, "--eval-baseline", "b.json", "--eval-cache", "off")

    drop = detectable_drop(10, 0.0, alpha=0.05) * 100
    result.stdout.re_match_lines([rf"priced +answers +0\.0% +{drop:.1f} pp"])


def test_a_row_that_cannot_be_read_is_counted(project: pytest.Pytester, priced: FaultyServer) -> None:
    project.makepyfile(
        test_answers=ANSWERS.replace('lambda row: Sample(row["q"], "42")', "to_sample").replace(
            "@benchmark",
            'def to_sample(row):\n    if "hard" in row["q"]:\n        raise SampleError("no")\n'
            '    return Sample(row["q"], "42")\n\n@benchmark',
        ).replace("import Completion", "import Completion, SampleError")
    )  # fmt: skip

    plan(project).stdout.re_match_lines(
        [
            r".*stored +unreadable +prompt tokens.*",
            "priced, answers",
            rf" +10 +0 +4 +about {6 * PROMPT} +at most 300 .*",
        ]
    )


def test_nothing_that_asks_is_said(project: pytest.Pytester, priced: FaultyServer) -> None:
    project.makepyfile(test_answers="def test_it(): assert False")

    result = plan(project)

    assert result.ret == 0
    result.stdout.fnmatch_lines(["nothing is selected that asks a model"])


def test_a_users_mistake_is_one_line(project: pytest.Pytester, priced: FaultyServer) -> None:
    result = plan(project, "--eval-shots", "3")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: answers has no split of solved examples: ask it with 0 shots, not 3"])


def test_a_local_models_own_tokenizer_counts(pytester: pytest.Pytester) -> None:
    """The plan's prompt tokens are those that the run then has."""
    pytester.makeini("[pytest]")
    planned = run_alone(pytester, "--model", "tiny", "--eval-plan", "--eval-limit", "20")
    asked = run_alone(pytester, "--model", "tiny", "--eval-limit", "20", "--eval-write", "out.json")

    row = json.loads((pytester.path / "out.json").read_text())["rows"][0]
    assert planned.ret == 0
    assert asked.ret == pytest.ExitCode.TESTS_FAILED
    planned.stdout.re_match_lines([rf"tiny +arithmetic +20 +0 +{row['prompt_tokens']} +at most 640 +\?"])


def test_a_replay_is_planned_too(project: pytest.Pytester) -> None:
    Path(project.path / "answers.jsonl").write_text('{"id": "answers[easy-00000]", "text": "42"}\n')

    plan(project, model="replay:answers.jsonl").stdout.re_match_lines(
        [r"replay:answers\.jsonl, answers", r" +10 +0 .*"]
    )
