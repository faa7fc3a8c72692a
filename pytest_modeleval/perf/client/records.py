"""Records of a load test in columns, with the arrivals of the chunks on disk: 1,000,000 requests in 100 MB."""

import math
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import sub
from typing import Any, BinaryIO, cast, get_args, overload

from pytest_modeleval.perf.client.record import Counted, Observation

_TIMES = ("scheduled", "sent", "ended", "first", "first_answer", "last")
_SPANS = ("end_lag", "late", "paused")
_COUNTS = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "asked_tokens")
_PLAIN = ("first_tokens", "status", "warm_up", "turn")
_TEXTS = ("counted_by", "finish", "error", "conversation")
_NONE = -1
# Beyond this the chunks' arrivals go to disk.
_IN_MEMORY = 32 << 20


class Records(Sequence[Observation]):
    """Any number of records: each made when it is asked for, and columns of all of them for the figures."""

    def __init__(self) -> None:
        self._columns: dict[str, array[Any]] = {name: array("d") for name in _TIMES}
        self._columns |= {name: array("f") for name in _SPANS}
        self._columns |= {name: array("i") for name in (*_COUNTS, *_PLAIN, *_TEXTS)}
        self._texts: dict[str, dict[str, int]] = {name: {} for name in _TEXTS}
        self._texts["counted_by"] = {text: index for index, text in enumerate(get_args(Counted))}
        # Of each record: where its chunks begin in the file, and how many gaps, sizes, clumps and lags there are.
        self._at, self._lengths = array("q"), array("I")
        self._file = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._end = 0
        # The first message of each class of error, to show.
        self.details: dict[str, str] = {}

    def append(self, record: Observation) -> None:
        """Add a record."""
        for name in _TIMES:
            time = getattr(record, name)
            self._columns[name].append(math.nan if time is None else time)
        for name in _COUNTS:
            count = getattr(record, name)
            self._columns[name].append(_NONE if count is None else count)
        for name in (*_SPANS, *_PLAIN):
            self._columns[name].append(getattr(record, name))
        for name in _TEXTS:
            known = self._texts[name]
            self._columns[name].append(known.setdefault(getattr(record, name), len(known)))
        self._append_chunks(record)

    def _append_chunks(self, record: Observation) -> None:
        # Gaps as 4-byte floats: exact to a nanosecond for gaps below 16 ms, to a ten-millionth of any.
        gaps = array("f", map(sub, record.chunks[1:], record.chunks))
        content = gaps.tobytes() + record.sizes.tobytes() + record.clumps.tobytes() + record.lags.tobytes()
        self._at.append(self._end)
        self._lengths.extend((len(gaps), len(record.sizes), len(record.clumps), len(record.lags)))
        self._end += self._file.write(content)

    def column(self, name: str) -> "array[float]":
        """One number of every record; NaN stands for None. Flags are 0 and 1."""
        column = self._columns[name]
        if name in (*_TIMES, *_SPANS):
            return array("d", column)
        return array("d", [math.nan if value == _NONE and name in _COUNTS else value for value in column])

    def texts(self, name: str) -> list[str]:
        """One text of every record: ``error``, ``finish``, ``counted_by`` or ``conversation``."""
        known = list(self._texts[name])
        return [known[int(index)] for index in self._columns[name]]

    def gaps(self) -> "Iterator[array[float]]":
        """The times between each record's chunks, in seconds, read record by record: all at once may be too many."""
        for index in range(len(self)):
            yield self._chunks(index)[0]

    def _chunks(self, index: int) -> "tuple[array[float], array[int], array[int], array[float]]":
        gaps, sizes, clumps, lags = array("f"), array("I"), array("I"), array("f")
        self._file.seek(self._at[index])
        kinds: tuple[array[Any], ...] = (gaps, sizes, clumps, lags)
        for values, length in zip(kinds, self._lengths[4 * index : 4 * index + 4], strict=True):
            values.frombytes(self._file.read(length * values.itemsize))
        self._file.seek(0, 2)
        return gaps, sizes, clumps, lags

    def __len__(self) -> int:
        return len(self._at)

    @overload
    def __getitem__(self, index: int) -> Observation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Observation]: ...
    def __getitem__(self, index: int | slice) -> Observation | list[Observation]:
        if isinstance(index, slice):
            return [self._record(one) for one in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"record {index} of {len(self)}")
        return self._record(index % len(self))

    def _record(self, index: int) -> Observation:
        values: dict[str, object] = {}
        for name in _TIMES:
            time = self._columns[name][index]
            values[name] = None if math.isnan(time) else time
        for name in _COUNTS:
            count = self._columns[name][index]
            values[name] = None if count == _NONE else count
        values |= {name: self._columns[name][index] for name in (*_SPANS, *_PLAIN)}
        values["warm_up"] = bool(values["warm_up"])
        values |= {name: list(self._texts[name])[int(self._columns[name][index])] for name in _TEXTS}
        gaps, values["sizes"], values["clumps"], values["lags"] = self._chunks(index)
        first = values["first"]
        values["chunks"] = array("d", accumulate(gaps, initial=cast(float, first)) if first is not None else ())
        return Observation(**values)  # type: ignore[arg-type]
