"""A sample's name: built and read in one spelling."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.names import ItemName, SampleName, id_part, spelt_id

# As pytest's ids may hold them: a subset, and with a model before it.
SPELT = st.text("ab-9._/é ", min_size=1, max_size=8)


@given(SPELT, st.integers(0, 10**7), st.booleans())
def test_a_sample_s_name_is_read_as_it_was_written(subset: str, row: int, line: bool) -> None:
    name = SampleName(subset, row, line)

    assert SampleName.parse(str(name), subset) == name
    assert str(SampleName.parse(str(name))) == str(name)


@given(SPELT, SPELT, st.integers(0, 10**7), st.booleans(), st.none() | st.integers(0, 20))
def test_an_item_s_name_is_read_as_it_was_written(
    model: str, subset: str, row: int, line: bool, repeat: int | None
) -> None:
    name = ItemName("gsm8k", SampleName(subset, row, line), model, repeat)

    for text in (f"a/test_x.py::TestA::test_{name}", str(name), f"test_{name}@group"):
        assert ItemName.parse(text, [model], subset) == name


@given(SPELT, st.text(), st.none() | st.integers(0, 20), st.sampled_from(["", "qwen3"]))
def test_a_sample_with_an_id_is_read_as_it_was_written(subset: str, id: str, repeat: int | None, model: str) -> None:
    sample = SampleName(subset, 42, id=spelt_id(id))
    name = ItemName("exam", sample, model, repeat)

    for text in (f"exam.jsonl::test_{name}", str(name), f"test_{name}@group"):
        assert ItemName.parse(text, [model] if model else [], subset) == name._replace(sample=sample._replace(row=None))
    assert SampleName.parse(str(sample), subset) == sample._replace(row=None)
    assert str(sample) != sample.numbered


@given(st.lists(st.text() | st.integers().map(str), unique=True))
def test_ids_are_told_apart_by_their_spelling(ids: list[str]) -> None:
    assert len({spelt_id(id) for id in ids}) == len(ids)


@pytest.mark.parametrize(
    ("id", "spelt"),
    [
        ("q17", "q17"),
        ("00042", "00042"),
        ("Geo-2024_a.b+c", "Geo-2024_a.b+c"),
        ("a b::c[d]", "a_b_c_d_-ccd93e4404c6"),
        ("q-r2", "q-r2-eca8786e05b0"),
        ("x" * 65, f"{'x' * 40}-9537c5fdf120"),
        ("\x1b[31m", None),
        ("é", None),
        ("\ud800", None),
    ],
)
def test_an_id_stands_as_it_is_where_it_can(id: str, spelt: str | None) -> None:
    found = spelt_id(id)

    assert spelt in (None, found)
    assert re.fullmatch(r"[\w.+-]{1,64}", found, re.ASCII)


@pytest.mark.parametrize(
    ("text", "models", "model", "sample"),
    [
        ("t.py::test_b[main-00042]", ["main"], "", "main-00042"),
        ("t.py::test_b[main-main-00042]", ["main"], "main", "main-00042"),
        ("t.py::test_b[qwen3-8b-main-00042-r3]", ["qwen3", "qwen3-8b"], "qwen3-8b", "main-00042"),
        ("t.py::test_b[qwen3-main-line-00042]", ["qwen3"], "qwen3", "main-line-00042"),
        ("t.py::test_b[2024-00001-00002]", [], "", "2024-00001-00002"),
        ("t.py::test_b[qwen3-main:q-00042-r3]", ["qwen3"], "qwen3", "main:q-00042"),
    ],
)
def test_the_longest_model_that_fits_is_it(text: str, models: list[str], model: str, sample: str | None) -> None:
    found = ItemName.parse(text, models)

    assert (found and (found.model, str(found.sample))) == (sample and (model, sample))


@pytest.mark.parametrize("text", ["t.py::test_b", "t.py::test_b[strange]", "t.py::test_b[main-0042]", "b[main-00042]x"])
def test_what_names_no_sample_is_none(text: str) -> None:
    assert ItemName.parse(text) is None


def test_a_name_has_what_ids_can_carry_alone() -> None:
    assert id_part("a/b c:d+e.f-g") == "a_b_c_d+e.f-g"
