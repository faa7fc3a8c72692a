"""Datasets out of hubs, through the hubs' own libraries, against a server of our own that speaks to them."""

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest

from pytest_modeleval import hub
from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.hub import HubRows, Names, NoData
from tests.hubs import HubServer


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """Both hubs, empty, with caches of their own."""
    server = HubServer()
    # Read when the library is imported.
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.url)
    template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    # They try again for half a minute.
    defaults = inspect.unwrap(huggingface_hub.file_download.http_get).__kwdefaults__
    monkeypatch.setitem(defaults, "_nb_retries", 1)
    monkeypatch.setattr("modelscope_hub._download.DOWNLOAD_RETRY_TIMES", 1)
    monkeypatch.setattr("modelscope_hub._legacy_api.REPO_TREE_PAGE_MAX_ATTEMPTS", 1)
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "ms-home"))
    yield server
    server.close()


def lines(size: int, start: int = 0) -> bytes:
    return "".join(f"{json.dumps({'n': n})}\n" for n in range(start, start + size)).encode()


FILES = {
    "README.md": b"# A dataset\n",
    "main/test.jsonl": lines(5),
    "main/train.jsonl": lines(7, 100),
    "other/test.jsonl": lines(3),
}
CACHES = {"huggingface": "hf", "modelscope": "ms"}
BOTH = pytest.mark.parametrize("name", ["modelscope", "huggingface"])


def place(folder: Path, name: str, *, offline: bool = False, chosen: bool = True) -> Place:
    return Place("b", None, folder / "project/.modeleval/datasets.json", name, offline, chosen)


def opened(
    where: Place,
    config: Names = "main",
    *,
    examples: str | None = None,
    revision: str | None = None,
    dataset: str = "own/set",
) -> HubRows:
    declared = hub(modelscope=dataset, huggingface=dataset, config=config, revision=revision)
    return declared.open(where, list(declared.subsets), examples)


@BOTH
def test_only_the_splits_that_are_asked_for_are_fetched(tmp_path: Path, server: HubServer, name: str) -> None:
    server.commit("own/set", FILES)

    rows = opened(place(tmp_path, name), examples="train")

    assert [row["n"] for row in (rows.row("main", index) for index in range(rows.count("main")))] == [0, 1, 2, 3, 4]
    assert [row["n"] for row in rows.examples("main", "train")] == list(range(100, 107))
    assert sorted(server.downloads()) == ["test.jsonl", "train.jsonl"]


@BOTH
def test_a_hub_may_call_configs_and_splits_otherwise(tmp_path: Path, server: HubServer, name: str) -> None:
    server.commit("own/set", FILES)
    server.commit("their/set", {"README.md": b"", "all/validation.jsonl": lines(4), "all/few.jsonl": lines(2, 50)})
    declared = hub(
        modelscope="own/set",
        huggingface="their/set",
        config="main",
        on_huggingface={"main": "all", "test": "validation", "train": "few"},
    )
    here = place(tmp_path, name)

    rows = declared.open(here, ["main"], "train")
    again = declared.open(replace(here, offline=True), ["main"], "train")
    sizes = {"modelscope": (5, 7), "huggingface": (4, 2)}[name]
    assert (rows.count("main"), len(rows.examples("main", "train"))) == sizes
    assert (again.count("main"), len(again.examples("main", "train"))) == sizes


def test_a_folder_may_be_a_copy_of_either_hubs(tmp_path: Path) -> None:
    (tmp_path / "copy/all").mkdir(parents=True)
    (tmp_path / "copy/all/validation.jsonl").write_bytes(lines(4))
    declared = hub(
        modelscope="own/set",
        huggingface="their/set",
        config="main",
        on_huggingface={"main": "all", "test": "validation"},
    )

    rows = declared.open(replace(place(tmp_path, "modelscope"), folder=tmp_path / "copy"), ["main"], None)

    assert rows.count("main") == 4


@BOTH
def test_the_second_time_nothing_is_asked_nor_locked_anew(tmp_path: Path, server: HubServer, name: str) -> None:
    server.commit("own/set", FILES)
    opened(place(tmp_path, name))
    server.asked.clear()
    locked = place(tmp_path, name).lock.stat()

    assert opened(place(tmp_path, name)).count("main") == 5
    assert opened(place(tmp_path, name, chosen=False, offline=True)).count("main") == 5
    assert server.asked == []
    assert place(tmp_path, name).lock.stat().st_mtime_ns == locked.st_mtime_ns


