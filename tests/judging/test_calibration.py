"""What people's labels say of judges, by the reference's check values and at the edges."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.judging.believed import Demands
from pytest_modeleval.judging.calibration import calibrations
from pytest_modeleval.judging.judged import PPI, ROGAN_GLADEN, Calibration, JudgedAnswer, JudgedRun, Scored
from pytest_modeleval.judging.labels import PAIR, Choices, LabelsFile, in_drawn_order, read_labels
from pytest_modeleval.judging.verdict import Vote

CHOICES = Choices({"CORRECT": 1.0, "INCORRECT": 0.0})
KEY = ("m", "facts")


def answered(about: str, value: float, choices: Choices = CHOICES, **more: Any) -> JudgedAnswer:
    given = {"model": "m", "benchmark": "facts", "sample": f"main-{about}", "repeat": 0, "name": "main"}
    return JudgedAnswer(about=about, pin="p", choices=choices, value=value, **{"score": value, **given, **more})


def judged_run(answers: list[JudgedAnswer], failed: int = 0) -> JudgedRun:
    mean = sum(each.value for each in answers) / len(answers)
    return JudgedRun("run", answers, {KEY: Scored(mean, len(answers), failed)}, "mean")


def file_of(folder: Path, rows: Iterable[dict[str, Any]]) -> LabelsFile:
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_labels(path)


def told(run: JudgedRun, labels: LabelsFile | None, /, **demands: Any) -> Calibration:
    (found,) = calibrations(run, labels, Demands(**demands))
    return found


# A judge's verdicts and people's: right and called so, wrong and called right, right and called wrong, and both wrong.
TABLE = [(1.0, "CORRECT")] * 40 + [(1.0, "INCORRECT")] * 5 + [(0.0, "CORRECT")] * 8 + [(0.0, "INCORRECT")] * 47


def checked(labelled_first: bool = True) -> tuple[list[JudgedAnswer], list[tuple[str, str]]]:
    """The 1,000 answers of the reference's check, 100 of them labelled: the first in the drawn order, or not."""
    keys = in_drawn_order((f"{number:05}" for number in range(1000)), seed=7)
    labelled, rest = (keys[:100], keys[100:]) if labelled_first else (keys[900:], keys[:900])
    values = [value for value, _ in TABLE] + [1.0] * 423 + [0.0] * 477
    answers = [answered(key, value) for key, value in zip([*labelled, *rest], values, strict=True)]
    return answers, [(key, label) for key, (_, label) in zip(labelled, TABLE, strict=True)]


def test_a_random_part_corrects_by_prediction_powered_inference(tmp_path: Path) -> None:
    answers, said = checked()
    labels = file_of(tmp_path, ({"about": about, "label": label, "seed": 7} for about, label in said))

    found = told(judged_run(answers), labels)

    assert found.judged == pytest.approx(0.468)
    assert (found.method, found.labels, found.elsewhere, found.why) == (PPI, 100, 0, "")
    assert found.corrected is not None
    # PPI++ of the reference, λ .665.
    assert found.power == pytest.approx(0.665, abs=5e-4)
    assert [found.corrected.mean, found.corrected.low, found.corrected.high] == pytest.approx(
        [0.493289, 0.423560, 0.563019], abs=2e-5
    )
    agreed = found.together
    assert agreed is not None
    assert agreed.kappa is not None
    assert [agreed.kappa.mean, agreed.kappa.low, agreed.kappa.high] == pytest.approx(
        [0.738956, 0.606858, 0.871054], abs=2e-6
    )
    rates = agreed.agreement, agreed.true_positive_rate, agreed.true_negative_rate
    assert [each and each.mean for each in rates] == pytest.approx([0.87, 40 / 48, 47 / 52])


def test_labels_that_somebody_chose_correct_by_rates(tmp_path: Path) -> None:
    answers, said = checked(labelled_first=False)
    labels = file_of(tmp_path, ({"about": about, "label": label, "seed": 7} for about, label in said))

    found = told(judged_run(answers), labels)

    assert found.method == ROGAN_GLADEN
    assert found.corrected is not None
    assert found.corrected.mean == pytest.approx(0.504417, abs=1e-6)
    assert found.corrected.standard_error == pytest.approx(0.050678, abs=1e-6)


