"""A run's folder of results for Allure."""

import json
import os
import platform
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.reports.allure.kept import Kept, kept
from pytest_modeleval.reports.allure.overview import page
from pytest_modeleval.reports.allure.sample import Attachment, conversation, result_of
from pytest_modeleval.reports.columns import decimal, interval
from pytest_modeleval.reports.first_screen import FirstScreen
from pytest_modeleval.reports.notes import broken_off
from pytest_modeleval.results.failures import Mistake
from pytest_modeleval.results.finished import FinishedRun, GateLine
from pytest_modeleval.store.rows import ScoreRow

_ERRORS = (Mistake.REQUEST, Mistake.JUDGE, Mistake.FILTERED)
# Allure 2 wants the whole message to match, Allure 3 its beginning.
CATEGORIES = [
    {
        "name": mistake.capitalize(),
        "messageRegex": f"^{mistake}: .*",
        "matchedStatuses": ["broken" if mistake in _ERRORS else "failed"],
    }
    for mistake in Mistake
]
# Rows of Allure's tree that are open at once. Every row measures itself again when one is added, so that 4,781 kept
# Chromium busy for a minute (bench/allure.py).
MOST_OPEN = 1000
# Model, benchmark and subset.
Place = tuple[str, str, str]
# The name of the result that stands for the run itself.
_RUN = "run"


def write(folder: Path, finished: FinishedRun, screen: FirstScreen, plots: Mapping[str, str]) -> Kept:
    """Add the run's results to a folder, and say what was left out; raises `OSError` when that cannot be.

    ``plots`` are SVG texts by title.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with closing(Past(finished.folder)) as past:
        run, number = past.numbered(finished.id)
        found = kept(past.attempts(run), finished.options.allure, asked=finished.totals.done)
        sizes = Counter(_place(each) for each in past.attempts(run) if each.item in found.items)
        seen: Counter[Place] = Counter()
        for sample in past.samples(run.id, found.items):
            tags = finished.tags.get(sample.main.benchmark, ())
            suite = _suite(sample.main, seen, sizes)
            _write(folder, result_of(sample, run, tags, suite), [conversation(sample)])
    overview = Attachment("overview", "text/html", "html", page(screen, [*screen.notes, *found.lines]))
    files = [
        Attachment("figures", "application/json", "json", json.dumps(each.document(), indent=1))
        for each in finished.sections
    ]
    files += [Attachment(title, "image/svg+xml", "svg", svg) for title, svg in plots.items()]
    result = _run_result(run.started, screen.gate, list(broken_off(finished)), " ".join(found.lines))
    _write_run(folder, result, [overview, *files])
    _text(folder / "categories.json", json.dumps(CATEGORIES, indent=1))
    _text(folder / "environment.properties", "".join(_properties(_environment(finished, run, screen, found))))
    _text(folder / "executor.json", json.dumps(_executor(run, number, os.environ), indent=1))
    return found


def _place(score: ScoreRow) -> Place:
    return score.model, score.benchmark, score.subset


def _suite(score: ScoreRow, seen: Counter[Place], sizes: Mapping[Place, int]) -> str:
    """The suite of the next sample of a subset: the subset, or of a large one so many samples as can be opened."""
    place = _place(score)
    first, size = seen[place] // MOST_OPEN * MOST_OPEN, sizes[place]
    seen[place] += 1
    return score.subset if size <= MOST_OPEN else f"{score.subset} {first + 1:,}–{min(size, first + MOST_OPEN):,}"


def _write(folder: Path, result: dict[str, Any], files: Sequence[Attachment]) -> list[dict[str, str]]:
    attached = []
    for number, each in enumerate(files):
        source = f"{result['uuid']}-{number}-attachment.{each.suffix}"
        _text(folder / source, each.text)
        attached.append({"name": each.name, "source": source, "type": each.kind})
    result["attachments"] = attached
    _text(folder / f"{result['uuid']}-result.json", json.dumps(result, ensure_ascii=False))
    return attached


def _write_run(folder: Path, result: dict[str, Any], files: Sequence[Attachment]) -> None:
    """The run's own result, whose attachments Allure 3 shows as the whole run's too; those of earlier runs go."""
    for earlier in folder.glob("*-globals.json"):
        earlier.unlink()
    entries = [{**each, "timestamp": result["start"]} for each in _write(folder, result, files)]
    _text(folder / f"{uuid.uuid4()}-globals.json", json.dumps({"attachments": entries, "errors": []}))


def _text(path: Path, text: str) -> None:
    with open(path, "wb", buffering=0) as file:  # noqa: PTH123 - a quarter of the time of `Path.write_text`
        file.write(text.encode("utf-8", "replace"))


def _run_result(
    started: float, gate: Sequence[GateLine], why_broken_off: Sequence[str], description: str
) -> dict[str, Any]:
    """The result that holds what is known of the whole run: it fails where a gate does, and is broken like the run."""
    failed = [each for each in gate if each.result == "failed"]
    unsure = [each for each in gate if each.result in ("inconclusive", "invalid")]
    told = failed or unsure
    said = [f"gate {told[0].result}: {'; '.join(f'{each.name}: {each.why}' for each in told)}"] if told else []
    said += why_broken_off
    time = round(started * 1000)
    return {
        "uuid": str(uuid.uuid4()),
        "name": "scores, gate and plots of the run",
        "fullName": _RUN,
        "testCaseId": _RUN,
        "historyId": _RUN,
        "titlePath": [_RUN],
        "status": "failed" if failed else "broken" if said else "passed",
        "statusDetails": {"message": "; ".join(said)} if said else {},
        "stage": "finished",
        "description": description,
        "start": time,
        "stop": time,
        # A blank puts it before the models.
        "labels": [{"name": "parentSuite", "value": " run"}, {"name": "epic", "value": " run"}],
        "parameters": [],
    }


def _environment(finished: FinishedRun, run: Run, screen: FirstScreen, found: Kept) -> Iterator[tuple[str, str]]:
    """What stands on Allure's first screen: scores, gates, what was left out, what was run; a name may come again."""
    for said in () if found.is_all else found.lines:
        yield "samples", said
    for said in broken_off(finished):
        yield "ended", said
    for row in (row for scores in screen.scores for row in scores.rows if not row.part):
        name = f"{row.benchmark}, {row.model}" + (f", {row.label}" if row.label != "main" else "")
        errors = f", {row.errors:,} errors" if row.errors else ""
        yield f"score: {name}", f"{decimal(row.score)} {interval(row.low, row.high)} of {row.samples:,} samples{errors}"
    for gate in screen.gate:
        yield f"gate: {gate.name}", f"{gate.result}: {gate.why}"
    if screen.regressed:
        yield "regressed against the baseline", f"{len(screen.regressed):,} samples"
    for said in found.lines if found.is_all else ():
        yield "samples", said
    if answers := finished.totals.answers.said(finished.began):
        yield "answers", answers
    options = finished.options
    yield "models", ", ".join(finished.models)
    if limit := options.limit or options.limit_per_subset:
        yield "limit", f"{limit:,}{' a subset' if options.limit is None else ''}, seed {options.seed}"
    yield "run", f"{run.short}, {run.time}"
    yield "versions", f"pytest-modeleval {version('pytest-modeleval')}, Python {platform.python_version()}"