@BOTH
def test_what_is_in_the_librarys_cache_needs_no_network(tmp_path: Path, server: HubServer, name: str) -> None:
    server.commit("own/set", FILES)
    opened(place(tmp_path, name))
    server.asked.clear()

    another = replace(place(tmp_path, name, offline=True), lock=tmp_path / "another/.modeleval/datasets.json")
    assert opened(another).count("main") == 5
    assert server.asked == []


@BOTH
def test_the_locked_revision_is_fetched_and_its_content_is_compared(
    tmp_path: Path, server: HubServer, name: str
) -> None:
    commit = server.commit("own/set", FILES)
    opened(place(tmp_path, name))
    server.commit("own/set", {**FILES, "main/test.jsonl": lines(9), "other/test.jsonl": lines(9)})
    shutil.rmtree(tmp_path / CACHES[name])

    assert opened(place(tmp_path, name)).count("main") == 5
    assert opened(place(tmp_path, name), ["main", "other"]).count("other") == 3
    entry = json.loads((tmp_path / "project/.modeleval/datasets.json").read_text())["b"]["other/test"]
    assert entry["source"] == {
        "hub": name, "id": "own/set", "asked": None, "revision": commit, "files": ["other/test.jsonl"]
    }  # fmt: skip

    # The hub gives something else under the same commit.
    server.commits["own/set"][0] = {**FILES, "main/test.jsonl": lines(4)}
    shutil.rmtree(tmp_path / CACHES[name])
    with pytest.raises(pytest.UsageError, match=r"b: the data of main/test changed: .* has sha256 .*…, .* has .*…\."):
        opened(place(tmp_path, name))


@BOTH
def test_a_revision_may_be_pinned(tmp_path: Path, server: HubServer, name: str) -> None:
    commit = server.commit("own/set", FILES)
    server.commit("own/set", {**FILES, "main/test.jsonl": lines(9)})

    assert opened(place(tmp_path, name), revision=commit).count("main") == 5


@BOTH
def test_a_download_that_is_cut_goes_on(tmp_path: Path, server: HubServer, name: str) -> None:
    server.commit("own/set", {"main/test.jsonl": lines(20_000)})
    server.cuts = 1

    rows = opened(place(tmp_path, name))

    assert (rows.count("main"), rows.row("main", 19_999)["n"]) == (20_000, 19_999)
    assert server.downloads() == ["test.jsonl"] * 2


@BOTH
def test_a_download_that_stays_cut_is_never_taken_for_whole(tmp_path: Path, server: HubServer, name: str) -> None:
    server.commit("own/set", {"main/test.jsonl": lines(20_000)})
    server.cuts = 100
    with pytest.raises(pytest.UsageError, match=r"b: .*own/set cannot be fetched .* run the same command again"):
        opened(place(tmp_path, name))
    server.cuts = 0

    assert opened(place(tmp_path, name)).count("main") == 20_000


@BOTH
@pytest.mark.parametrize(
    ("config", "dataset", "revision", "said"),
    [
        ("main", "no/set", None, "b: there is no dataset 'no/set' on .*; try --eval-hub"),
        ("mian", "own/set", None, r"b: own/set on .* has no mian/test \(.*\); it has main/test.jsonl, "),
        ("main", "own/script", None, "b: own/script on .* has no data files, only a loading script"),
        ("main", "own/set", "v9", "b: (own/set on Hugging Face has no revision 'v9'|there is no dataset 'own/set')"),
    ],
    ids=["dataset", "config", "only a script", "revision"],
)
def test_what_is_not_there_is_one_line(
    tmp_path: Path, server: HubServer, name: str, config: str, dataset: str, revision: str | None, said: str
) -> None:
    server.commit("own/set", FILES)
    server.commit("own/script", {"script.py": b"raise SystemExit('never run')"})

    with pytest.raises(pytest.UsageError, match=said):
        opened(place(tmp_path, name), config, dataset=dataset, revision=revision)
    assert server.downloads() == []