def test_one_label_left_out_is_a_choice_and_the_last_ones_are_none(tmp_path: Path) -> None:
    answers, said = checked()
    rows = [{"about": about, "label": label, "seed": 7} for about, label in said]

    ended_early = told(judged_run(answers), file_of(tmp_path, rows[:60]))
    left_out = told(judged_run(answers), file_of(tmp_path, [*rows[:30], *rows[31:]]))
    without_seed = told(judged_run(answers), file_of(tmp_path, ({**row, "seed": None} for row in rows)))

    assert [each.method for each in (ended_early, left_out, without_seed)] == [PPI, ROGAN_GLADEN, ROGAN_GLADEN]
    assert "60 labels tell how far the judge is believed, and 100 are wanted" in ended_early.why


def test_labels_of_other_answers_say_what_these_judges_made_of_them(tmp_path: Path) -> None:
    answers, said = checked()
    here = [each for each in answers if each.about not in dict(said)]
    verdicts = {each.about: each.value for each in answers}
    row = {"benchmark": "facts", "pin": "p"}
    rows = [{**row, "about": about, "label": label, "verdict": verdicts[about]} for about, label in said]

    carried = told(judged_run(here), file_of(tmp_path, rows))
    others = told(judged_run(here), file_of(tmp_path, ({**row, "pin": "another"} for row in rows)))

    assert (carried.method, carried.labels, carried.elsewhere, carried.foreign) == (ROGAN_GLADEN, 100, 100, 0)
    assert carried.corrected is not None
    # (q + TNR − 1) / (TPR + TNR − 1) with q = 423/900.
    assert carried.corrected.mean == pytest.approx((0.47 + 47 / 52 - 1) / (40 / 48 + 47 / 52 - 1))
    assert (others.labels, others.foreign, others.corrected) == (0, 100, None)
    assert "100 are of verdicts of another judge or prompt" in others.why


@pytest.mark.parametrize(
    ("demands", "failed", "why"),
    [
        ({}, 0, ""),
        ({}, 10, ""),
        ({}, 11, "1.1% of the answers have no verdict, and 1.0% is accepted"),
        ({"labels": 101}, 0, "100 labels tell how far the judge is believed, and 101 are wanted"),
        ({"kappa": 0.61}, 0, "the lower end of kappa's interval is 0.607, and 0.61 is wanted"),
        ({"rates": 0.84}, 0, "the judge's true-positive rate is 0.833, and 0.84 is wanted"),
        ({"rates": 0.83}, 0, ""),
    ],
)
def test_a_gate_goes_by_a_judge_that_shows_what_is_demanded(
    tmp_path: Path, demands: dict[str, Any], failed: int, why: str
) -> None:
    answers, said = checked()
    labels = file_of(tmp_path, ({"about": about, "label": label, "seed": 7} for about, label in said))

    assert told(judged_run(answers, failed), labels, **demands).why == why
    assert "no labels tell" in told(judged_run(answers), None).why


def test_no_gate_goes_by_a_panel_one_judge_of_which_was_away(tmp_path: Path) -> None:
    answers, said = checked()
    labels = file_of(tmp_path, ({"about": about, "label": label, "seed": 7} for about, label in said))
    vote = Vote("judge=here", "CORRECT", 1.0)

    def panel(away: int) -> JudgedRun:
        both = (vote, replace(vote, judge="judge=away"))
        votes = [(vote,) if at < away else both for at in range(len(answers))]
        asked = ("judge=here", "judge=away")
        rows = zip(answers, votes, strict=True)
        return judged_run([each._replace(votes=given, asked=asked) for each, given in rows])

    assert told(panel(10), labels).why == ""
    why = "judge=away gave no verdict on 1.1% of the answers, which others judged without it, and 1.0% is accepted"
    assert told(panel(11), labels).why == why


