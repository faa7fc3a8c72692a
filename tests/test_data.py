"""What a user sees of datasets being found, fetched, locked and made ready."""

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modeleval import hub
from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.find import found
from pytest_modeleval.datasets.lock import Lock
from tests.conftest import FaultyServer, add_settings, run
from tests.hubs import HubServer

FETCHED = """
from pytest_modeleval import Sample, Shots, benchmark, hub
from pytest_modeleval.scorers.numbers import same_number

FETCHED = hub(modelscope="own/set", huggingface="own/set", by="level", subsets=["1", "2"])

@benchmark(FETCHED, lambda row: Sample(row["question"], row["answer"]), shots=Shots(1, "train"))
def test_fetched(sample, completion):
    assert same_number(completion, sample.target)
"""
ROWS = "".join(f"{json.dumps({'level': 1 + n % 2, 'question': f'{n}?', 'answer': '42'})}\n" for n in range(8)).encode()


@pytest.fixture
def hubs(project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """Hubs with one dataset, and a benchmark over it."""
    server = HubServer()
    server.commit("own/set", {"test.jsonl": ROWS, "train.jsonl": ROWS.replace(b"?", b"!"), "dev.jsonl": ROWS})
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
    monkeypatch.setenv("MODELSCOPE_CACHE", str(project.path / "ms"))
    monkeypatch.setenv("MODELSCOPE_HOME", str(project.path / "ms-home"))
    project.makepyfile(test_fetched=FETCHED)
    yield server
    server.close()


def test_a_benchmark_that_is_chosen_is_fetched_and_only_once(project: pytest.Pytester, hubs: HubServer) -> None:
    run(project, "--model", "faulty", "test_fetched.py").assert_outcomes(passed=8)
    assert sorted(hubs.downloads()) == ["test.jsonl", "train.jsonl"]
    hubs.asked.clear()

    run(project, "--model", "faulty", "test_fetched.py", "--eval-offline").assert_outcomes(passed=8)
    assert hubs.asked == []


def test_without_examples_their_split_is_not_fetched(project: pytest.Pytester, hubs: HubServer) -> None:
    run(project, "--model", "faulty", "test_fetched.py", "--eval-shots=0", "-k", "1-").assert_outcomes(
        passed=4, deselected=0
    )

    assert hubs.downloads() == ["test.jsonl"]


def test_what_was_not_selected_is_not_fetched(project: pytest.Pytester, hubs: HubServer) -> None:
    run(project, "--model", "faulty", ".", "-k", "answers").assert_outcomes(passed=10)

    assert hubs.asked == []


def test_workers_fetch_once_and_share(project: pytest.Pytester, hubs: HubServer) -> None:
    result = project.runpytest_subprocess("-p", "no:asyncio", "--model", "faulty", "test_fetched.py", "-n", "2")

    result.assert_outcomes(passed=8)
    assert sorted(hubs.downloads()) == ["test.jsonl", "train.jsonl"]
    assert [path.name for path in (project.path / ".modeleval/data").iterdir() if len(path.name) != 32] == []


def test_offline_names_what_is_missing(project: pytest.Pytester, hubs: HubServer) -> None:
    result = run(project, "--model", "faulty", "test_fetched.py", "--eval-offline")

    result.stderr.fnmatch_lines(
        [
            "ERROR: fetched has no default/test of own/set in ModelScope's cache on this machine, and "
            "nothing is fetched with --eval-offline: modelscope download own/set --repo-type dataset"
        ]
    )


def test_a_split_of_examples_that_is_not_there_is_said_at_the_start(project: pytest.Pytester, hubs: HubServer) -> None:
    hubs.commits["own/set"] = [{"test.jsonl": ROWS}]

    result = run(project, "--model", "faulty", "test_fetched.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: fetched: own/set on ModelScope has no default/train (*); it has test.jsonl; the *"]
    )


def test_a_switch_in_the_settings(project: pytest.Pytester, hubs: HubServer) -> None:
    add_settings(project, "[run]\noffline = true")

    run(project, "--model", "faulty", "test_fetched.py").stderr.fnmatch_lines(["ERROR: fetched has no *"])