@BOTH
def test_a_hub_that_is_away_is_one_line(tmp_path: Path, server: HubServer, name: str) -> None:
    server.close()

    with pytest.raises(pytest.UsageError, match="b: own/set cannot be fetched") as raised:
        opened(place(tmp_path, name))
    # No class or address of the library's, which is longer than what is to be read behind it.
    assert re.search(r" (ModelScope|Hugging Face): (\[Errno \d+\] )?[A-Z][\w ]+\. ", str(raised.value))
    assert re.search(
        r"Elsewhere: (modelscope|hf) download own/set --repo-type dataset, and --eval-data DIR for a copy$",
        str(raised.value),
    )


@BOTH
def test_a_data_folder_without_the_benchmark_is_told_too(tmp_path: Path, server: HubServer, name: str) -> None:
    server.close()
    where = replace(place(tmp_path, name), folder=tmp_path / "data/b")

    with pytest.raises(
        pytest.UsageError, match=r"b \(there is no folder .*/data/b either\): own/set cannot be fetched"
    ):
        opened(where)


@BOTH
def test_offline_tells_the_command_that_fetches_what_is_missing(tmp_path: Path, server: HubServer, name: str) -> None:
    server.commit("own/set", FILES)

    whole = r"b has no main/test of own/set .* with --eval-offline: \w+ download own/set --repo-type dataset$"
    with pytest.raises(NoData, match=whole):
        opened(place(tmp_path, name, offline=True))
    opened(place(tmp_path, name))
    shutil.rmtree(tmp_path / CACHES[name])

    with pytest.raises(NoData, match=r"download own/set main/test\.jsonl --repo-type dataset --revision") as told:
        opened(place(tmp_path, name, offline=True))
    server.asked.clear()
    run_command(str(told.value), server, tmp_path)
    assert set(server.downloads()) == {"test.jsonl"}
    assert opened(place(tmp_path, name, offline=True)).count("main") == 5


def run_command(message: str, server: HubServer, folder: Path) -> None:
    """What the message says to type, with the hubs' libraries pointed at the server."""
    program, *arguments = shlex.split(message.rpartition(": ")[2])
    caches = {"HF_HUB_CACHE": str(folder / "hf"), "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": server.url}
    library = Path(huggingface_hub.__file__).parents[4] / "bin"
    path = f"{Path(sys.executable).parent}:{library}:{os.environ['PATH']}"
    found = shutil.which(program, path=path)
    assert found
    subprocess.run([found, *arguments], env={**os.environ, **caches}, check=True, capture_output=True)


@BOTH
def test_in_a_run_over_everything_nothing_is_fetched(tmp_path: Path, server: HubServer, name: str) -> None:
    server.commit("own/set", FILES)

    with pytest.raises(NoData, match=r"b has no data: .* choose it by name \(-k b\) to have it fetched"):
        opened(place(tmp_path, name, chosen=False))
    assert server.asked == []


@pytest.mark.parametrize("offline", [False, True], ids=["online", "offline"])
@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("modelscope", "modelscope_hub", "hub"), ("huggingface", "huggingface_hub", "huggingface")],
)
def test_without_the_hubs_library_the_pip_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str, offline: bool
) -> None:
    import pytest_modeleval.datasets

    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"pytest_modeleval.datasets.{name}", raising=False)
    monkeypatch.delattr(pytest_modeleval.datasets, name, raising=False)

    online = ", without --eval-offline," if offline else ""
    said = rf"b has no data\. Give --eval-data DIR, .*, or{online} have it fetched: pip install 'pytest-modeleval\[{extra}\]'"
    with pytest.raises(NoData, match=said):
        opened(place(tmp_path, name, offline=offline))


def test_a_dataset_that_is_on_one_hub_says_so(tmp_path: Path) -> None:
    declared = hub(modelscope="own/set", huggingface=None)

    with pytest.raises(NoData, match="b is not on Hugging Face: use --eval-hub modelscope, own/set"):
        declared.open(place(tmp_path, "huggingface"), ["default"], None)


def test_no_token_is_written(tmp_path: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "ms_secret")
    server.commit("own/set", FILES)
    for name in CACHES:
        opened(place(tmp_path / name, name))

    assert any("secret" in headers.get("authorization", "") for headers in server.headers)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and ".modeleval" in path.parts]
    assert written
    assert not [path for path in written if b"secret" in path.read_bytes()]
