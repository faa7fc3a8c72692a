"""Who answers: what two models have in common, and what tells them apart."""

import json
import os
import shutil
import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from pytest_modeleval.models.content import Digests
from pytest_modeleval.models.identity import Identity, identity_of
from pytest_modeleval.models.spec import TINY, ModelSpec
from tests.conftest import FaultyServer, alias, answer, run, run_alone

MIB = 1 << 20


def who(tmp_path: Path, **settings: Any) -> Identity:
    spec = ModelSpec(**{"name": "a", "api": "openai", "model": "m", "base_url": "http://x:8000/v1", **settings})
    return identity_of(spec, Digests(tmp_path / "digests.json"), offline=False)


def folder(tmp_path: Path, name: str) -> Path:
    """A copy of the bundled model."""
    return Path(shutil.copytree(TINY, tmp_path / name))


def content(tmp_path: Path, path: Path) -> str:
    """What a model in a folder is known by, by a cache that other calls share."""
    return who(tmp_path, api="transformers", model=str(path)).hash


def test_what_the_environment_puts_into_a_routing_header_counts_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"X-Route": "$WHERE_TO", "X-Api-Key": "$MY_KEY"}
    known = []
    for route, key in (("one-deployment", "a"), ("one-deployment", "b"), ("another", "b")):
        monkeypatch.setenv("WHERE_TO", route)
        monkeypatch.setenv("MY_KEY", key)
        known.append(who(tmp_path, headers=names))

    assert known[0].hash == known[1].hash != known[2].hash
    assert "one-deployment" not in repr(known)


@pytest.mark.parametrize(
    "same",
    [
        {"name": "b"},
        {"api_key_env": "KEY"},
        {"timeout": 1.0},
        {"retries": 1},
        {"stream": True},
        {"price": {"input": 1.0, "output": 1.0}},
        {"base_url": "HTTP://X:8000/v1/"},
        {"base_url": "http://user:pass@x:8000/v1"},
        {"headers": {"Authorization": "Bearer k"}},
        {"headers": {"X-Api-Key": "k", "api-key": "k", "Ocp-Apim-Subscription-Key": "k", "Cookie": "k"}},
    ],
    ids=str,
)
def test_what_says_who_asks_and_how_is_no_part_of_who_answers(tmp_path: Path, same: dict[str, Any]) -> None:
    assert who(tmp_path, **same).hash == who(tmp_path).hash


@pytest.mark.parametrize(
    "other",
    [
        {"model": "n"},
        {"api": "mine"},
        {"base_url": "http://x:8001/v1"},
        {"base_url": "http://y:8000/v1"},
        {"base_url": "https://x:8000/v1"},
        {"base_url": "http://x:8000/v2"},
        {"base_url": "http://x:8000/v1?deployment=b"},
        {"base_url": None},
        {"headers": {"x-deployment": "int4"}},
        {"headers": {"X-Auth-Region": "eu"}},
        {"args": {"chat_template": "x"}},
        {"identity": "m@1"},
    ],
    ids=str,
)
def test_what_decides_who_answers_tells_models_apart(tmp_path: Path, other: dict[str, Any]) -> None:
    assert who(tmp_path, **other).hash != who(tmp_path).hash


def test_a_default_port_is_the_same_address(tmp_path: Path) -> None:
    assert who(tmp_path, base_url="https://x:443/v1").hash == who(tmp_path, base_url="https://x/v1").hash


def test_an_address_from_the_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = who(tmp_path, base_url=None).hash
    monkeypatch.setenv("OPENAI_BASE_URL", "http://y/v1")

    assert who(tmp_path, base_url=None).hash != before


def test_a_name_given_to_a_model_counts_and_its_address_does_not(tmp_path: Path) -> None:
    one = who(tmp_path, identity="qwen@4f2c")

    assert one.hash == who(tmp_path, identity="qwen@4f2c", base_url="http://y/v1", model="n").hash
    assert one.hash != who(tmp_path, identity="qwen@5a3d").hash


def test_nothing_that_is_kept_of_it_is_a_secret(tmp_path: Path) -> None:
    identity = who(
        tmp_path,
        base_url="http://user:SECRET@x/v1?key=SECRET",
        headers={"x-route": "SECRET", "Authorization": "SECRET"},
    )

    assert (identity.place, identity.model) == ("http://x/v1 (headers x-route)", "m")


