"""BFCL's benchmarks with a model that replays gold calls through a real server, natively and by the prompt."""

import importlib.metadata
import importlib.util
import json
import sqlite3
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_modeleval.run import sandbox
from pytest_modeleval.scorers.bfcl.calls import Call
from pytest_modeleval.scorers.bfcl.figures import LIVE, MULTI_TURN, RELEVANCE, SEVERAL, SIMPLE
from pytest_modeleval.scorers.bfcl.modes import MORE_FUNCTIONS
from pytest_modeleval.scorers.bfcl.rows import INSTALL, installed_data, rows_in
from tests.agents.conftest import in_turn, scripted
from tests.conftest import FaultyServer, run, send
from tests.scorers.bfcl.gold import replaying

ROWS = Path(__file__).parents[1] / "rows" / "bfcl_v4.json"
NEEDED = ("bfcl_eval", "mpmath", "overrides", "filelock", "rank_bm25", "numpy")
needs_bfcl_eval = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED), reason=f"needs {', '.join(NEEDED)}"
)
EVERY = [*SIMPLE["v4"], *SEVERAL, *LIVE, *RELEVANCE, *MULTI_TURN, "memory_kv", "memory_rec_sum"]


@needs_bfcl_eval
@pytest.mark.parametrize("mode", ["native", "prompt"])
@pytest.mark.parametrize("category", EVERY)
def test_the_gold_of_every_category_passes(
    project: pytest.Pytester, faulty: FaultyServer, category: str, mode: str
) -> None:
    replaying(faulty, [*rows_in(installed_data(), category)], mode=mode)

    result = run(
        project,
        "--model",
        "faulty",
        "--eval",
        f"bfcl_v4/{category}",
        "--eval-limit",
        "3",
        "--eval-set",
        f"bfcl_v4.mode={mode}",
    )

    result.assert_outcomes(passed=3)


def tea(calls: list[Call]) -> list[Call]:
    """Every text that a call has is another one."""
    return [
        (name, {key: "tea" if isinstance(value, str) else value for key, value in given.items()})
        for name, given in calls
    ]


BROKEN: dict[str, Callable[[list[Call]], list[Call]]] = {
    "no call": lambda calls: [],
    "wrong number of calls": lambda calls: [*calls, calls[0]],
    "wrong function": lambda calls: [("tea", given) for _, given in calls],
    "missing parameter": lambda calls: [(name, {}) for name, _ in calls],
    "unknown parameter": lambda calls: [(name, {**given, "tea": 1}) for name, given in calls],
    "wrong type": lambda calls: [(name, {key: {"tea": 1} for key in given}) for name, given in calls],
    "wrong value": tea,
}


def worlds(path: Path) -> Path:
    """Made-up rows of every kind of one turn, laid out as `bfcl_eval/data`."""
    folder = path / "data" / "bfcl_v4"
    for name, rows in json.loads(ROWS.read_text())["files"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


@pytest.mark.parametrize("mode", ["native", "prompt"])
@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_call_is_wrong_by_its_mistake(
    project: pytest.Pytester, faulty: FaultyServer, mistake: str, mode: str
) -> None:
    folder = worlds(project.path)
    replaying(faulty, [next(rows_in(folder, "simple_python"))], mode=mode, change=BROKEN[mistake])

    ask = ["--eval", "bfcl_v4/simple_python", "--eval-data", "data", "--eval-set", f"bfcl_v4.mode={mode}"]
    result = run(project, "--model", "faulty", *ask, "-k", "simple_python-00000")

    result.assert_outcomes(failed=1)
    assert mistakes(project) == [mistake]


def mistakes(project: pytest.Pytester) -> list[str]:
    """What went wrong in the last run, sample by sample."""
    with sqlite3.connect(project.path / ".modeleval/store.sqlite") as store:
        return [each for (each,) in store.execute("select mistake from scores where mistake is not null")]


def test_arguments_that_are_no_json_are_a_wrong_answer(project: pytest.Pytester, faulty: FaultyServer) -> None:
    worlds(project.path)
    scripted(faulty, lambda messages: [("shop_add", '{"thing": ')])

    ask = ["--eval", "bfcl_v4/simple_python,bfcl_v4/live_irrelevance", "--eval-data", "data"]
    result = run(project, "--model", "faulty", *ask)

    # Where nothing is to be called nothing is.
    result.assert_outcomes(failed=2, passed=2)
    assert mistakes(project) == ["bad arguments"] * 2


@needs_bfcl_eval
@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("native", [("credit_card_list", f'{{"a": {"[" * 700}{"]" * 700}}}')]),
        ("native", [("\ud800", '{"a": "\\ud800"}')]),
        ("prompt", "[nothing(a='\\ud800')]"),
        ("prompt", r"[authenticate_travel('\ud800', client_id='\ud800')]"),
    ],
    ids=["deep", "native", "unknown", "argument"],
)
def test_no_call_of_a_model_makes_its_conversation_an_error(
    project: pytest.Pytester, faulty: FaultyServer, mode: str, said: Any
) -> None:
    scripted(faulty, in_turn(said, "Done."))
    ask = ["--eval", "bfcl_v4/multi_turn_base", "--eval-limit", "1", "--eval-set", f"bfcl_v4.mode={mode}"]

    run(project, "--model", "faulty", *ask).assert_outcomes(failed=1)


