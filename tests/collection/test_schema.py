"""What a schema says, and what is wrong with one."""

import json
from pathlib import Path

import pytest

from pytest_modeleval.collection.schema import read_schema

NESTED = """
name = "Qwen3-VL"

[[datasets]]
name = "PureText"
datasets = [
  { name = "mmlu", task_type = "exam", tags = ["en"], subsets = ["STEM"] },
  { name = "gsm8k", weight = 3, task_type = "math", tags = ["en"] },
]

[[datasets]]
name = "Vision"
weight = 2

[[datasets.datasets]]
name = "mine"
file = "own/test_mine.py"

[benchmarks.gsm8k]
shots = 0
"""


def test_leaves_have_weights_and_paths(tmp_path: Path) -> None:
    path = tmp_path / "mix.toml"
    path.write_text(NESTED)

    schema = read_schema(path)

    assert [(leaf.benchmark, leaf.path) for leaf in schema.leaves] == [
        ("mmlu", ("Qwen3-VL", "PureText")),
        ("gsm8k", ("Qwen3-VL", "PureText")),
        ("mine", ("Qwen3-VL", "Vision")),
    ]
    assert [leaf.weight for leaf in schema.leaves] == pytest.approx([1 / 3 * 1 / 4, 1 / 3 * 3 / 4, 2 / 3])
    first, _, own = schema.leaves
    assert (first.task_type, first.tags, first.subsets, first.file) == ("exam", ("en",), ("STEM",), None)
    assert own.file == tmp_path / "own/test_mine.py"
    assert schema.tables["gsm8k"].settings == {"shots": 0}


def test_json_says_the_same_and_a_name_is_the_files_without_one(tmp_path: Path) -> None:
    path = tmp_path / "mix.json"
    path.write_text(json.dumps({"datasets": [{"name": "arc"}, {"name": "gsm8k"}]}))

    schema = read_schema(path)

    assert schema.name == "mix"
    assert [(leaf.benchmark, leaf.path, leaf.weight) for leaf in schema.leaves] == [
        ("arc", ("mix",), 0.5),
        ("gsm8k", ("mix",), 0.5),
    ]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("name = \n", "mix.toml is not TOML: .*line 1"),
        ("name = 'x'", "mix.toml names no datasets"),
        ("datasets = []", "mix.toml: datasets is an empty list"),
        ("datasets = ['gsm8k']", "mix.toml: each of datasets is a table, not 'gsm8k'"),
        ("datasets = [{weight = 1}]", "mix.toml: each of datasets needs name = \"…\", which {'weight': 1} has not"),
        ("datasets = [{name = 'a', wieght = 1}]", "unknown key in mix.toml: 'a': 'wieght'; did you mean 'weight'"),
        ("dataset = [{name = 'a'}]", "unknown key in mix.toml: 'mix': 'dataset'; did you mean 'datasets'"),
        ("datasets = [{name = 'a', weight = 0}]", "mix.toml: 'a': weight is a number above 0, not 0"),
        ("datasets = [{name = 'a', weight = -1.5}]", "mix.toml: 'a': weight is a number above 0, not -1.5"),
        ("datasets = [{name = 'a', weight = inf}]", "mix.toml: 'a': weight is a number above 0, not inf"),
        ("datasets = [{name = 'a', weight = nan}]", "mix.toml: 'a': weight is a number above 0, not nan"),
        ("datasets = [{name = 'a', weight = '1'}]", "mix.toml: 'a': weight is a number, not '1'"),
        ("datasets = [{name = 'a', tags = 'en'}]", "mix.toml: 'a': tags is a list, not 'en'"),
        ("datasets = [{name = 'a', tags = [1]}]", r"mix.toml: 'a': tags is a list of names, not \[1\]"),
        ("datasets = [{name = 'g', datasets = []}]", "mix.toml: 'g': datasets is an empty list"),
        ("datasets = [{name = 'g', tags = [], datasets = []}]", "unknown key in mix.toml: 'g': 'tags'"),
        (
            "datasets = [{name = 'a'}, {name = 'a', file = 'b.py'}]",
            "mix.toml: 'a' is there with another file; a name has one",
        ),
        ("benchmarks = 3", r"mix.toml: \[benchmarks.NAME\] is a table of settings, not 3"),
        ("benchmarks = {a = 3}", r"mix.toml: \[benchmarks.a\] is a table of settings, not 3"),
        (
            "datasets = [{name = 'arc'}]\nbenchmarks = {ark = {}}",
            "unknown benchmark under benchmarks in mix.toml: 'ark'; did you mean 'arc'",
        ),
    ],
)
def test_a_wrong_schema(tmp_path: Path, toml: str, said: str) -> None:
    path = tmp_path / "mix.toml"
    path.write_text(toml)

    with pytest.raises(pytest.UsageError, match=said):
        read_schema(path)


def test_a_wrong_json_schema_says_where(tmp_path: Path) -> None:
    path = tmp_path / "mix.json"
    path.write_text('{"name": "x",\n "datasets" []}')

    with pytest.raises(pytest.UsageError, match=r"mix.json is not JSON: .*line 2 column 13"):
        read_schema(path)

    path.write_text("[]")
    with pytest.raises(pytest.UsageError, match=r"mix.json is not a JSON object"):
        read_schema(path)
