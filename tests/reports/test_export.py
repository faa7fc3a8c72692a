"""The table as JSON: what a reader needs to run it again, every subset, every value of an axis."""

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pytest_modeleval.reports
from pytest_modeleval.models.credentials import masked
from tests.conftest import ANSWERS, FaultyServer, alias, answer, run, run_alone

GROUPED = ANSWERS.replace(
    '{"easy": 6, "hard": 4}', '{"easy": 2, "hard": 2, "odd": 2}, groups={"hard": "far", "odd": "far"}'
)
WITH_AXES = ANSWERS.replace('Sample(row["q"], "42")', 'Sample(row["q"], "42", axes={"length": len(row["q"]) // 50})')


def written(project: pytest.Pytester, *flags: str) -> dict[str, Any]:
    result = run(project, "--model", "faulty", "--eval-write", "out.json", *flags, "test_answers.py")
    found: dict[str, Any] = json.loads((project.path / "out.json").read_text())
    schema = json.loads((Path(pytest_modeleval.reports.__file__).parent / "results.schema.json").read_text())
    jsonschema.validate(found, schema)
    assert result.ret in (0, 1)
    return found


def test_it_says_how_the_run_was_asked_for(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", "hush-hush-hush")

    found = written(project, "--eval-seed", "7", "--eval-limit", "3", "--eval-system", "hush-hush-hush says so")["run"]

    assert found["began"].endswith("+00:00")
    assert "--eval-seed 7 --eval-limit 3 --eval-system '*** says so' test_answers.py" in found["command"]
    assert found["seed"] == 7
    assert (found["settings"]["limit"], found["settings"]["system"]) == (3, "*** says so")
    assert "cache" not in found["settings"]
    (model,) = found["models"]
    assert (model["name"], model["api"], model["address"]) == ("faulty", "openai", faulty.url)


def test_what_is_made_as_it_runs_has_no_hashes(pytester: pytest.Pytester) -> None:
    result = run_alone(
        pytester, "--model", "tiny", "--eval", "arithmetic", "--eval-limit", "1", "--eval-write", "out.json"
    )

    assert result.ret in (0, 1)
    assert json.loads((pytester.path / "out.json").read_text())["run"]["data"] == {"arithmetic": {}}


def test_files_hashes_are_those_of_their_bytes(pytester: pytest.Pytester, faulty: FaultyServer) -> None:
    content = {split: json.dumps({"question": f"{split}?", "answer": "#### 1"}) + "\n" for split in ("train", "test")}
    for split, text in content.items():
        path = pytester.path / f"data/gsm8k/main/{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text * 8)

    run(pytester, "--model", "faulty", "--eval-data", "data", "--eval", "gsm8k", "--eval-write", "out.json")

    local = {"hub": None, "id": None, "revision": None}
    assert json.loads((pytester.path / "out.json").read_text())["run"]["data"]["gsm8k"] == {
        f"main/{split}": {"sha256": hashlib.sha256((text * 8).encode()).hexdigest(), **local}
        for split, text in content.items()
    }


def test_own_files_have_theirs(pytester: pytest.Pytester, faulty: FaultyServer) -> None:
    (pytester.path / "exam").mkdir()
    row = json.dumps({"question": "6 * 7?", "answer": "42"})
    for name in ("exam/easy.jsonl", "exam/hard_val.jsonl", "exam/readme.md", "quiz.jsonl"):
        (pytester.path / name).write_text(row)

    run(pytester, "--model=faulty", "--eval-file=exam", "--eval-file=quiz.jsonl", "--eval-write=out.json")

    its = {"sha256": hashlib.sha256(row.encode()).hexdigest(), "hub": None, "id": None, "revision": None}
    assert json.loads((pytester.path / "out.json").read_text())["run"]["data"] == {
        "exam": {"easy.jsonl": its, "hard_val.jsonl": its},
        "quiz": {"quiz.jsonl": its},
    }


def test_subsets_stand_beside_their_groups(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=GROUPED)
    faulty.fault = lambda handler, body: answer("41" if "odd" in str(body) else "42")(handler, body)

    found = written(project)

    assert [(row["part"], row["group"], row["score"]) for row in found["subsets"]] == [
        ("easy", "", 1.0),
        ("hard", "far", 1.0),
        ("odd", "far", 0.0),
    ]


def test_the_terminal_has_subsets_with_v(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=GROUPED)

    result = run(project, "--model", "faulty", "-v", "test_answers.py")

    begin = next(n for n, line in enumerate(result.outlines) if line.startswith("model "))
    parts = [line.split()[1] for line in result.outlines[begin + 1 : begin + 6]]
    assert parts[-3:] == ["far", "hard", "odd"]
    assert "    hard " in result.outlines[begin + 4]


def test_scores_stand_at_the_values_of_axes(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=WITH_AXES)

    (row,) = written(project, "-k", "easy")["axes"]

    assert (row["axis"], row["value"], row["samples"], row["score"]) == ("length", 0, 6, 1.0)


def test_two_models_are_compared_there_and_in_the_summary(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "other", base_url=faulty.url, model="faulty", generation={"seed": 1})
    faulty.fault = lambda handler, body: answer("41" if "seed" in body else "42")(handler, body)

    found = written(project, "--model", "other", "--eval-write", "s.md")

    (pair,) = found["model_comparisons"]
    assert (pair["models"], pair["change"], pair["samples"]) == (["faulty", "other"], -1.0, 10)
    assert "answers: other less faulty -100.0 pp" in (project.path / "s.md").read_text()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("--model https://me:pass@host/v1", "--model https://***@host/v1"),
        ("--eval-generation api_key=abc123", "--eval-generation api_key=***"),
        ('{"Authorization": "Bearer abc"}', '{"Authorization": "Bearer ***"}'),
        ("sk-abcdefgh", "***"),
        ("http://host/v1?token=x&a=b", "http://host/v1?token=***&a=b"),
        ("--eval-budget '2M tokens'", "--eval-budget '2M tokens'"),
    ],
)
def test_what_was_typed_is_told_without_secrets(typed: str, kept: str) -> None:
    assert masked(typed) == kept
