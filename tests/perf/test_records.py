"""Records in columns, their chunks in a file."""

import math
from array import array
from dataclasses import replace

import pytest

from pytest_modeleval.perf.client import records as records_module
from pytest_modeleval.perf.client.record import Observation
from pytest_modeleval.perf.client.records import Records

ANSWERED = Observation(
    scheduled=1.0,
    sent=1.001,
    ended=1.5,
    first=1.1,
    first_answer=1.2,
    last=1.4,
    chunks=array("d", [1.1, 1.2, 1.2, 1.4]),
    sizes=array("I", [4, 1, 1, 2]),
    clumps=array("I", [1, 2, 1]),
    input_tokens=0,
    output_tokens=8,
    counted_by="usage",
    first_tokens=4,
    asked_tokens=8,
    finish="length",
    status=200,
    conversation="a",
    turn=1,
)
REFUSED = Observation(2.0, 2.0, 2.1, error="refused", warm_up=True)


def close(record: Observation) -> Observation:
    """Its chunks rounded to what the file keeps."""
    return replace(record, chunks=array("d", [round(time, 8) for time in record.chunks]))


@pytest.mark.parametrize("in_memory", [1 << 20, 1], ids=["memory", "disk"])
def test_what_was_appended_comes_back(monkeypatch: pytest.MonkeyPatch, in_memory: int) -> None:
    monkeypatch.setattr(records_module, "_IN_MEMORY", in_memory)
    records = Records()
    for record in (ANSWERED, REFUSED, ANSWERED):
        records.append(record)

    assert [close(record) for record in records] == [ANSWERED, REFUSED, ANSWERED]
    assert close(records[-1]) == ANSWERED
    assert [close(record) for record in records[1:]] == [REFUSED, ANSWERED]
    with pytest.raises(IndexError, match="record 3 of 3"):
        records[3]


def test_columns_say_nan_for_what_is_not_known() -> None:
    records = Records()
    records.append(ANSWERED)
    records.append(REFUSED)

    assert list(records.column("scheduled")) == [1.0, 2.0]
    assert records.column("input_tokens")[0] == 0
    assert math.isnan(records.column("input_tokens")[1])
    assert math.isnan(records.column("first")[1])
    assert list(records.column("warm_up")) == [0, 1]
    assert records.texts("error") == ["", "refused"]
    assert records.texts("counted_by") == ["usage", ""]
    assert [[round(gap, 6) for gap in gaps] for gaps in records.gaps()] == [[0.1, 0.0, 0.2], []]
