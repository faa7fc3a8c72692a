"""What a run's end says of what its models thought."""

import contextlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import pytest

from pytest_modeleval.asking.prefetch import Prefetch
from pytest_modeleval.asking.thoughts import AboutThought
from pytest_modeleval.foreign import harmless, one_line
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.judging.verdict import FIRST_RIGHT, SOLUTIONS
from pytest_modeleval.models.spec import ModelSpec, read_aliases
from pytest_modeleval.options.sources import Settings
from pytest_modeleval.outputs.write import fail
from pytest_modeleval.reports.columns import counted
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.judgements import verdict_rows
from pytest_modeleval.sample import StopRun
from pytest_modeleval.store.store import Store

# Of the values of ``thinking``: those by which every report shows it. By the second, judges part thoughts into
# solutions; it is called as those verdicts are.
SHOWN = ("on", SOLUTIONS)


def judge_thoughts(prefetch: Prefetch, run: Run, session: pytest.Session, store: Store, *, solutions: bool) -> None:
    """Have judges find the right answer in thoughts before it, of this process's samples, in which no rule does.

    With ``solutions`` they also part every thought into these. Where no judge can be asked any more, one line says so,
    and the run is reported without.
    """
    # 40 ms for the scorers that look for right answers, which a run without judges is spared.
    from pytest_modeleval.thinking.answers import questions_in

    try:
        store.flush()
        with closing(Past(store.path.parent)) as past:
            questions = list(questions_in(past, run, prefetch.ran.keys(), solutions=solutions))
        others = dict(store.rows("select item, count(*) from verdicts where run = ? group by item", (run.id,)))
        for item, trial in prefetch.judge_thoughts(questions).items():
            store.save(verdict_rows(run.id, item, trial, behind=others.get(item, 0)))
        store.flush()
    except StopRun as stopped:
        fail(session, str(stopped))


def known_thoughts(store: Store, model: str, benchmark: str, *, solutions: bool) -> dict[str, list[AboutThought]]:
    """Of a model's stored answers to a benchmark, by their keys, what judges are to be asked about their thoughts.

    That is nothing of one without a thought, and where no ``solutions`` are asked for, of one in which a rule finds the
    right answer, or that is wrong, as the last run scored it.
    """
    from pytest_modeleval.thinking.answers import questions_in

    rows = store.rows(
        "select completion, scores.run, item, max(runs.started) from scores join runs on runs.id = scores.run "
        "where scores.model = ? and benchmark = ? and metric = 'main' and completion is not null group by completion",
        (model, benchmark),
    )
    found: dict[str, list[AboutThought]] = {key: [] for key, *_ in rows}
    keys = {(run, item): key for key, run, item, _ in rows}
    with closing(Past(store.path.parent)) as past:
        for run, began in {run: began for _, run, _, began in rows}.items():
            items = [item for its, item in keys if its == run]
            for each in questions_in(past, Run(run, began), items, solutions=solutions):
                found[keys[run, each.item]].append(each)
    return found


def judges_of_thoughts(store: Store, run: str) -> dict[str, str]:
    """A line for each judge that was asked about thoughts, by its name."""
    rows = store.rows(
        "select judge, count(value), count(*) - count(value), sum(coalesce(json_extract(answer, '$.prompt_tokens'), 0) "
        "+ coalesce(json_extract(answer, '$.completion_tokens'), 0)) from (select judge, value, "
        "case when json_valid(completions.completion) then completions.completion end answer from verdicts "
        "left join completions on key = verdicts.completion where verdicts.run = ? and name in (?, ?)) group by judge",
        (run, FIRST_RIGHT, SOLUTIONS),
    )
    return {
        judge: f"{one_line(judge, 60)}: {counted(verdicts, 'verdict')} on thoughts"
        + f", {counted(failed, 'reply', 'replies')} without one" * bool(failed)
        + f", {tokens or 0:,} tokens"
        for judge, verdicts, failed, tokens in rows
    }


def with_thinking(run: FinishedRun, specs: Sequence[ModelSpec], settings: Settings, store: Store) -> FinishedRun:
    """The run with the measures of thinking, where they are asked for, or with the line that tells of them.

    Without, where no answer has a thought, where the run was broken off, whose user waits for its end, and where the
    store cannot be written: who writes files says so.
    """
    options = run.options
    if options.thinking == "off" or not run.rows or run.is_interrupted:
        return run
    has_page = bool(options.report) or any(path.suffix == ".html" for path in options.write)
    with contextlib.suppress(StopRun):
        store.flush()
        stored = Run(run.id, run.began)
        with closing(Past(run.folder)) as past:
            thinkers = past.thinkers(stored)
        if not thinkers:
            said = ["no answer in the store has a thought"] if options.thinking in SHOWN else []
            return replace(run, remarks=[*run.remarks, *said])
        if options.thinking in SHOWN or has_page:
            # Only a run that measures pays for reading these.
            from pytest_modeleval.thinking.measured import measured

            found = measured(run.folder, [stored], specs, read_aliases(settings.tables["models"]))
            return replace(run, sections=[*run.sections, found]) if found.levels else run
        names = ", ".join(map(harmless, thinkers))
        line = f"the answers of {names} have thoughts: modeleval thinking {stored.short} measures them"
        return replace(run, remarks=[*run.remarks, line])
    return run
