"""Addresses that hold what they lead to: equal to the text that they are, wherever they are written."""

import json
from copy import deepcopy
from typing import Any

import pytest

from pytest_modeleval.store.addresses import DataAddress, digest_of, encoded

ADDRESS, OTHER = DataAddress.of("image/png", b"\0picture"), DataAddress.of("image/gif", b"other")


def test_an_address_is_the_text_that_it_is() -> None:
    assert ADDRESS == "data:image/png;base64,AHBpY3R1cmU="
    assert (ADDRESS.kind, ADDRESS.content) == ("image/png", b"\0picture")
    assert digest_of(ADDRESS) == digest_of(str(ADDRESS))
    assert deepcopy(ADDRESS) is ADDRESS


@pytest.mark.parametrize(
    "value",
    [
        [{"z": OTHER, "a": ADDRESS, "content": [{"url": ADDRESS}, '❤ " \\ \n']}],
        [{"role": "user", "content": "text", "beside": ADDRESS}, ADDRESS, (OTHER, None, 1.5)],
        {"messages": [{"content": "text alone"}], "model": "m"},
        ADDRESS,
        [],
    ],
)
@pytest.mark.parametrize("sort_keys", [False, True])
def test_it_is_written_as_any_text_is(value: Any, *, sort_keys: bool) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, sort_keys=sort_keys).encode

    assert encoded(value, encode) == encode(value)


def test_what_is_nested_too_deep_is_refused_as_ever() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(RecursionError):
        encoded(value, json.JSONEncoder().encode)