def test_choosing_a_benchmark_opens_no_other(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("arc/ARC-Easy", "arc/ARC-Challenge", "mmlu/anatomy"):
        path = pytester.path / "data" / name / "test.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("this is no data: whoever opens it says so")
    for split in ("test", "train"):
        path = pytester.path / "data/gsm8k/main" / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f'{{"question": "{split} {n}", "answer": "#### 4"}}\n' for n in range(6)))

    result = run(pytester, "--model", "tiny", "--eval-data", "data", "-k", "gsm8k", "--collect-only", "-q")

    result.stdout.fnmatch_lines(["*test_gsm8k.py::test_gsm8k?main-00005?"])
    lock = json.loads((pytester.path / ".modeleval/datasets.json").read_text())
    assert {name: list(splits) for name, splits in lock.items()} == {"gsm8k": ["main/test", "main/train"]}


def test_what_only_a_subset_was_named_of_is_left_out_in_the_open(project: pytest.Pytester, hubs: HubServer) -> None:
    # One of BBH's subsets is multistep_arithmetic_two; that arithmetic is a benchmark's name makes no difference to it.
    flags = ("--eval-limit", "2", "--eval-write", "summary.md")
    result = run(project, "--model", "faulty", "-k", "arithmetic or arithmetic_two", *flags)
    assert result.parseoutcomes()["failed"] == 2
    result.stdout.fnmatch_lines(["not run, because they have no data (--eval-data DIR): bbh"])
    assert "\nnot run, because they have no data: bbh\n" in (project.path / "summary.md").read_text()

    result = run(project, "--model", "faulty", "-k", "multistep_arithmetic_two")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: bbh has no data: * choose it by name (-k bbh) to have it fetched"])

    result = run(project, "--model", "faulty", "-k", "bbh and multistep_arithmetic_two", "--eval-offline")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: bbh has no multistep_arithmetic_two/test *"])


def test_what_was_made_ready_may_be_removed_and_a_new_content_is_made_ready_anew(
    project: pytest.Pytester, hubs: HubServer
) -> None:
    arguments = ["--model", "faulty", "test_fetched.py", "--eval-data", "data", "--eval-shots", "0"]
    data = project.path / "data/fetched/test.jsonl.gz"
    data.parent.mkdir(parents=True)
    data.write_bytes(gzip.compress(ROWS))
    run(project, *arguments).assert_outcomes(passed=8)

    shutil.rmtree(project.path / ".modeleval/data")
    run(project, *arguments).assert_outcomes(passed=8)

    data.write_bytes(gzip.compress(ROWS + ROWS))
    changed = run(project, *arguments)
    changed.stderr.fnmatch_lines(["ERROR: fetched: the data of default/test by level changed: *"])

    (project.path / ".modeleval/datasets.json").unlink()
    run(project, *arguments).assert_outcomes(passed=16)
    assert hubs.asked == []


def test_every_split_of_the_real_data_is_found_and_whole(real_data: Path, tmp_path: Path) -> None:
    checked = 0
    for described in json.loads((real_data / "index.json").read_text("utf-8")):
        files = {(file["subset"], file["split"]): file for file in described["files"] if file.get("split")}
        place = Place(described["benchmark"], real_data / described["folder"], tmp_path / "datasets.json")

        splits = found(hub(modelscope="any", huggingface=None), place, list(files))
        for part, file in files.items():
            assert (splits[part].paths, splits[part].count()) == ([place.folder / file["path"]], file["records"])
            assert set(splits[part].rows(None)[0]) <= set(file["fields"]), part
            checked += 1
    assert checked > 100


def test_a_process_that_dies_with_the_lock_lets_go(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from pytest_modeleval import hub
from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.find import found
from pytest_modeleval.datasets.lock import Lock
with Lock(Path(sys.argv[1])).held():
    print("held", flush=True)
    time.sleep(60)
"""
    path = tmp_path / "datasets.json"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()

    with Lock(path).held():
        assert not path.exists()
