"""Who comes from another tool: every command that docs/moving.md shows on the right side runs."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval.commands.benchmarks import shipped
from pytest_modeleval.items.elsewhere import ELSEWHERE
from pytest_modeleval.items.shipped import shipped_names
from pytest_modeleval.models.spec import TINY
from pytest_modeleval.options.options import FLAGS
from pytest_modeleval.perf.options.options import FLAGS as PERF_FLAGS
from tests.conftest import ANSWERS, FaultyServer, answer, modeleval, run, run_alone, send
from tests.perf.conftest import whatever_machine  # noqa: F401 - a fixture
from tests.test_benchmarks import write_rows
from tests.test_readme import ROOT, blocks, here

PAGE = (ROOT / "docs" / "moving.md").read_text()
HERE = here(PAGE)
ROWS = "\n".join(re.findall(r"^\| .*", HERE, re.MULTILINE))
COMMANDS = list(dict.fromkeys(re.findall(r"`((?:pytest|modeleval) [^`]*)`", ROWS)))
# The models of the page that a hub has: the bundled one stands for one of them, and a server's for the other.
LOCAL, SERVED = "Qwen/Qwen3-0.6B", "Qwen/Qwen2.5-0.5B-Instruct"
# What the page's collection and commands ask.
ASKED = (
    "gsm8k",
    "arc",
    "mmlu",
    "mmlu_pro",
    "ifeval",
    "math_500",
    "aime24",
    "aime25",
    "gpqa_diamond",
    "live_code_bench",
    "bfcl_v3",
)
FIELDS = shipped()["mmlu_pro"][0].dataset.subsets
ALIASES, RUNS, COLLECTION = blocks(PAGE, "toml")
# Loads as small as loads are; of a flag that is given twice the last holds.
SMALL = (
    "--perf-number",
    "2",
    "--perf-parallel",
    "2",
    "--perf-extend",
    "0",
    "--perf-image",
    "32x16",
)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    """A server of every model of the page, also by streams, which loads want."""
    server = FaultyServer()
    server.models = ["Qwen3-32B", "Qwen/Qwen3-32B", "qwen2.5", "qwen-vl-plus-latest"]

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        usage = {"prompt_tokens": len(str(body).split()), "completion_tokens": 2}
        if not body.get("stream"):
            choice = {"message": {"role": "assistant", "content": "#### 42"}, "finish_reason": "stop"}
            return send(handler, 200, {"choices": [choice], "usage": usage})
        parts = [{"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": end}]} for end in (None, "stop")]
        events = [*map(json.dumps, [*parts, {"choices": [], "usage": usage}]), "[DONE]"]
        return send(
            handler, 200, "".join(f"data: {event}\n\n" for event in events).encode(), content_type="text/event-stream"
        )

    server.fault = fault
    yield server
    server.close()


@pytest.fixture
def moved(pytester: pytest.Pytester, server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with the page's models, runs, files and the data that they need."""
    for name in ("DASHSCOPE_API_KEY", "MODELSCOPE_SDK_TOKEN"):
        monkeypatch.setenv(name, "sk-1")
    aliases = re.sub(r'base_url = "[^"]*"', f'base_url = "{server.url}"', ALIASES)
    hub = f'[models."{LOCAL}"]\napi = "transformers"\nmodel = "{TINY}"\ngeneration.max_tokens = 8'
    hub += f'\n[models."{SERVED}"]\nbase_url = "{server.url}"\nmodel = "Qwen3-32B"'
    pytester.makefile(".toml", modeleval="\n".join([aliases, RUNS, hub, '[run]\ndata = "data"']), qwen3=COLLECTION)
    for name in ASKED:
        write_rows(pytester, name)
    data = pytester.path / "data"
    shutil.copytree(data / "arc/ARC-Easy", data / "arc/ARC-Challenge")
    for file in (data / "mmlu_pro").iterdir():
        rows = file.read_text()
        file.write_text("".join(rows.replace('"physics"', json.dumps(field)) for field in FIELDS))
    (data / "openqa").mkdir()
    (data / "openqa/open_qa.jsonl").write_text('{"question": "Why?", "human_answers": ["?"]}\n')
    (pytester.path / "capitals.jsonl").write_text(blocks(PAGE, "jsonl")[0])
    (pytester.path / "Qwen3-Test-Collection.jsonl").write_text(json.dumps(LINE))
    pytester.mkdir("my_benchmarks").joinpath("test_answers.py").write_text(ANSWERS)
    return pytester


# A line as collections are published.
LINE = {
    "prompt": {"input": [{"role": "user", "content": "What is 6 * 7?"}], "target": "42", "metadata": {}},
    "dataset_name": "gsm8k",
    "subset_name": "main",
    "tags": ["en"],
    "categories": ["Qwen3", "Math"],
    "task_type": "math",
    "weight": 1.0,
}


def typed(project: pytest.Pytester, server: FaultyServer, command: str) -> pytest.RunResult:
    """Run a command of the page, against the server and as small as may be."""
    program, *arguments = shlex.split(command.replace("http://127.0.0.1:8801/v1", server.url))
    if program == "modeleval":
        return modeleval(*arguments)
    if any(each.startswith("--perf") for each in arguments):
        return run(project, *arguments, *SMALL)
    # torch can be imported once.
    return (run_alone if LOCAL in arguments else run)(project, *arguments)


def test_the_page_shows_commands_for_each_tool() -> None:
    parts = dict(re.findall(r"^## From (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))

    assert list(parts) == ["EvalScope", "lm-evaluation-harness", "Inspect", "promptfoo"]
    assert all(len(re.findall("`pytest ", part)) >= 3 and "Not here yet" in part for part in parts.values())


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("whatever_machine")
def test_a_command_runs(moved: pytest.Pytester, server: FaultyServer, command: str) -> None:
    if "--eval-collection qwen3_test.jsonl" in command:
        (saving,) = (each for each in COMMANDS if "--eval-collection-save" in each)
        assert typed(moved, server, saving).ret == 0
    if command.startswith("modeleval thinking"):
        server.fault = answer("#### 42", reasoning_content="6 * 7 = 42")
    if command.startswith(("modeleval show", "modeleval thinking")):
        assert run(moved, "--model", "qwen3", "--eval", "gsm8k").ret in (0, 1)

    result = typed(moved, server, command)

    said = result.stdout.str() + result.stderr.str()
    # A wrong answer is the model's, and ends a run with 1.
    assert result.ret in (0, 1), said
    assert "Traceback" not in said
    assert "error" not in result.parseoutcomes() if command.startswith("pytest") else said


def test_the_script_runs(moved: pytest.Pytester) -> None:
    script = moved.makepyfile(script=blocks(PAGE, "python")[0])

    result = moved.runpython(script)

    assert result.ret == 0, result.stderr.str()
    assert re.fullmatch(r"[01]\.\d+", result.outlines[-1])


def test_every_flag_on_this_side_exists() -> None:
    named = set(re.findall(r"--(?:eval|perf)(?:-[a-z]+)*", HERE))
    assert set() < named <= {flag.name for flag in (*FLAGS, *PERF_FLAGS) if not flag.settings_only}


def test_what_is_not_here_yet_is_not_here() -> None:
    named = {
        name
        for part in re.findall(r"Not here yet(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
        for name in re.findall(r"`(\w+)`", part)
    }

    assert not named & shipped_names()
    assert {"math_verse", "needle_haystack"} <= named & ELSEWHERE