def test_a_copied_or_touched_folder_is_the_same_model(tmp_path: Path) -> None:
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    before = content(tmp_path, one)
    for path in one.iterdir():
        os.utime(path, ns=(1, 1))
    (one / "README.md").write_text("other words")
    (one / "checkpoint-500").mkdir()
    (one / "checkpoint-500" / "model.safetensors").write_bytes(b"later")
    (tmp_path / "link").symlink_to(two)

    assert content(tmp_path, one) == content(tmp_path, two) == content(tmp_path, tmp_path / "link") == before


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer.json", "chat_template.jinja"])
def test_another_small_file_is_another_model(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path, "one")
    before = content(tmp_path, path)
    (path / name).write_text((path / name).read_text() + " ")

    assert content(tmp_path, path) != before


def test_a_few_values_of_one_tensor_are_another_model(tmp_path: Path) -> None:
    """Index, sizes and header are equal, and so are the times."""
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    tensors = safetensors.torch.load_file(two / "model.safetensors")
    name = max(tensors, key=lambda name: tensors[name].numel())
    tensors[name].view(-1)[tensors[name].numel() // 3 :][:3] += 0.5
    safetensors.torch.save_file(tensors, two / "model.safetensors", {"format": "pt"})
    for path in (one, two):
        os.utime(path / "model.safetensors", ns=(10**18, 10**18))

    sizes = {path: (path / "model.safetensors").stat().st_size for path in (one, two)}
    assert sizes[one] == sizes[two]
    assert content(tmp_path, one) != content(tmp_path, two)


def large(path: Path, tensors: int = 4) -> list[int]:
    """Weights of 96 MiB, mostly holes, as safetensors writes them; where each tensor begins."""
    size = 96 * MIB // tensors
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            **{
                f"layer.{number}": {
                    "dtype": "U8",
                    "shape": [size],
                    "data_offsets": [number * size, (number + 1) * size],
                }
                for number in range(tensors)
            },
        }
    ).encode()
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        begin = file.tell()
        file.truncate(begin + size * tensors)
    return [begin + size * number for number in range(tensors)]


