"""Where models stand after battles: the check values of the reference, and what the reports say of them."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path

import jsonschema
import pytest

import pytest_modeleval
from pytest_modeleval.arena.section import Arena
from pytest_modeleval.arena.standings import Battles, Standings
from pytest_modeleval.names import versus
from pytest_modeleval.record import ERROR, MEASURED, UNSCORED, Fought, Game, Record
from pytest_modeleval.reports.columns import WIDTH, fitted

SCHEMA = json.loads((Path(pytest_modeleval.__file__).parent / "reports/results.schema.json").read_text())
PLAIN = (10, 0, 0, 0)
PAIRS = [("A", "B"), ("A", "C"), ("B", "C")]


def record(
    pair: tuple[str, str],
    row: int,
    value: float | None,
    *,
    games: Sequence[Game] = (),
    outcome: str = MEASURED,
    subset: str = "main",
    styles: tuple[tuple[int, ...], tuple[int, ...]] = (PLAIN, PLAIN),
) -> Record:
    """A battle's record, as it comes from the process that had it."""
    fought = None if value is None else Fought(*pair, value, equal=False, games=tuple(games), styles=styles)
    made = Record(versus(*pair), "chat (arena)", subset, "", row, 0, outcome, fought=fought)
    found = Record.of([made.to_property()])
    assert found is not None
    assert found.fought == fought
    return found


def stand(
    records: Sequence[Record], pairs: Sequence[tuple[str, str]] = PAIRS, baseline: str | None = None
) -> Standings:
    battles = Battles(pairs, baseline)
    for each in records:
        battles.add(each)
    return battles.standings()


def results(won: int, lost: int, tied: int) -> Iterator[float]:
    return chain(repeat(1.0, won), repeat(0.0, lost), repeat(0.5, tied))


def reference() -> list[Record]:
    """The battles of the reference's table, each on a prompt of its own."""
    counts = {("A", "B"): (12, 5, 3), ("A", "C"): (9, 9, 2), ("B", "C"): (6, 11, 3)}
    rows = iter(range(60))
    return [record(pair, next(rows), value) for pair, each in counts.items() for value in results(*each)]


def test_ratings_are_the_references() -> None:
    found = stand(reference())

    assert found.ratings is not None
    means = {name: found.ratings.rating(name).mean for name in "ABC"}  # type: ignore[union-attr]
    assert means == pytest.approx({"A": 1041.8278, "B": 928.2874, "C": 1029.8848}, abs=1e-4)
    errors = {name: found.ratings.rating(name).standard_error for name in "ABC"}  # type: ignore[union-attr]
    # Those of the sandwich of 60 independent battles (CR0: 34.7983, 35.0610, 35.1011), by √(60/59) for few clusters.
    assert errors == pytest.approx({"A": 35.0919, "B": 35.3568, "C": 35.3973}, abs=2e-4)
    assert found.ratings.win_rate("B", "A").mean == pytest.approx(0.342181, abs=1e-6)  # type: ignore[union-attr]
    assert [(met.won, met.tied, met.lost) for met in found.meetings] == [(12, 3, 5), (9, 2, 9), (6, 3, 11)]
    assert [met.share.mean for met in found.meetings if met.share] == pytest.approx([0.675, 0.5, 0.375])


def test_order_of_records_changes_nothing() -> None:
    forward, backward = (Arena(stand(each)).document() for each in (reference(), reference()[::-1]))

    assert forward == backward


def test_two_games_of_a_prompt_are_one_battle_and_one_cluster() -> None:
    """Twenty prompts in two orders, the reference's: .6125 of games, a consistency of .80."""
    first = [*repeat(1.0, 7), *repeat(0.0, 3), 0.5, 0.5, 1, 1, 1, 0, 0, 1, 0.5, 1]
    second = [*repeat(1.0, 6), *repeat(0.0, 4), 0.5, 1, 1, 1, 0, 0, 0, 1, 0.5, 0]
    battles = []
    for row, (one, two) in enumerate(zip(first, second, strict=True)):
        games = [Game("judge=j", "AB", 0, one), Game("judge=j", "BA", 0, two)]
        battles.append(record(("A", "B"), row, one if one == two else 0.5, games=games))

    found = stand(battles, [("A", "B")])

    assert found.order is not None
    # Arena-Hard's column of ±1 for who stood first: .265108.
    assert found.order.mean == pytest.approx(0.265108, abs=1e-6)
    (met,) = found.meetings
    assert (met.split, met.battles) == (4, 20)
    assert found.ratings is not None
    assert found.ratings.clusters == 20
    assert "ties because a judge said otherwise in the other order: 4 of 20" in Arena(found).notes()


