"""Win rates corrected by people's votes: the check values of labels, and what tells nothing."""

from collections.abc import Sequence

import pytest

from pytest_modeleval.arena.people import ByVotes, by_votes
from pytest_modeleval.arena.standings import Battles
from pytest_modeleval.judging.labels import in_drawn_order
from pytest_modeleval.record import MEASURED, Fought, Game, Record
from tests.arena.conftest import Ring, document
from tests.arena.test_votes import pairs_in, write
from tests.conftest import modeleval, run

PEOPLE, MODEL = "judge=votes:v", "judge=gpt5"
STYLES = ((1, 0, 0, 0), (1, 0, 0, 0))
# (people's, the judge's) of a hundred battles, and the judge's of 900 more: those of the labels' check.
LABELLED = [(1.0, 1.0)] * 40 + [(0.0, 1.0)] * 5 + [(1.0, 0.0)] * 8 + [(0.0, 0.0)] * 47
OTHERS = [1.0] * 423 + [0.0] * 477


def battle(
    row: int, about: str, people: float | None, judge: float | None, pair: tuple[str, str] = ("a", "b")
) -> Record:
    """Of one that no judge was asked about, both are None."""
    games = [Game(MODEL, order, 0, judge) for order in ("AB", "BA") if judge is not None]
    games += [Game(PEOPLE, "BA", 0, people)] if people is not None else []
    fought = Fought(*pair, 0.5, judge is None, tuple(games), STYLES, about)
    return Record("-vs-".join(pair), "chat (arena)", "main", "", row, 0, MEASURED, fought=fought)


def found(records: Sequence[Record], seeds: dict[str, int | None] | None = None) -> list[ByVotes]:
    battles = Battles([("a", "b"), ("a", "c")], seeds={PEOPLE: 7} if seeds is None else seeds)
    for each in records:
        battles.add(each)
    return by_votes(battles.standings())


def drawn(labelled: Sequence[tuple[float, float]], others: Sequence[float], *, chosen: bool = False) -> list[Record]:
    keys = in_drawn_order((f"{number:05}" for number in range(len(labelled) + len(others))), seed=7)
    told = [*labelled, *((None, judge) for judge in others)]
    keys = [*keys[1:], keys[0]] if chosen else keys
    return [battle(row, key, *values) for row, (key, values) in enumerate(zip(keys, told, strict=True))]


def test_a_win_rate_is_corrected_as_a_score_is_by_labels() -> None:
    """PPI++: .493289, [.423560, .563019], where the judge alone says .468."""
    (pair,) = found(drawn(LABELLED, OTHERS))

    assert (pair.one, pair.two, pair.votes, pair.battles, pair.judged) == ("a", "b", 100, 1000, 0.468)
    assert pair.share.mean == pytest.approx(0.493289, abs=2e-5)
    assert [pair.share.low, pair.share.high] == pytest.approx([0.423560, 0.563019], abs=2e-5)
    assert pair.power == pytest.approx(0.665, abs=5e-4)


def test_equal_answers_are_half_for_both() -> None:
    records = [*drawn(LABELLED, OTHERS), *(battle(1000 + n, f"same {n}", None, None) for n in range(1000))]

    (pair,) = found(records)

    assert pair.battles == 2000
    assert pair.judged == pytest.approx(0.484)
    assert pair.share.mean == pytest.approx((0.493289 + 0.5) / 2, abs=2e-5)
    # Half of what the votes leave open, and hardly more for how many are equal.
    assert pair.share.high - pair.share.low == pytest.approx((0.563019 - 0.423560) / 2, abs=2e-4)


def test_what_is_no_random_part_of_a_pairs_battles_corrects_nothing() -> None:
    told = drawn(LABELLED, OTHERS)

    assert found(drawn(LABELLED, OTHERS, chosen=True)) == []
    assert found(told, {PEOPLE: None}) == found(told, {}) == []
    assert found(told, {PEOPLE: 7, "judge=votes:more": 7}) == []
    assert found(drawn(LABELLED[:19], OTHERS)) == []
    # The same prompt twice: battles that are not independent.
    assert found([*told, battle(0, "again", None, 1.0)]) == []


def test_it_is_told_of_a_run_whose_battles_people_voted_on(project: pytest.Pytester, ring: Ring) -> None:
    project.makepyfile(
        test_tales=(project.path / "test_tales.py").read_text().replace('{"short": 4, "long": 2}', '{"short": 40}')
    )
    asked = ("--model", "red", "--model", "green", "--model", "judge=strict", "--eval-arena", "test_tales.py")
    ring.says = lambda model, question: f"{'once' if model == 'red' else 'once upon'} {question}"
    assert run(project, *asked).ret == 0
    modeleval("votes", "last", "--sample", "25", "--seed", "3", "--write", "page.html")
    # The judge likes green's, which is longer; people like red's in one of five.
    rows = [
        {
            **each["key"],
            "vote": "A" if (len(each["first"]) > len(each["second"])) != (n % 5 == 0) else "B",
            "voter": "ann",
        }
        for n, each in enumerate(pairs_in(project.path / "page.html"))
    ]
    write(project.path / "v.jsonl", rows)

    told = run(project, *asked, "--model", "judge=votes:v.jsonl", "--eval-write", "out.json")

    told.stdout.fnmatch_lines(["Win rates as people see them", "*red *green * 0.000 * 0.200 * 25 * 40 *"])
    (pair,) = document(project)["by_votes"]
    assert (pair["votes"], pair["battles"], pair["judged"], pair["share"]["mean"]) == (25, 40, 0, pytest.approx(0.2))
    assert 0 < pair["share"]["low"] < 0.2 < pair["share"]["high"] < 0.5
    # Who leaves out what is hard has chosen.
    write(project.path / "v.jsonl", [*rows[:3], *rows[4:]])
    run(project, *asked, "--model", "judge=votes:v.jsonl", "--eval-write", "out.json")
    assert document(project)["by_votes"] == []