def test_a_server_without_tools_ends_the_run(project: pytest.Pytester, faulty: FaultyServer) -> None:
    worlds(project.path)
    why = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    faulty.fault = lambda handler, _: send(handler, 400, {"error": {"message": why}})

    result = run(project, "--model", "faulty", "--eval", "bfcl_v4/simple_python", "--eval-data", "data")

    assert result.ret not in (0, 1)
    result.stderr.fnmatch_lines(["*--enable-auto-tool-choice*"])


def test_names_have_underscores_unless_dots_are_allowed(project: pytest.Pytester, faulty: FaultyServer) -> None:
    worlds(project.path)
    scripted(faulty, lambda messages: [("shop.add", '{"thing": "apple", "count": 2}')])
    ask = ["--eval", "bfcl_v4/simple_python", "--eval-data", "data", "-k", "simple_python-00000"]

    run(project, "--model", "faulty", *ask).assert_outcomes(failed=1)
    run(project, "--model", "faulty", *ask, "--eval-set", "bfcl_v4.underscore_to_dot=false").assert_outcomes(passed=1)

    assert [body["tools"][0]["function"]["name"] for body in faulty.asked] == ["shop_add", "shop.add"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--eval", "bfcl_v4/live_simple", "--eval-data", "data"], "*bfcl_v4 has no BFCL_v?_live_simple.json: the category live_simple has no data here*"),
        (["--eval", "bfcl_v4", "--eval-data", "data", "--eval-set", "bfcl_v4.mode=tools"], "*mode is native or prompt, not 'tools'"),
        (["--eval", "bfcl_v3/simple", "--eval-offline"], "*AI-ModelScope/bfcl_v3*"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_in_a_line(project: pytest.Pytester, flags: list[str], said: str) -> None:
    worlds(project.path)

    result = run(project, "--model", "tiny", *flags)

    result.stderr.fnmatch_lines([said])
    assert len([line for line in result.stderr.lines if line.startswith("ERROR")]) == 1


@pytest.mark.parametrize("version", [None, "2025.6.16"])
def test_the_package_is_told_with_its_command(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    find, tell = importlib.util.find_spec, importlib.metadata.version
    spec = version and SimpleNamespace(submodule_search_locations=["/nowhere"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *of: spec if name == "bfcl_eval" else find(name, *of))
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version if name == "bfcl-eval" else tell(name))

    result = run(project, "--model", "tiny", "--eval", "bfcl_v4/irrelevance")

    said = "*not installed here*" if version is None else "*bfcl_eval 2025.6.16 is installed*"
    result.stderr.fnmatch_lines([f"ERROR: bfcl_v4: {said}pip install --no-deps bfcl-eval==2026.3.23 mpmath"])


@needs_bfcl_eval
def test_repeats_and_workers_begin_afresh(project: pytest.Pytester, faulty: FaultyServer) -> None:
    ask = ["--eval", "bfcl_v4/multi_turn_base", "--eval-limit", "2", "--eval-repeats", "2"]
    replaying(faulty, [*rows_in(installed_data(), "multi_turn_base")], mode="native")

    run(project, "--model", "faulty", *ask, "-n", "2").assert_outcomes(passed=4)


@needs_bfcl_eval
def test_a_resumed_run_asks_nothing_that_was_answered(project: pytest.Pytester, faulty: FaultyServer) -> None:
    """Answers come from the store, and the classes are brought to where they were by calling again."""
    ask = ["--model", "faulty", "--eval", "bfcl_v4/multi_turn_base,bfcl_v4/memory_kv", "--eval-limit", "4"]
    known = [row for name in ("multi_turn_base", "memory_kv") for row in rows_in(installed_data(), name)]
    replaying(faulty, known, mode="native")
    whole, left = faulty.fault, iter(range(7))

    def breaking(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if next(left, None) is None:
            send(handler, 400, {"error": {"message": "broken"}})
        else:
            whole(handler, body)

    faulty.fault = breaking
    assert run(project, *ask).parseoutcomes().get("passed", 0) < 4
    before = [body["messages"] for body in faulty.asked][:7]
    faulty.asked.clear()
    faulty.fault = whole
    run(project, *ask).assert_outcomes(passed=4)

    assert not [body for body in faulty.asked if body["messages"] in before]
    faulty.asked.clear()
    run(project, *ask).assert_outcomes(passed=4)
    assert faulty.asked == []


@needs_bfcl_eval
def test_a_plan_counts_the_answers_of_conversations_at_most(project: pytest.Pytester, faulty: FaultyServer) -> None:
    first = next(rows_in(installed_data(), "multi_turn_base"))

    result = run(
        project, "--model", "faulty", "--eval", "bfcl_v4/multi_turn_base", "-k", "multi_turn_base-00000", "--eval-plan"
    )

    result.stdout.re_match_lines([rf".*at most {len(first.turns) * 21}\b.*"])


@needs_bfcl_eval
def test_the_prerequisites_of_a_memory_are_asked_once_and_in_their_order(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    known = [*rows_in(installed_data(), "memory_rec_sum")]
    replaying(faulty, known, mode="native")
    same = [at for at, row in enumerate(known) if row.config["scenario"] == known[0].config["scenario"]][:2]

    words = " or ".join(f"memory_rec_sum-{at:05}" for at in same)
    run(project, "--model", "faulty", "--eval", "bfcl_v4/memory_rec_sum", "-k", words).assert_outcomes(passed=2)

    said = [body["messages"][-1]["content"] for body in faulty.asked]
    told = [message["content"] for before in known[0].before for turn in before.turns for message in turn]
    assert said[: len(told)] == told
    assert len(said) == len(told) + 2


@needs_bfcl_eval
def test_what_nobody_can_score_here_is_unscored_with_the_reason(project: pytest.Pytester, faulty: FaultyServer) -> None:
    ask = ["--eval", "bfcl_v4/memory_vector,bfcl_v4/web_search_base", "--eval-limit-per-subset", "1"]

    plan = run(project, "--model", "faulty", *ask, "--eval-plan")
    result = run(project, "--model", "faulty", *ask)

    plan.stdout.no_fnmatch_line("*unreadable*")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["bfcl_v4: 1 unscored: memory_vector needs a model of embeddings*"])
    assert faulty.asked == []


TURNS: dict[str, Callable[[list[Call]], list[Call]]] = {
    "no call in a turn": lambda calls: [],
    "wrong state": lambda calls: [(name, {}) for name, _ in calls],
    "too many steps": lambda calls: calls,
}


@needs_bfcl_eval
@pytest.mark.parametrize("mode", ["native", "prompt"])
@pytest.mark.parametrize("mistake", TURNS)
def test_a_conversation_is_wrong_by_its_mistake(
    project: pytest.Pytester, faulty: FaultyServer, mistake: str, mode: str
) -> None:
    row = next(rows_in(installed_data(), "multi_turn_base"))
    replaying(faulty, [row], mode=mode, change=TURNS[mistake])
    if mistake == "too many steps":
        said = "[pwd()]" if mode == "prompt" else [("pwd", "{}")]
        scripted(faulty, lambda messages: said)

    ask = ["--eval", "bfcl_v4/multi_turn_base", "-k", "multi_turn_base-00000", "--eval-set", f"bfcl_v4.mode={mode}"]
    run(project, "--model", "faulty", *ask).assert_outcomes(failed=1)

    assert mistakes(project) == [mistake]
    assert len(faulty.asked) == (21 if mistake == "too many steps" else 1 if mistake == "no call in a turn" else 2)


@needs_bfcl_eval
def test_functions_that_were_held_back_come_with_their_turn(project: pytest.Pytester, faulty: FaultyServer) -> None:
    row = next(rows_in(installed_data(), "multi_turn_miss_func"))
    ((turn, held),) = row.held_back.items()
    replaying(faulty, [row], mode="native")

    ask = ["--eval", "bfcl_v4/multi_turn_miss_func", "-k", "multi_turn_miss_func-00000"]
    run(project, "--model", "faulty", *ask).assert_outcomes(passed=1)

    offered = [{tool["function"]["name"] for tool in body["tools"]} for body in faulty.asked]
    turns = [sum(each["role"] == "user" for each in body["messages"]) for body in faulty.asked]
    assert [held[0]["name"] in names for names in offered] == [number > turn for number in turns]
    assert any(MORE_FUNCTIONS in str(body["messages"][-1]["content"]) for body in faulty.asked)


@needs_bfcl_eval
@pytest.mark.parametrize(
    "said",
    [
        "[cd(folder=1j)]",
        "[cd(folder=b'x')]",
        "[cd(folder={(1, 2): 3})]",
        "[cd(folder=...)]",
        "[cd(folder=1e999)]",
        "[cd(folder={1, 2})]",
        f"[cd(folder={'9' * 5000})]",
        "[cd(folder='\\ud800')]",
        "[cd(**{'folder': 'x'})]",
        "[cd('document', folder='document')]",
        "[__import__('os').system('id')]",
        "[cd.__init__(folder='x'), _load_scenario(scenario={})]",
    ],
)
def test_no_call_that_a_model_may_write_is_an_error(project: pytest.Pytester, faulty: FaultyServer, said: str) -> None:
    scripted(faulty, lambda messages: said if len(messages) == 2 else "Done.")

    ask = ["--eval", "bfcl_v4/multi_turn_base", "-k", "multi_turn_base-00000", "--eval-set", "bfcl_v4.mode=prompt"]
    run(project, "--model", "faulty", *ask).assert_outcomes(failed=1)


def test_a_table_has_groups_that_are_whole_and_says_what_the_overall_lacks(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    worlds(project.path)
    scripted(faulty, lambda messages: "Nothing fits.")

    ask = ["--eval", "bfcl_v4/simple_python,bfcl_v4/live_irrelevance", "--eval-data", "data"]
    result = run(project, "--model", "faulty", *ask)

    said = "bfcl_v4: no overall, without simple_java, simple_javascript, multiple, parallel, parallel_multiple and 14 *"
    result.stdout.fnmatch_lines([said])
    result.stdout.no_fnmatch_line("*hallucination*")


@needs_bfcl_eval
@pytest.mark.parametrize("category", ["simple", "javascript", "live_relevance", "multi_turn_miss_func"])
def test_the_gold_of_v3_passes(project: pytest.Pytester, faulty: FaultyServer, real_data: Path, category: str) -> None:
    replaying(faulty, [*rows_in(real_data / "bfcl_v3", category)], mode="native")

    ask = ["--eval", f"bfcl_v3/{category}", "--eval-data", str(real_data), "--eval-limit", "2"]
    run(project, "--model", "faulty", *ask).assert_outcomes(passed=2)


def test_rows_as_modelscope_has_them_hold_json_in_texts(project: pytest.Pytester, faulty: FaultyServer) -> None:
    given = json.loads(ROWS.read_text())["files"]
    (first, *_), (gold, *_) = given["BFCL_v4_simple_python.json"], given["possible_answer/BFCL_v4_simple_python.json"]
    columns = {
        "id": "simple_0",
        "subset": "simple",
        "test_category": "simple",
        "multi_turn": False,
        "language": "Python",
        "turns": json.dumps(first["question"]),
        "functions": json.dumps(first["function"]),
        "tools": "[]",
        "ground_truth": json.dumps(gold["ground_truth"]),
        "initial_config": "{}",
        "missed_functions": "{}",
        "involved_classes": [],
    }
    folder = project.path / "data" / "bfcl_v3"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text(json.dumps(columns))
    scripted(faulty, lambda messages: [("shop_add", '{"thing": "apple", "count": 2}')])

    ask = ["--eval", "bfcl_v3/simple", "--eval-data", "data"]
    run(project, "--model", "faulty", *ask).assert_outcomes(passed=1)


def test_a_gold_that_changed_is_told(project: pytest.Pytester) -> None:
    folder = worlds(project.path)
    ask = ["--model", "tiny", "--eval", "bfcl_v4/simple_python", "--eval-data", "data", "--eval-plan"]
    assert run(project, *ask).ret == 0
    gold = folder / "possible_answer" / "BFCL_v4_simple_python.json"
    gold.write_text(gold.read_text().replace("pear", "fig"))

    result = run(project, *ask)

    result.stderr.fnmatch_lines(["ERROR: bfcl_v4: the data of simple_python changed: *"])


def test_a_sandbox_without_the_classes_ends_the_run_with_the_command(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {
        "id": "multi_turn_base_0",
        "question": [[{"role": "user", "content": "Go."}]],
        "involved_classes": ["MathAPI"],
    }
    folder = project.path / "data" / "bfcl_v3"
    (folder / "multi_turn_func_doc").mkdir(parents=True)
    (folder / "BFCL_v3_multi_turn_base.json").write_text(json.dumps(row))
    # As in a Python without it: under another name nothing is found.
    monkeypatch.setattr(sandbox, "_modules_of", lambda refs: {sandbox._Needing("bfcl_v3", INSTALL): {"no_such_module"}})

    result = run(project, "--model", "faulty", "--eval", "bfcl_v3/multi_turn_base", "--eval-data", "data")

    said = "ERROR: bfcl_v3 needs no_such_module: * pip install --no-deps bfcl-eval==2026.3.23 mpmath. Name a Python *"
    result.stderr.fnmatch_lines([said])
    assert faulty.asked == []