def _properties(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Lines of a Java properties file, which has one value a name: several are joined."""
    joined: dict[str, list[str]] = {}
    for name, value in entries:
        joined.setdefault(name, []).append(value)
    for name, values in joined.items():
        key = re.sub(r"([ =:#!])", r"\\\1", _escaped(name))
        yield f"{key} = {_escaped('; '.join(values))}\n"


def _escaped(text: str) -> str:
    """ASCII, with UTF-16 units by their numbers, as properties files have them."""
    units = text.encode("utf-16-be", "replace")
    codes = [int.from_bytes(units[place : place + 2]) for place in range(0, len(units), 2)]
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else f"\\u{c:04x}" for c in codes)


def _executor(run: Run, number: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """Who ran it: the CI job where there is one; ``buildOrder`` puts runs into their order for trends."""
    told = {"name": "pytest-modeleval", "type": "pytest"}
    if job := environment.get("GITHUB_RUN_ID"):
        project = f"{environment.get('GITHUB_SERVER_URL', '')}/{environment.get('GITHUB_REPOSITORY', '')}"
        told = {"name": "GitHub Actions", "type": "github", "buildUrl": f"{project}/actions/runs/{job}"}
    elif job := environment.get("CI_JOB_URL"):
        told = {"name": "GitLab CI", "type": "gitlab", "buildUrl": job}
    elif job := environment.get("BUILD_URL"):
        told = {"name": "Jenkins", "type": "jenkins", "buildUrl": job}
    return {**told, "buildOrder": number, "buildName": f"{run.short}, {run.time}"}
