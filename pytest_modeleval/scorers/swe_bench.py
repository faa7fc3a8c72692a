"""SWE-bench: the patch in an answer, and what the official harness's report says of it (`swebench` 5.0.2)."""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_modeleval.sample import Completion, NotAsked, SampleError, Score

_TAG = re.compile(r"<(/?)([\w-]+)>")
_FENCED = re.compile(r"```(\w+)?\n(.*?)```", re.DOTALL)
_PATCH = ("diff", "patch")
# The lists of a report that say what became of each instance: `swebench.harness.reporting.make_run_report`.
_LISTS = ("resolved_ids", "unresolved_ids", "error_ids", "empty_patch_ids", "incomplete_ids")


def patch_of(answer: Completion | str) -> str:
    """The patch in an answer, as `swebench`'s own ``extract_diff`` finds it.

    The first block that calls itself ``diff`` or ``patch``, between tags or fences; else the first of any; else the
    whole answer.
    """
    blocks = [*_tagged(str(answer)), *_FENCED.findall(str(answer))]
    patches = [text for kind, text in blocks if kind in _PATCH] or [text for _, text in blocks]
    found = str(patches[0] if patches else str(answer).split("</s>")[0])
    return found if found.strip() else ""


def _tagged(text: str) -> Iterator[tuple[str, str]]:
    """What stands between a tag and the next end of it, as ``<(name)>(.*?)</name>`` finds it, in one pass."""
    ends: dict[str, list[int]] = {}
    for tag in _TAG.finditer(text):
        if tag[1]:
            ends.setdefault(tag[2], []).append(tag.start())
    past = 0
    for tag in _TAG.finditer(text):
        its = ends.get(tag[2], [])
        if tag[1] or tag.start() < past or (at := bisect_left(its, tag.end())) == len(its):
            continue
        yield tag[2], text[tag.end() : its[at]]
        past = its[at] + len(f"</{tag[2]}>")


def prediction(instance: str, model: str, answer: Completion | str) -> Mapping[str, str]:
    """What the official harness reads of an answer: a line of its ``--predictions_path``."""
    return {"instance_id": instance, "model_name_or_path": model, "model_patch": patch_of(answer)}


def resolved(answer: Completion, instance: str, report: Path | None, dataset: str) -> Score:
    """Whether the official report says that the answer's patch resolves the instance.

    Raises `NotAsked` where there is no report yet, or it is of other instances; `SampleError` where the harness says
    that its machine failed, or the report is of another answer.
    """
    patch = patch_of(answer)
    if report is None:
        name = dataset.rpartition("/")[2].lower().replace("-", "_")
        raise NotAsked(
            "scored by the official harness: modeleval patches last; python -m "
            f"swebench.harness.run_evaluation --dataset_name {dataset} --predictions_path predictions.jsonl --run_id "
            f"NAME; then the same run again with its report: --eval-set {name}.report=FILE"
        )
    found = read_report(report)
    named = [name for name in _LISTS if instance in found[name]]
    if not named or named == ["incomplete_ids"]:
        raise NotAsked(f"{report} says nothing of {instance}")
    if ("empty_patch_ids" in named) != (not patch):
        raise SampleError(f"{report} is of another answer to {instance}: one of the two is no patch")
    if instance in found.get("infra_failure_ids", ()):
        why = found.get("failure_reasons", {}).get(instance, "it does not say why")
        raise SampleError(f"the official harness's machine failed on {instance}: {why}")
    is_right = named == ["resolved_ids"]
    why = {
        "unresolved_ids": "its tests do not pass",
        "error_ids": "the harness could not run it: most often the patch does not apply",
        "empty_patch_ids": "no patch in the answer",
    }.get(named[0], "")
    return Score(float(is_right), is_right, patch.strip()[:2000], "resolved", why, found=bool(patch))


def read_report(path: Path) -> Mapping[str, Any]:
    """An official report; `SampleError` for what is none."""
    try:
        return _report(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, RecursionError) as error:
        why = f"{type(error).__name__} {error}"
    except _NoReport as error:
        why = str(error)
    raise SampleError(
        f"{path} is no report of swebench.harness: {why}. Give the MODEL.RUN_ID.json that run_evaluation wrote"
    )


class _NoReport(Exception):
    """What a file lacks."""


@lru_cache(maxsize=8)
def _report(path: Path, changed: int) -> Mapping[str, Any]:  # noqa: ARG001 - a file that was written anew is another
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, dict):
        raise _NoReport("it is no JSON object")
    for name in _LISTS:
        if not isinstance(found.get(name), list):
            raise _NoReport(f"its {name} are no list" if name in found else f"it has no {name}")
    return found