def test_people_who_differ_say_nothing_of_the_judge_and_count_in_the_score(tmp_path: Path) -> None:
    answers, said = checked()
    rows = [{"about": about, "label": label, "seed": 7, "annotator": "ann"} for about, label in said]
    other = {"about": said[0][0], "label": "INCORRECT", "seed": 7, "annotator": "bob"}

    found = told(judged_run(answers), file_of(tmp_path, [*rows, other]))

    assert found.together is not None
    assert (found.labels, found.divided, found.together.n, found.method) == (100, 1, 99, PPI)


def test_a_score_that_is_no_mean_of_verdicts_is_not_corrected(tmp_path: Path) -> None:
    answers, said = checked()
    labels = file_of(tmp_path, ({"about": about, "label": label, "seed": 7} for about, label in said))
    weighted = JudgedRun("run", answers, {KEY: Scored(0.3, 1000, 0)}, "mean")
    repeated = judged_run([each._replace(repeat=1) for each in answers])
    several = judged_run([*answers, answered("further", 1.0, name="tone", score=None)])

    assert told(weighted, labels).uncorrected == "it is no mean of one verdict on each sample"
    assert told(repeated, labels).uncorrected == "its samples were asked several times"
    assert told(several, labels).uncorrected == "it is no mean of one verdict on each sample"
    assert told(several, labels).together is not None


def test_a_score_in_which_answers_count_by_their_verdicts_is_corrected(tmp_path: Path) -> None:
    """F, 2c/(1+c+i): of labels that say all that the judge does what it is, of no other labels than a random part."""
    grades = Choices({"CORRECT": 1.0, "INCORRECT": 0.0, "OPEN": 0.0}, weights={"OPEN": 0.5})
    keys = in_drawn_order((f"{number:05}" for number in range(200)), seed=0)
    labels = ["CORRECT"] * 5 + ["INCORRECT"] * 3 + ["OPEN"] * 2
    said = [labels[number % 10] for number in range(200)]
    votes = [Vote("judge=a", label, grades.value(label)) for label in said]
    answers = [answered(key, vote.value, grades, votes=[vote]) for key, vote in zip(keys, votes, strict=True)]
    run = JudgedRun("run", answers, {KEY: Scored(5 / 9, 200, 0)}, "mean")
    drawn = [{"about": key, "label": label, "seed": 0} for key, label in zip(keys[:100], said, strict=False)]
    # People find what the judge calls open wrong.
    stricter = [{**row, "label": str(row["label"]).replace("OPEN", "INCORRECT")} for row in drawn]

    same, strict = (told(run, file_of(tmp_path, rows)) for rows in (drawn, stricter))
    chosen = told(run, file_of(tmp_path, drawn[1:]))

    assert same.corrected
    assert same.corrected.mean == pytest.approx(5 / 9)
    assert strict.corrected
    assert strict.corrected.mean == pytest.approx(0.5)
    assert strict.corrected.low < 0.5 < strict.corrected.high
    assert chosen.corrected is None
    assert "no random part of its answers" in chosen.uncorrected


def test_a_rating_is_corrected_in_its_range_and_no_gate_goes_by_it(tmp_path: Path) -> None:
    keys = in_drawn_order((f"{number:05}" for number in range(200)), seed=0)
    choices = Choices({}, (1.0, 10.0))
    answers = [answered(key, 4.0 + number % 3, choices) for number, key in enumerate(keys)]
    # People give one more than the judge.
    rows = [{"about": each.about, "label": each.value + 1, "seed": 0} for each in answers[:100]]

    found = told(judged_run(answers), file_of(tmp_path, rows))

    assert found.corrected is not None
    assert found.corrected.mean == pytest.approx(found.judged + 1, abs=0.05) if found.judged else False
    assert (found.together, found.method) == (None, PPI)
    assert "a rating is neither right nor wrong" in found.why