def test_repeats_of_a_prompt_and_several_pairs_on_it_are_one_cluster() -> None:
    once = stand([record(pair, row, float(row % 2)) for pair in PAIRS for row in range(8)])
    twice = stand([record(pair, row, float(row % 2)) for pair in PAIRS for row in range(8) for _ in range(2)])

    assert once.ratings is not None
    assert twice.ratings is not None
    assert once.ratings.clusters == twice.ratings.clusters == 8
    # The same twice tells no more.
    assert twice.ratings.rating("A") == once.ratings.rating("A")


def test_who_never_lost_is_rated_by_a_penalty_and_that_is_said() -> None:
    found = stand([record(("A", "B"), row, 1.0) for row in range(10)], [("A", "B")])

    assert found.ratings is not None
    difference = found.ratings.difference("A", "B")
    assert difference is not None
    assert difference.mean == pytest.approx(2.128034, abs=1e-6)
    told = Arena(found)
    assert told.document()["arena"]["penalised"] is True  # type: ignore[index]
    assert any("never lost" in note for note in told.notes())


def test_what_no_battle_connects_is_not_ranked_together() -> None:
    pairs = [("A", "B"), ("B", "C"), ("C", "D")]
    lost = [record(("B", "C"), row, None, outcome=ERROR) for row in range(5)]
    fought = [record(pair, row, value) for pair in (pairs[0], pairs[2]) for row, value in enumerate((1, 1, 0, 0.5, 1))]

    told = Arena(stand([*lost, *fought], pairs))

    assert "no battle connects A, B with C, D: their ratings cannot be compared" in told.notes()
    head, *lines = told.tables()["Leaderboard"]
    assert head[:3] == ["model", "group", "rating"]
    assert [line[:2] for line in lines] == [["A", "1"], ["B", "1"], ["C", "2"], ["D", "2"]]
    assert [line[-1] for line in lines] == ["0", "5", "5", "0"]


def test_style_that_judges_like_is_told_apart_from_the_models() -> None:
    """B wins where it is longer alone, and it mostly is."""
    battles = []
    for row in range(160):
        is_longer = row % 8 != 0
        styles = ((100, 0, 0, 0), (180, 0, 0, 0)) if is_longer else ((180, 0, 0, 0), (100, 0, 0, 0))
        # Nine of ten for the longer one.
        longer_wins = row % 10 != 3
        battles.append(record(("A", "B"), row, float(is_longer != longer_wins), styles=styles))

    found = stand(battles, [("A", "B")])

    assert found.ratings is not None
    assert found.at_equal_style is not None
    plain, styled = (each.difference("B", "A") for each in (found.ratings, found.at_equal_style))
    assert plain is not None
    assert styled is not None
    assert plain.low > 0.5
    assert styled.low < 0 < styled.high
    assert abs(styled.mean) < 0.5
    assert found.at_equal_style.coefficients["length"].low > 1
    assert stand(battles[:99], [("A", "B")]).at_equal_style is None


def test_style_that_cannot_be_told_from_the_models_is_said() -> None:
    """A is always as much longer than B, so that its wins may be for either."""
    battles = [
        record(("A", "B"), row, float(row % 4 > 0), styles=((300, 0, 0, 0), (100, 0, 0, 0))) for row in range(160)
    ]

    told = Arena(stand(battles, [("A", "B")]))

    assert (
        "models and style cannot be told apart: at equal style all is drawn to 0, by the penalty ½Σθ²" in told.notes()
    )
    figures = told.document()["arena"]
    assert isinstance(figures, dict)
    assert (figures["penalised"], figures["penalised_at_equal_style"]) == (False, True)


def test_parts_count_their_own_battles_alone() -> None:
    fought = [record(("A", "B"), row, 1.0, subset="writing") for row in range(3)]
    fought += [record(("A", "B"), row, 0.0, subset="math") for row in range(2)]
    fought += [record(("A", "B"), 9, None, outcome=ERROR, subset="math")]

    parts = stand(fought, [("A", "B")]).parts

    assert {
        name: (part.meetings[0].won, part.meetings[0].lost, part.meetings[0].errors) for name, part in parts.items()
    } == {
        "math": (0, 2, 1),
        "writing": (3, 0, 0),
    }


