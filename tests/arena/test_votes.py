"""People as judges: what they vote with, and what their votes are read as."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.judging.votes import answer_hash, read_votes
from tests.arena.conftest import ASKED, TALES, Ring, document
from tests.conftest import modeleval, run


def ballot(first: str, second: str, vote: str, voter: str = "", sample: str = "s") -> dict[str, str]:
    return {"sample": sample, "first": answer_hash(first), "second": answer_hash(second), "vote": vote, "voter": voter}


def write(path: Path, ballots: Sequence[object]) -> Path:
    path.write_text("".join(f"{json.dumps(each)}\n" for each in ballots))
    return path


def pairs_in(page: Path) -> list[dict[str, Any]]:
    data = page.read_text().partition('<script type="application/json" id="pairs">')[2].partition("</script>")[0]
    found: list[dict[str, Any]] = json.loads(data)["pairs"]
    return found


def voted(project: pytest.Pytester, decide: Callable[[str, str], str], run_: str = "last") -> Path:
    """Votes on all battles of a run, as a person gives them who sees the page's two answers."""
    assert modeleval("votes", run_, "--write", "page.html").ret == 0
    rows = [
        {**each["key"], "vote": decide(each["first"], each["second"]), "voter": "ann"}
        for each in pairs_in(project.path / "page.html")
    ]
    return write(project.path / "v.jsonl", rows)


@pytest.mark.parametrize(("vote", "value"), [("A", 1.0), ("B", 0.0), ("T", 0.5)])
def test_a_vote_is_found_by_the_answers_in_either_order(tmp_path: Path, vote: str, value: float) -> None:
    votes = read_votes(write(tmp_path / "v.jsonl", [ballot("one", "two", vote)]))

    (forward,), (backward,) = votes.on("s", " one\n", "two"), votes.on("s", "two", "one")

    assert (forward.order, forward.value, backward.order, backward.value) == ("AB", value, "BA", 1 - value)
    assert votes.on("s", "one", "three") == votes.on("other", "one", "two") == []


def test_each_persons_last_vote_counts(tmp_path: Path) -> None:
    rows = [ballot("one", "two", "A", "ann"), ballot("one", "two", "B", "bob"), ballot("two", "one", "A", "ann")]

    found = read_votes(write(tmp_path / "v.jsonl", rows)).on("s", "one", "two")

    assert {each.voter: each.value for each in found} == {"ann": 0.0, "bob": 0.0}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "has no vote: `modeleval votes RUN` makes the page"),
        ("{not json}\n", ":1 is no JSON"),
        ('["A"]\n', ":1 is no vote, which has sample, first, second and a vote of A, B or T"),
        (json.dumps(ballot("one", "two", "X")) + "\n", ":1 is no vote"),
    ],
)
def test_what_is_no_file_of_votes_is_said_in_one_line(
    project: pytest.Pytester, ring: Ring, content: str, why: str
) -> None:
    (project.path / "v.jsonl").write_text(content)

    result = run(project, *ASKED, "--model", "judge=votes:v.jsonl", "test_tales.py")

    (said,) = [line for line in result.errlines if line.startswith("ERROR")]
    assert why in said
    assert ring.server.asked == []


def test_people_are_one_more_judge(project: pytest.Pytester, ring: Ring) -> None:
    run(project, *ASKED, "test_tales.py")
    # They like it short, and the judge long; one of six questions they leave out.
    voted(project, lambda one, two: "A" if len(one) < len(two) else "B")
    asked = len(ring.server.asked)

    alone = run(project, *ASKED[:6], "--model", "judge=votes:v.jsonl", "--eval-arena", "test_tales.py", "--eval-write", "a.json")  # fmt: skip
    both = run(project, *ASKED, "--model", "judge=votes:v.jsonl", "test_tales.py", "--eval-write", "b.json")

    assert len(ring.server.asked) == asked
    alone.assert_outcomes(passed=18)
    assert [each["model"] for each in document(project, "a.json")["leaderboard"]] == ["red", "green", "blue"]
    both.assert_outcomes(passed=18)
    # A panel that is not at one is a tie, as the mean of both is.
    assert [pair["tied"] for pair in document(project, "b.json")["pairs"]] == [6, 6, 6]
    (agreed,) = document(project, "b.json")["agreements"]
    assert (agreed["judges"], agreed["battles"]) == (["judge=votes:v.jsonl", "judge=strict"], 18)
    assert agreed["share"]["mean"] == 0
    both.stdout.fnmatch_lines(["*Judges that judged the same battles*", "*votes:v.jsonl and strict *18 *0.00*"])


def test_what_nobody_voted_on_is_not_judged(project: pytest.Pytester, ring: Ring) -> None:
    run(project, *ASKED, "test_tales.py")
    path = voted(project, lambda one, two: "T")
    path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines()[:4]))

    result = run(project, *ASKED[:6], "--model", "judge=votes:v.jsonl", "--eval-arena", "test_tales.py", "--eval-write", "a.json")  # fmt: skip

    result.assert_outcomes(passed=4, skipped=14)
    assert result.ret == pytest.ExitCode.OK
    assert sum(pair["unscored"] for pair in document(project, "a.json")["pairs"]) == 14
    result.stdout.fnmatch_lines(["judge=votes:v.jsonl: 4 verdicts"])


