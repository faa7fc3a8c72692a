"""Which files of a repository are a split."""

import pytest

from pytest_modeleval.datasets.layout import split_files


def files_of(names: list[str], readme: str, config: str, split: str) -> list[str]:
    return split_files(names, readme, [(config, split)])[config, split]


@pytest.mark.parametrize(
    ("file", "config"),
    [
        ("main/test.jsonl", "main"),
        ("main/test.jsonl.gz", "main"),
        ("main/test-00000-of-00001.parquet", "main"),
        ("main/test/0000.parquet", "main"),
        ("main_test.jsonl", "main"),
        ("data/main/test-00000-of-00001.parquet", "main"),
        ("test.jsonl", "default"),
        ("data/test-00000-of-00001.parquet", "main"),
    ],
)
def test_a_split_is_found_as_hubs_lay_it_out(file: str, config: str) -> None:
    assert files_of([file, "README.md", "main/train.jsonl"], "", config, "test") == [file]


def test_the_only_file_of_a_repository_is_the_split_train() -> None:
    assert files_of(["CL-bench.jsonl", "dataset_infos.json", "README.md"], "", "default", "train") == ["CL-bench.jsonl"]


@pytest.mark.parametrize(
    ("names", "split"),
    [
        (["a.jsonl", "b.jsonl"], "train"),
        (["a.jsonl"], "test"),
        (["test.jsonl"], "train"),
        (["data/my-eval.json"], "train"),
    ],
)
def test_which_of_two_files_is_a_split_is_not_guessed(names: list[str], split: str) -> None:
    with pytest.raises(pytest.UsageError, match=f"has no default/{split}"):
        files_of(names, "", "default", split)


@pytest.mark.parametrize(
    ("file", "config", "said"),
    [
        ("test.jsonl", "anatomy", r"has no anatomy/test \(.*\); it has test.jsonl"),
        ("main/train.jsonl", "main", r"has no main/test \(.*\); it has main/train.jsonl"),
        ("main/test.txt", "main", r"has no main/test \(.*\); it has no file of these kinds"),
        ("boolq.py", "main", r"has no data files, only a loading script \(boolq.py\), which is never run"),
        ("test-00000-of-00002.parquet", "main", r"has 1 of 00002 parts: test-00001-of-00002.parquet is missing"),
    ],
)
def test_what_is_not_there_is_said(file: str, config: str, said: str) -> None:
    with pytest.raises(pytest.UsageError, match=said):
        files_of([file], "", config, "test")


README = """---
license: mit
configs:
- config_name: en
  data_files:
  - split: test
    path: "english/*.jsonl"
  - split: dev
    path:
    - some/a.jsonl
    - some/b.jsonl
- config_name: fr
  data_files: "fr*.jsonl"
---
# A dataset
"""
FILES = [
    "english/1.jsonl",
    "english/2.jsonl",
    "english/more/3.jsonl",
    "some/a.jsonl",
    "some/b.jsonl",
    "en/test.jsonl",
    "fr1.jsonl",
]


@pytest.mark.parametrize(
    ("config", "split", "found"),
    [
        ("en", "test", ["english/1.jsonl", "english/2.jsonl"]),
        ("en", "dev", ["some/a.jsonl", "some/b.jsonl"]),
        ("fr", "train", ["fr1.jsonl"]),
    ],
)
def test_what_the_readme_declares_goes_before_names(config: str, split: str, found: list[str]) -> None:
    assert files_of(FILES, README, config, split) == found


def test_a_config_that_the_readme_does_not_declare_may_still_be_there_by_name() -> None:
    assert files_of(["de/test.jsonl"], README, "de", "test") == ["de/test.jsonl"]


@pytest.mark.parametrize(
    ("config", "split", "said"),
    [
        ("en", "tets", "has no split 'tets' in config 'en'; it has test, dev"),
        ("de", "test", "has no config 'de'; it has en, fr"),
    ],
)
def test_the_closest_names_are_listed(config: str, split: str, said: str) -> None:
    with pytest.raises(pytest.UsageError, match=said):
        files_of(FILES, README, config, split)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("configs: [", "has a README.md whose header is not YAML: "),
        ("configs: 3", "has a README.md whose configs do not have the hubs' form"),
        ("configs:\n- config_name: a\n  data_files:\n  - split: b", "has a README.md whose configs do not have"),
    ],
)
def test_a_broken_readme_is_said(header: str, said: str) -> None:
    with pytest.raises(pytest.UsageError, match=said):
        files_of(FILES, f"---\n{header}\n---\n", "en", "test")


def test_files_of_configs_that_nothing_else_tells() -> None:
    """As of LiveCodeBench, whose own repository has a file a release and a script that puts them together."""
    from benchmarks.test_live_code_bench import LIVE_CODE_BENCH

    names = ["README.md", "code_generation_lite.py", "test.jsonl", *(f"test{number}.jsonl" for number in range(2, 7))]
    parts = [(config, "test") for config in ("release_latest", "release_v2", "v1", "v6", "v5_v6", "v2_v4")]

    found = split_files(names, "", parts, LIVE_CODE_BENCH.files)

    assert found["release_latest", "test"] == names[2:]
    assert found["release_v2", "test"] == ["test.jsonl", "test2.jsonl"]
    assert found["v1", "test"] == ["test.jsonl"]
    assert found["v6", "test"] == ["test6.jsonl"]
    assert found["v5_v6", "test"] == ["test5.jsonl", "test6.jsonl"]
    assert found["v2_v4", "test"] == ["test2.jsonl", "test3.jsonl", "test4.jsonl"]
    assert split_files(names[:-1], "", [("v5", "test")], LIVE_CODE_BENCH.files)["v5", "test"] == ["test5.jsonl"]
    with pytest.raises(pytest.UsageError, match="has no v6/test"):
        split_files(names[:-1], "", [("v6", "test")], LIVE_CODE_BENCH.files)
    own = split_files([*names, "v6/test-00000.parquet"], "", [("v6", "test")], LIVE_CODE_BENCH.files)
    assert own["v6", "test"] == ["v6/test-00000.parquet"]


def test_live_code_benchs_parts() -> None:
    from benchmarks.test_live_code_bench import LIVE_CODE_BENCH

    subsets = [*LIVE_CODE_BENCH.subsets]

    assert len(subsets) == 28
    assert {"release_latest", "release_v1", "release_v6", "v1", "v6", "v5_v6", "v1_v6"} < {*subsets}
