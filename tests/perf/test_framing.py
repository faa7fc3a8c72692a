"""Where a response ends, however its bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.perf.client.framing import Framing, Malformed

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def fed(*reads: bytes) -> tuple[Framing, bytearray, list[bool]]:
    framing, raw, ends = Framing(), bytearray(), []
    for data in reads:
        raw += data
        ends.append(framing.may_end(data) and framing.ended(raw))
    return framing, raw, ends


@pytest.mark.parametrize(
    ("response", "body", "keep"),
    [
        (HEAD + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
        (HEAD + b"content-length:0\r\n\r\n", b"", True),
        (HEAD + b"Content-Length: 2\r\nConnection: Close\r\n\r\nok", b"ok", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", b"ok", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\nok", b"ok", True),
        (CHUNKED + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world", True),
        (CHUNKED + b"5;ext=1\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", b"hello", True),
        (CHUNKED + b"1F\r\n" + b"x" * 31 + b"\r\n0\r\n\r\n", b"x" * 31, True),
        # The end of a chunk that looks like the end of all.
        (CHUNKED + b"9\r\nab\r\n0\r\n\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ab\r\n0\r\n\r\nok", True),
        (CHUNKED + b"0\r\n\r\n", b"", True),
    ],
    ids=lambda value: repr(value[-30:]) if isinstance(value, bytes) else str(value),
)
def test_a_response_ends_where_it_ends_in_one_read_and_byte_by_byte(response: bytes, body: bytes, keep: bool) -> None:
    for reads in ([response], [bytes([byte]) for byte in response], [response[:-1], response[-1:]]):
        framing, raw, ends = fed(*reads)

        assert ends == [False] * (len(reads) - 1) + [True]
        assert (framing.body(raw).content, framing.keep) == (body, keep)


def test_any_number_of_responses_may_come_before_the_proper_one() -> None:
    before = b"HTTP/1.1 102 Processing\r\n\r\n" * 5000

    framing, raw, ends = fed(before + HEAD + b"Content-Length: 2\r\n\r\nok")

    assert ends == [True]
    assert (framing.status, framing.body(raw).content) == (200, b"ok")


def test_without_a_length_the_connection_ends_the_response() -> None:
    framing, raw, ends = fed(HEAD + b"\r\n", b"data: 1\n\n")

    assert ends == [False, False]
    assert framing.until_close
    body = framing.body(raw)
    assert (body.content, body.pieces, body.places) == (b"data: 1\n\n", [0], [len(HEAD) + 2])


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        HEAD + b"Content-Length: many\r\n\r\n",
        CHUNKED + b"xyz\r\nhello\r\n\r\n",
        HEAD + b"x: " + b"y" * (1 << 16),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_not_http_is_refused(response: bytes) -> None:
    with pytest.raises(Malformed):
        fed(response)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
def test_chunks_come_back_whole_however_they_are_cut(pieces: list[bytes], data: st.DataObject) -> None:
    response = CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    cuts = sorted(data.draw(st.sets(st.integers(1, len(response) - 1), max_size=8)))
    reads = [response[start:end] for start, end in zip([0, *cuts], [*cuts, len(response)], strict=True)]
    framing, raw, ends = fed(*reads)

    assert ends == [False] * (len(reads) - 1) + [True]
    body = framing.body(raw)
    assert body.content == b"".join(pieces)
    for piece, start, place in zip(pieces, body.pieces, body.places, strict=True):
        assert body.content[start : start + len(piece)] == bytes(raw[place : place + len(piece)]) == piece


@given(st.binary(max_size=300))
def test_any_bytes_are_a_response_or_refused(content: bytes) -> None:
    for prefix in (b"", HEAD, CHUNKED):
        try:
            framing, raw, _ = fed(prefix + content)
            framing.body(raw)
        except Malformed:
            pass