def test_judges_agree_by_outcomes_and_people_come_first() -> None:
    def games(people: float, model: tuple[float, float]) -> list[Game]:
        asked = [Game("judge=j", order, 0, value) for order, value in zip(("AB", "BA"), model, strict=True)]
        return [*asked, Game("judge=votes:v.jsonl", "BA", 0, people)]

    told = [(1.0, (1.0, 1.0)), (0.0, (0.0, 0.0)), (0.5, (1.0, 0.0)), (1.0, (0.0, 0.0)), (0.0, (0.0, 0.0))]
    found = stand([record(("A", "B"), row, 0.5, games=games(*each)) for row, each in enumerate(told)], [("A", "B")])

    (agreed,) = found.agreements
    assert (agreed.judges, agreed.battles) == (("judge=votes:v.jsonl", "judge=j"), 5)
    assert agreed.share.mean == 0.8
    # Observed .8; by chance .4·.2 + .4·.6 + .2·.2 = .36.
    assert agreed.kappa is not None
    assert agreed.kappa.mean == pytest.approx((0.8 - 0.36) / 0.64)


def test_what_was_not_judged_is_told_apart_from_errors() -> None:
    found = stand([record(("A", "B"), 0, None, outcome=UNSCORED), record(("A", "B"), 1, 1.0)], [("A", "B")])

    (met,) = found.meetings
    assert (met.battles, met.errors, met.unscored) == (1, 0, 1)
    assert "A and B, battles that were not judged and are left out of this pair alone: 1" in Arena(found).notes()
    # One prompt tells no error: an interval without ends, which JSON has no word for.
    document = Arena(found).document()
    json.dumps(document, allow_nan=False)
    jsonschema.validate(document["arena"], {**SCHEMA["properties"]["arena"], "$defs": SCHEMA["$defs"]})


def test_tables_fit_a_terminal_and_plots_take_any_name() -> None:
    names = [f"organisation/a-model-with-quite-a-long-name-{number}" for number in range(8)]
    names[0] = "</text><script>alert(1)</script>"
    pairs = [(one, two) for place, one in enumerate(names) for two in names[place + 1 :]]
    fought = [record(pair, row, float((row + len(pair[0])) % 3 == 0)) for pair in pairs for row in range(6)]
    told = Arena(stand(fought, pairs))

    for cells in told.tables().values():
        assert max(map(len, fitted(cells, [False, *[True] * (len(cells[0]) - 1)]))) <= WIDTH
    plots = told.plots()
    assert list(plots) == ["Leaderboard", "Win rates"]
    assert all("<script" not in svg for svg in plots.values())
    # A square for each pair, from both sides.
    assert plots["Win rates"].count("fill-opacity") - plots["Leaderboard"].count("fill-opacity") == 56


def test_a_tracker_gets_ratings_and_win_rates() -> None:
    figures = dict(Arena(stand(reference())).figures())

    assert figures["A"]["arena/rating"] == pytest.approx(1041.8278, abs=1e-4)
    assert figures["B"]["arena/win_rate"] == pytest.approx((5 + 1.5 + 6 + 1.5) / 40)
    # A panel that is not at one gives a part of a win, as it does in the table.
    panel = Arena(stand([record(("A", "B"), 0, 0.75), record(("A", "B"), 1, 1.0)], [("A", "B")], "B"))
    assert dict(panel.figures())["A"]["arena/win_rate"] == pytest.approx(0.875)
    assert panel.tables()["Win rates against B"][1][1] == "0.875"


def test_parts_are_told_in_the_order_of_the_ranks_with_what_their_ratings_rest_on() -> None:
    won = {("easy", 0): 1.0, ("easy", 1): 0.0, ("hard", 0): 0.0, ("hard", 1): 0.0}
    told = Arena(
        stand([record(("A", "B"), row, value, subset=subset) for (subset, row), value in won.items()], PAIRS[:1])
    )

    # The numbers are those of the matrix.
    assert [row[0] for row in told.tables()["Win rates of the row's model against the column's"]] == [
        "model",
        "1 B",
        "2 A",
    ]
    assert told.tables()["Ratings by part"][0] == ["part", "1 B", "2 A"]
    assert (
        "in 1 of 2 parts somebody never lost, or never won: ratings are drawn to each other, by the penalty ½Σθ²"
        in told.notes()
    )