def test_of_two_answers_each_order_is_told(tmp_path: Path) -> None:
    choices = Choices(PAIR)
    keys = in_drawn_order((f"{number:05}" for number in range(10)), seed=0)
    answers = []
    for number, key in enumerate(keys):
        # The judge is right of eight, of two of which it calls the first shown the better one.
        games = (1.0, 1.0) if number < 6 else (1.0, 0.0) if number < 8 else (0.0, 0.0)
        votes = [Vote("judge=a", "", value, order=order) for value, order in zip(games, ("AB", "BA"), strict=True)]
        answers.append(answered(key, sum(games) / 2 if games != (1.0, 0.0) else 0.5, choices, votes=votes))
    rows = [{"about": key, "label": "first" if number < 9 else "SECOND", "seed": 0} for number, key in enumerate(keys)]

    found = told(judged_run(answers), file_of(tmp_path, rows), labels=10, kappa=0)

    (judge,) = found.judges
    assert judge.order_effect is not None
    assert judge.order_effect.first_shown is not None
    assert (judge.n, judge.order_effect.consistent.mean) == (10, 0.8)
    assert {order: each.mean for order, each in judge.orders.items()} == pytest.approx({"AB": 0.9, "BA": 0.7})
    assert found.together is not None
    assert found.together.agreement is not None
    # Six first and one second; ties are neither.
    assert found.together.agreement.mean == 0.7
    assert found.method == PPI
    one_order = [each._replace(votes=each.votes[:1], value=each.votes[0].value) for each in answers]
    assert "one order only" in told(judged_run(one_order), file_of(tmp_path, rows), labels=1, kappa=-1, rates=0.5).why


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "has no labels"),
        (['{"label": '], "labels.jsonl:1 is not JSON"),
        (["[1]"], "labels.jsonl:1 is no label"),
        (['{"label": "CORRECT"}'], 'says of no sample: "sample" is its name'),
        (['{"sample": "main-00001"}'], "label is a text or a number, not null"),
        (['{"sample": "main-00001", "label": true}'], "label is a text or a number, not true"),
        (['{"sample": "main-00001", "label": "A", "anotator": "x"}'], "did you mean 'annotator'"),
        (['{"sample": 1, "label": "A"}'], "sample is a text, not 1"),
        (['{"sample": "main-00001", "label": "A", "seed": "x"}'], 'seed is a number, not "x"'),
        (
            ['{"sample": "main-1", "label": "A"}', '{"sample": "main-1", "label": "B"}'],
            'labels.jsonl:2: nobody by name says "B" of main-1, and "A" in',
        ),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, rows: list[str], why: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(rows))

    with pytest.raises(pytest.UsageError) as refused:
        read_labels(path)

    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_label_that_the_judge_cannot_give_is_one_line(tmp_path: Path) -> None:
    answers, said = checked()
    labels = file_of(tmp_path, [{"about": said[0][0], "label": "RIGHT"}])

    with pytest.raises(pytest.UsageError, match=r"labels.jsonl:1: as a label of facts, 'RIGHT' is none of CORRECT, "):
        calibrations(judged_run(answers), labels, Demands())


def test_a_sample_s_name_is_enough_as_pytest_shows_it_too(tmp_path: Path) -> None:
    answers = [answered(f"{number:05}", 1.0) for number in range(4)]
    rows = [
        {"sample": "facts[main-00000]", "label": "correct"},
        {"sample": "main-00001", "label": "CORRECT"},
        {"sample": "other[main-00002]", "label": "CORRECT"},
        {"sample": "main-00003", "label": "CORRECT", "run": "elsewhere"},
    ]

    assert told(judged_run(answers), file_of(tmp_path, rows)).labels == 2


def test_a_label_without_an_answer_is_refused_where_there_are_several(tmp_path: Path) -> None:
    one = answered("00000", 1.0)
    other = one._replace(model="n", about="another")
    labels = file_of(tmp_path, [{"sample": "main-00000", "label": "CORRECT"}])

    with pytest.raises(pytest.UsageError, match="says not which answer it is of, and this run has several to facts"):
        calibrations(judged_run([one, other]), labels, Demands())
    # Two models that were not asked: what is judged is the sample's own.
    assert told(judged_run([one, one._replace(model="n")]), labels).labels == 2
