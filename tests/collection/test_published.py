"""Published collections, whose lines hold their samples themselves."""

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from tests.conftest import FaultyServer, answer, run

from .conftest import ids


def published(number: int, dataset: str, asked: str, target: str, **more: Any) -> dict[str, Any]:
    """A made-up line in the layout in which such collections are published."""
    prompt = {"input": [{"id": f"{number:08x}", "content": asked, "role": "user"}], "target": target, "id": number}
    return {
        "index": number,
        "prompt": {**prompt, "group_id": number, "metadata": {}, **more},
        "tags": ["en"],
        "categories": ["Test", "Math"],
        "task_type": "math",
        "weight": 0.25,
        "dataset_name": dataset,
        "subset_name": "main" if dataset == "gsm8k" else "ARC-Easy",
    }


LINES = [
    published(0, "gsm8k", "What is 6 * 7?", "42"),
    published(1, "arc", "Which?\nA. one\nB. two", "B", choices=["one", "two"]),
    published(2, "gsm8k", "What is 6 * 8?", "48"),
    published(3, "arc", "Which?", "C", choices=["one", "two"]),
    # An older line, whose prompt is the dataset's own record.
    {**published(4, "gsm8k", "", ""), "prompt": {"question": "What is 2 * 21?", "answer": "6 * 7\n#### 42"}},
    published(5, "gsm8k", "What is it?", ""),
    published(6, "no_such_bench", "What is 6 * 7?", "42"),
]


@pytest.fixture
def lines(mix: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A project with a published collection of seven lines, whose model says 42, or option B."""
    write(mix, LINES)
    number, letter = answer("42"), answer("ANSWER: B")
    faulty.fault = lambda handler, body: (letter if "Which" in json.dumps(body) else number)(handler, body)
    return mix


def write(project: pytest.Pytester, lines: list[Mapping[str, Any]] | list[dict[str, Any]]) -> None:
    (project.path / "test.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_a_published_collection_is_judged_by_the_benchmarks_it_names(
    lines: pytest.Pytester, faulty: FaultyServer
) -> None:
    result = run(lines, "--model", "faulty", "--eval-collection", "test.jsonl", "-v", "--eval-write", "out.json")

    # 0, 1 and 4 are right; 2 is wrong; 3 has a target that is no option and 5 none at all.
    result.assert_outcomes(passed=3, failed=1, errors=2)
    assert "test_gsm8k[main-line-00000]" in ids(result)
    assert json.loads((lines.path / "out.json").read_text())["collection"]["not_run"] == {"no_such_bench": 1}
    assert {"role": "user", "content": "What is 6 * 7?"} in [m for body in faulty.asked for m in body["messages"]]
    result.stdout.fnmatch_lines(
        [
            "test_gsm8k?main-line-00005?  row 5 of *test.jsonl has no target, and no record instead: *",
            "not run, because there is no such benchmark here: no_such_bench (1 line)",
            "*= collection test: 6 of 6 samples =*",
        ]
    )
    result.stdout.re_match_lines([r"all +4 +2  0\.750", r"  Math +4 +2  ", r"  gsm8k +3 +1  0\.667", r"  arc +1 +1  "])


def test_a_published_collection_needs_no_data_and_takes_limits_k_and_workers(lines: pytest.Pytester) -> None:
    arguments = ["--model", "faulty", "--eval-collection", "test.jsonl"]

    run(lines, *arguments, "-k", "line-00000").assert_outcomes(passed=1)
    run(lines, *arguments, "-k", "arc").assert_outcomes(passed=1, errors=1)
    limited = run(lines, *arguments, "--eval-limit", "2", "-n", "2")

    limited.stdout.fnmatch_lines(["*= collection test: 2 of 6 samples =*"])
    assert sum(limited.parseoutcomes().get(kind, 0) for kind in ("passed", "failed", "errors")) == 2


def test_the_configs_shots_leave_a_published_collection_as_it_is(lines: pytest.Pytester, faulty: FaultyServer) -> None:
    with (lines.path / "modeleval.toml").open("a") as file:
        file.write("[benchmarks.gsm8k]\nshots = 3\n")

    run(lines, "--model", "faulty", "--eval-collection", "test.jsonl", "-k", "line-00000").assert_outcomes(passed=1)

    assert [len(body["messages"]) for body in faulty.asked] == [1]


@pytest.mark.parametrize(
    ("lines_", "arguments", "said"),
    [
        ([LINES[6]], [], "unknown benchmark in test.jsonl: 'no_such_bench'; did you mean 'ocr_bench'?"),
        ([{**LINES[6], "dataset_name": "gms8k"}], [], "unknown benchmark in test.jsonl: 'gms8k'; did you mean 'gsm8k'?*"),
        ([{**LINES[6], "dataset_name": "math_verse"}], [], "there is no benchmark 'math_verse' here yet: *"),
        (LINES, ["--eval-shots", "2"], "--eval-shots is not for test.jsonl, whose lines hold their samples themselves"),
        (LINES, ["--eval-collection-save", "x"], "--eval-collection-save is not for test.jsonl, whose lines hold *"),
        (LINES, ["--eval-set", "run.sampler=uniform"], "sampler of [[]run] draws from a schema; test.jsonl is drawn already"),
        ([{**LINES[0], "weight": "x"}], [], "row 0 of *test.jsonl: weight is a number of at least 0, not 'x'"),
        ([{"prompt": {}}], [], "row 0 of *test.jsonl has no field 'dataset_name'; its fields are: prompt"),
        ([], [], "*test.jsonl is empty"),
    ],
    ids=["unknown", "misspelt", "not here yet", "shots", "save", "sampler", "weight", "no name", "empty"],
)  # fmt: skip
def test_a_wrong_published_collection(
    lines: pytest.Pytester, lines_: list[dict[str, Any]], arguments: list[str], said: str
) -> None:
    write(lines, lines_)

    result = run(lines, "--model", "faulty", "--eval-collection", "test.jsonl", *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_a_line_that_is_no_json_is_said(lines: pytest.Pytester) -> None:
    with (lines.path / "test.jsonl").open("a") as file:
        file.write("{\n")

    result = run(lines, "--model", "faulty", "--eval-collection", "test.jsonl")

    result.stderr.fnmatch_lines(["ERROR: row 7 of *test.jsonl is not JSON (*): *"])


def test_lines_with_pictures_are_asked(mix: pytest.Pytester, faulty: FaultyServer) -> None:
    # The layout of Qwen3-VL-Test-Collection.
    content = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(content, "PNG")
    picture = base64.b64encode(content.getvalue()).decode()

    def asked(image: str) -> list[dict[str, Any]]:
        parts = [{"type": "image", "image": image}, {"type": "text", "text": "What is 6 * 7?"}]
        return [{"id": "0", "role": "user", "content": parts}]

    write(
        mix,
        [
            published(0, "gsm8k", "", "42", input=asked(f"data:image/png;base64,{picture}")),
            published(1, "gsm8k", "", "42", input=asked(picture)),
            published(2, "gsm8k", "", "42", input=asked("https://example.org/a.png")),
        ],
    )
    faulty.fault = answer("42")

    result = run(mix, "--model", "faulty", "--eval-collection", "test.jsonl", "--eval-cache", "off")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*row 2 of *test.jsonl: an image is at https://example.org/a.png, which is not fetched*"]
    )
    told = [body["messages"][0]["content"][0]["image_url"]["url"] for body in faulty.asked]
    assert told == [f"data:image/png;base64,{picture}"] * 2