def change(path: Path, begin: int, values: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(values)


@pytest.mark.parametrize("tensor", range(4))
def test_of_large_weights_every_tensor_is_looked_at(tmp_path: Path, tensor: int) -> None:
    weights = tmp_path / "model" / "model.safetensors"
    begins = large(weights)
    before = content(tmp_path, weights.parent)
    # A training moves most of a tensor's values: here one in a thousand.
    for step in range(0, 24 * MIB, 1000):
        change(weights, begins[tensor] + step, b"\1")

    assert content(tmp_path, weights.parent) != before


def test_large_weights_are_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_modeleval.models import content as module

    weights = tmp_path / "model" / "model.safetensors"
    large(weights)
    with weights.open("rb", buffering=0) as file:
        spans = list(module._sample(weights, file, weights.stat().st_size))

    assert sum(length for _, length in spans) < MIB
    assert len(spans) == 1 + 4 * 8


@pytest.mark.parametrize("header", [b"\xff" * 8, struct.pack("<Q", 4) + b"{}{}", struct.pack("<Q", 2) + b"{}"], ids=str)
def test_weights_without_a_header_are_read_by_blocks(tmp_path: Path, header: bytes) -> None:
    weights = tmp_path / "model" / "model.safetensors"
    large(weights)
    change(weights, 0, header)
    before = content(tmp_path, weights.parent)
    change(weights, 64 * MIB, b"\1")

    assert content(tmp_path, weights.parent) != before


def test_of_torchs_own_weights_every_tensor_counts_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "model" / "pytorch_model.bin"
    path.parent.mkdir()
    tensors = {"large": torch.zeros(18 * MIB), "small": torch.zeros(3)}
    torch.save(tensors, path)
    before = content(tmp_path, path.parent)
    tensors["small"][1] = 1
    torch.save(tensors, path)

    assert zipfile.is_zipfile(path)
    assert content(tmp_path, path.parent) != before


def test_an_adapter_is_another_one_over_another_base(tmp_path: Path) -> None:
    base, adapter = folder(tmp_path, "base"), tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
    before = content(tmp_path, adapter)
    (base / "config.json").write_text("{}")

    assert content(tmp_path, adapter) != before


@pytest.mark.parametrize(
    "kept", ["", "{", "[]", '{"scheme": 1}', '{"scheme": 1, "files": []}', '{"scheme": 0, "files": {}}', "[" * 100_000]
)
def test_a_broken_cache_is_none(tmp_path: Path, kept: str) -> None:
    before = content(tmp_path, TINY)
    (tmp_path / "digests.json").write_text(kept)

    assert content(tmp_path, TINY) == before


def test_what_was_hashed_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_modeleval.models import content as module

    before = content(tmp_path, TINY)
    monkeypatch.setattr(module, "_read", lambda path, size: pytest.fail(f"{path} is read again"))

    assert content(tmp_path, TINY) == before


def test_a_file_written_within_a_tick_of_the_clock_is_read_again(tmp_path: Path) -> None:
    path = folder(tmp_path, "one")
    before = content(tmp_path, path)
    status = (path / "config.json").stat()
    (path / "config.json").write_text((path / "config.json").read_text().replace("1", "2"))
    os.utime(path / "config.json", ns=(status.st_mtime_ns, status.st_mtime_ns))

    assert content(tmp_path, path) != before


def cached_model(home: Path, commit: str, ref: str = "main") -> None:
    """A model in Hugging Face's cache."""
    copy = home / "hub" / "models--owner--name"
    shutil.copytree(TINY, copy / "snapshots" / commit)
    (copy / "refs").mkdir(exist_ok=True)
    (copy / "refs" / ref).write_text(commit)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path


def test_a_hub_model_is_its_commit(home: Path) -> None:
    cached_model(home, "a" * 40)
    one = who(home, api="transformers", model="owner/name", base_url=None)
    cached_model(home, "b" * 40)
    two = who(home, api="transformers", model="owner/name", base_url=None)

    assert (one.commit, two.commit) == ("a" * 40, "b" * 40)
    assert one.hash != two.hash
    back = who(home, api="transformers", model="owner/name", base_url=None, args={"revision": "a" * 40})
    assert back.hash == one.hash


def test_a_commit_that_nobody_can_tell_is_nobody_elses(home: Path) -> None:
    one, two = (who(home, api="transformers", model="owner/name", base_url=None) for _ in range(2))

    assert (one.commit, one.is_sure) == (None, False)
    assert one.hash != two.hash


def test_a_trained_folder_is_asked_anew(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    model = folder(pytester.path, "checkpoint")
    flags = ["--model", "./checkpoint", "--eval-limit", "5", "--eval-generation", "max_tokens=32"]
    run_alone(pytester, *flags)
    shutil.copytree(model, pytester.path / "moved")
    flags[1] = "./moved"
    copied = run_alone(pytester, *flags, "--eval-cache", "only", "--eval-write", "out.json")
    weights = pytester.path / "moved" / "model.safetensors"
    tensors = safetensors.torch.load_file(weights)
    safetensors.torch.save_file({name: tensor * 1.001 for name, tensor in tensors.items()}, weights)

    trained = run_alone(pytester, *flags, "--eval-cache", "only")

    assert "errors" not in copied.parseoutcomes()
    assert trained.parseoutcomes()["errors"] == 5


def test_two_models_of_one_name_on_two_ports_are_both_asked(
    project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer
) -> None:
    alias(project, "other", base_url=other_server.url, model="faulty")
    other_server.models, other_server.fault = ["faulty"], answer("41")

    result = run(project, "--model", "faulty", "--model", "other", "test_answers.py")

    result.stdout.re_match_lines([r"faulty +answers +10 +0 +1\.000"])
    result.stdout.re_match_lines([r"other +answers +10 +0 +0\.000"])
    assert (len(faulty.asked), len(other_server.asked)) == (10, 10)


@pytest.fixture
def moved(project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer) -> FaultyServer:
    """The second server that the alias ``faulty`` names, after the first has answered."""
    run(project, "--model", "faulty", "test_answers.py")
    (project.path / "modeleval.toml").write_text("")
    alias(project, "faulty", base_url=other_server.url, model="faulty")
    return other_server


def test_answers_of_another_address_are_told_and_used_by_name(project: pytest.Pytester, moved: FaultyServer) -> None:
    only = run(project, "--model", "faulty", "--eval-cache", "only", "-k", "easy", "test_answers.py")
    by_name = run(project, "--model", "faulty", "--eval-cache", "any", "-k", "easy", "test_answers.py")
    asked = run(project, "--model", "faulty", "test_answers.py")

    only.stdout.fnmatch_lines(["*no stored answer, *; one of another address is stored, which --eval-cache any uses"])
    by_name.assert_outcomes(passed=6)
    by_name.stdout.re_match_lines(
        [r"stored answers, which --eval-cache any took, were given: 6 by http://127\.0\.0\.1:\d+/v1"]
    )
    asked.stdout.re_match_lines(
        [
            r"10 of these questions were answered before at http://127\.0\.0\.1:\d+/v1: if .*--eval-cache any .*identity = "
        ]
    )
    assert len(moved.asked) == 10


def test_answers_by_another_api_of_the_same_address_are_told_as_such(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    run(project, "--model", "faulty", "test_answers.py")
    (project.path / "modeleval.toml").write_text("")
    alias(project, "faulty", base_url=faulty.url, model="faulty", api="responses")

    asked = run(project, "--model", "faulty", "test_answers.py")

    asked.stdout.re_match_lines(
        [r"10 of .* before at http://127\.0\.0\.1:\d+/v1 by another api or args: if .* uses those answers$"]
    )


def test_a_model_with_a_name_of_its_own_may_move(
    project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer
) -> None:
    alias(project, "here", base_url=faulty.url, model="faulty", identity="m@1")
    alias(project, "there", base_url=other_server.url, model="faulty", identity="m@1")
    run(project, "--model", "here", "test_answers.py")

    result = run(project, "--model", "there", "test_answers.py")

    result.assert_outcomes(passed=10)
    assert not other_server.asked
    result.stdout.no_fnmatch_line("*answered before*")


def test_a_model_with_a_name_of_its_own_is_not_told_to_take_one(
    project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer
) -> None:
    alias(project, "one", base_url=faulty.url, model="faulty", identity="m@1")
    alias(project, "two", base_url=other_server.url, model="faulty", identity="m@2")
    run(project, "--model", "faulty", "test_answers.py")
    run(project, "--model", "one", "test_answers.py")

    result = run(project, "--model", "two", "test_answers.py")

    answered = "10 of these questions were answered before at "
    result.stdout.re_match_lines(
        [f"{answered}'m@1'; {answered}http://.*: if that is the same model, --eval-cache any uses those answers$"]
    )


def test_an_empty_name_is_refused(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "nameless", base_url=faulty.url, model="faulty", identity=" ")

    result = run(project, "--model", "nameless", "test_answers.py")

    result.stderr.fnmatch_lines(['ERROR: *identity = "" names nothing: *'])


def test_answers_of_version_0_1_serve_by_name_alone(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py")
    forget_who_answered(project, faulty)

    by_name = run(project, "--model", "faulty", "--eval-cache", "any", "test_answers.py")
    asked_then = len(faulty.asked)
    asked = run(project, "--model", "faulty", "test_answers.py")
    again = run(project, "--model", "faulty", "test_answers.py")

    by_name.assert_outcomes(passed=10)
    assert asked_then == 10
    by_name.stdout.fnmatch_lines(["stored answers, *, were given: 10 by nobody knows whom (version 0.1)"])
    asked.stdout.fnmatch_lines(
        ["10 stored answers are of version 0.1, which kept no address: --eval-cache any uses them"]
    )
    again.stdout.no_fnmatch_line("*version 0.1*")
    assert len(faulty.asked) == 20


def forget_who_answered(project: pytest.Pytester, faulty: FaultyServer) -> None:
    """Make the store one of version 0.1, with the keys that it had."""
    import hashlib

    path = project.path / ".modeleval/store.sqlite"
    with closing(sqlite3.connect(path)) as store:
        rows = store.execute("select key, model, created, completion from completions order by created").fetchall()
    for file in path.parent.glob("store.sqlite*"):
        file.unlink()
    identity = json.dumps({"api": "openai", "model": "faulty", "args": {}}, sort_keys=True)
    with closing(sqlite3.connect(path)) as store, store:
        store.executescript((Path(__file__).parents[1] / "store/version_5.sql").read_text("utf-8"))
        for table in ("scores", "requests", "samples", "completions", "runs"):
            store.execute(f"delete from {table}")
        for (_, *row), body in zip(rows, faulty.asked, strict=True):
            text = identity + json.dumps([body["messages"], [], {}, 0], sort_keys=True, ensure_ascii=False)
            key = hashlib.sha256(text.encode()).hexdigest()
            store.execute("insert into completions values (?, ?, ?, ?)", (key, *row))