def test_votes_on_other_samples_or_answers_are_said(project: pytest.Pytester, ring: Ring) -> None:
    run(project, *ASKED, "test_tales.py", "-k", "short")
    voted(project, lambda one, two: "A")
    votes = (*ASKED, "--model", "judge=votes:v.jsonl", "test_tales.py")

    others = run(project, *votes, "-k", "long")
    ring.says = lambda model, question: f"something else by {model}"
    changed = run(project, *votes, "-k", "short", "--eval-cache", "off")

    others.stderr.fnmatch_lines(["ERROR: judge=votes:v.jsonl: none of its 12 votes is on a sample of this run: *"])
    changed.assert_outcomes(passed=12)
    changed.stdout.fnmatch_lines(["judge=votes:v.jsonl: none of its votes is on two answers of this run, *"])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--model", "votes:v.jsonl", *ASKED), "--model votes:v.jsonl: votes judge and answer nothing: --model judge=votes:v.jsonl"),
        (("--model", "red", "--model", "judge=votes:v.jsonl"), "--model judge=votes:v.jsonl: votes are on two models' answers: give --eval-arena"),
        ((*ASKED, "--model", "judge=votes:away.jsonl"), "--model votes:away.jsonl: there is no file 'away.jsonl'"),
    ],
)  # fmt: skip
def test_votes_are_judges_of_battles_alone(
    project: pytest.Pytester, ring: Ring, arguments: tuple[str, ...], why: str
) -> None:
    write(project.path / "v.jsonl", [ballot("one", "two", "A")])

    run(project, *arguments, "test_tales.py").stderr.fnmatch_lines([f"ERROR: {why}"])


def test_the_page_names_no_model_and_its_seed_decides_order_and_part(project: pytest.Pytester, ring: Ring) -> None:
    ring.says = lambda model, question: {"red": "short", "green": "rather long", "blue": "</script><b>x"}[model]
    run(project, *ASKED, "test_tales.py")

    told = modeleval("votes", "last", "--write", "all.html")
    for seed in ("1", "1", "2"):
        modeleval("votes", "last", "--sample", "6", "--seed", seed, "--write", f"{seed}{len(list(project.path.glob('*.html')))}.html")  # fmt: skip

    told.stdout.fnmatch_lines(["18 of 18 battles of run * in *all.html", "its votes are one more judge *"])
    page = (project.path / "all.html").read_text()
    assert re.search(r"\b(red|green|blue)\b|-vs-", page) is None
    assert "</script><b>x" not in page
    shown = pairs_in(project.path / "all.html")
    # Either answer of a pair stands first now and then.
    assert {each["first"] for each in shown} == {"short", "rather long", "</script><b>x"}
    # Somebody may be at it, with votes that no other page would find.
    assert modeleval("votes", "last", "--sample", "6", "--write", "all.html").ret == 2
    assert pairs_in(project.path / "all.html") == shown
    one, again, other = (pairs_in(path) for path in sorted(project.path.glob("[12]*.html")))
    assert len(one) == 6
    assert one == again != other


def test_a_run_without_battles_has_no_page(project: pytest.Pytester, ring: Ring) -> None:
    run(project, "--model", "red", "test_tales.py")

    result = modeleval("votes", "last")

    assert result.ret == 2
    result.stderr.fnmatch_lines(
        ["modeleval: run * has no battle of two answers to vote on: pytest --eval-arena makes some"]
    )
    assert modeleval("votes", "last", "--write", "x.txt").ret == 2


def test_protected_battles_and_those_without_kept_answers_say_what_keeps_them(
    project: pytest.Pytester, ring: Ring
) -> None:
    project.makepyfile(test_tales=TALES.replace('tags=["chat"]', "protected=True"))
    run(project, *ASKED, "test_tales.py")
    hidden = modeleval("votes", "last")
    run(project, *ASKED, "test_tales.py", "--eval-set", "run.show=tales")
    shown = modeleval("votes", "last")
    project.makepyfile(test_tales=TALES.replace("tell a tale", "tell another"))
    run(project, *ASKED, "test_tales.py", "--eval-cache", "off")
    unkept = modeleval("votes", "last")

    none = "modeleval: run * has no battle of two answers to vote on"
    hidden.stderr.fnmatch_lines([f"{none}: they are protected, and --eval-set run.show=tales keeps their texts"])
    assert shown.ret == 0
    unkept.stderr.fnmatch_lines([f"{none}: no answers of it are kept (--eval-cache off or read), or no two differ"])


def test_a_battle_is_shown_by_its_tests_name(project: pytest.Pytester, ring: Ring) -> None:
    run(project, *ASKED, "test_tales.py")

    result = modeleval("show", "test_arena[red-vs-blue-long-00001]")

    result.stdout.fnmatch_lines(
        [
            "tales (arena)[[]long-00001]  red-vs-blue *",
            "-- answer of red",
            "-- answer of blue",
            "-- measured: got 'blue', *",
        ]
    )


def test_labels_are_of_single_answers(project: pytest.Pytester, ring: Ring) -> None:
    """A file of them in the project's settings is for other runs; a run of battles has no page for labels."""
    (project.path / "labels.jsonl").write_text('{"sample": "short-00000", "label": "CORRECT"}\n')

    result = run(project, *ASKED, "--eval-set", "judge.labels=labels.jsonl", "test_tales.py")

    result.assert_outcomes(passed=18)
    result.stdout.no_fnmatch_line("*labels.jsonl*")
    refused = modeleval("labels", "last")
    refused.stderr.fnmatch_lines(["modeleval: run * is an arena, on whose battles people vote: modeleval votes *"])
    unmeasured = modeleval("thinking", "last")
    unmeasured.stderr.fnmatch_lines(["modeleval: run * is an arena, whose thoughts are not measured: *"])
