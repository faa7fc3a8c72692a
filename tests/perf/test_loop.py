"""The loop, and times of arrival."""

import socket
import struct
import sys
import time

import pytest

from pytest_modeleval.perf.client.loop import READ, WRITE, Loop
from pytest_modeleval.perf.client.stamps import ANCILLARY, arrivals, stamp_arrivals

MS = 1_000_000


def test_a_socket_that_takes_the_number_of_a_closed_one_is_not_called_for_it() -> None:
    loop, called = Loop(), list[int]()
    one, first = socket.socketpair()
    other, second = socket.socketpair()
    number, new = other.fileno(), list[socket.socket]()

    def replace(_: int) -> None:
        if not new:
            loop.forget(other)
            other.close()
            new.extend(socket.socketpair())
            loop.watch(new[0], called.append)

    with one, first, second:
        loop.watch(one, replace)
        loop.watch(other, lambda _: None)
        first.send(b"a")
        second.send(b"a")
        loop.turn()
        assert (called, number in {sock.fileno() for sock in new}) == ([], True)
        for sock in new:
            sock.close()
    loop.close()


def test_timers_come_in_their_order_and_not_before_their_time() -> None:
    loop, called = Loop(), []
    begun = time.monotonic_ns()
    for delay in (30, 10, 20, 10):
        loop.at(begun + delay * MS, lambda delay=delay: called.append((delay, time.monotonic_ns() - begun)))  # type: ignore[misc]
    while len(called) < 4:
        loop.turn()
    loop.close()

    assert [delay for delay, _ in called] == [10, 10, 20, 30]
    assert all(at >= delay * MS for delay, at in called)


def test_a_turn_waits_for_the_next_timer() -> None:
    loop, called, turns = Loop(), list[int](), 0
    loop.at(time.monotonic_ns() + 50 * MS, lambda: called.append(1))
    while not called:
        loop.turn()
        turns += 1
    loop.close()

    # One up to shortly before, one to the time, one for the call; without waiting there are ten thousand.
    assert turns < 50


@pytest.mark.parametrize("fine", [True, False])
def test_a_socket_that_can_be_read_is_called_until_it_is_forgotten(fine: bool) -> None:
    loop, read = Loop(), []
    loop._fine = fine
    one, other = socket.socketpair()
    with one, other:
        loop.watch(one, lambda mask: read.append((mask, one.recv(10))))
        before = time.monotonic_ns()
        other.send(b"a")
        loop.turn()
        assert read == [(READ, b"a")]
        assert loop.since <= time.monotonic_ns()
        assert loop.since < before + 5000 * MS

        loop.watch(one, lambda mask: read.append((mask, b"")), write=True)
        loop.turn()
        assert read[1] == (WRITE, b"")

        loop.forget(one)
        loop.forget(one)
        loop.at(time.monotonic_ns() + 5 * MS, lambda: None)
        loop.turn()
        assert len(read) == 2
    loop.close()


def test_the_wall_clock_is_as_far_ahead_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop()
    true, put_aside = time.time_ns() - time.monotonic_ns(), [5000 * MS]
    wall = time.time_ns
    # Once, the process is put aside between its looks at the two clocks.
    monkeypatch.setattr(time, "time_ns", lambda: wall() - (put_aside.pop() if put_aside else 0))
    loop.at(0, lambda: None)
    loop.turn()
    assert abs(loop.ahead - true) < 1000 * MS

    # Set back by an hour, it stays so.
    monkeypatch.setattr(time, "time_ns", lambda: wall() - 3600_000 * MS)
    loop.turn()
    loop.close()
    assert abs(loop.ahead - true + 3600_000 * MS) < 1000 * MS


def message(seconds: int, nanoseconds: int) -> bytes:
    return struct.pack("=6q", seconds, nanoseconds, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("kernel", "wall", "arrived"),
    [
        (message(1000, 400), 1_000_000_001_400, 5_000_000_000 - 1000),
        (b"", 1_000_000_001_400, 5_000_000_000),
        (b"short", 1_000_000_001_400, 5_000_000_000),
        (message(0, 0), 1_700_000_000_000_000_000, 5_000_000_000),
        # The wall clock was set back, or far ahead, between arrival and read.
        (message(1001, 0), 1_000_000_001_400, 5_000_000_000),
        (message(100, 0), 1_000_000_001_400, 5_000_000_000),
    ],
    ids=["kernel", "none", "short", "unset", "set back", "set ahead"],
)
def test_arrival_is_the_kernels_where_it_makes_sense(kernel: bytes, wall: int, arrived: int) -> None:
    assert arrivals([(b"", 5_000_000_000, wall - 5_000_000_000, 0, kernel)]) == [arrived]


def test_what_came_later_did_not_arrive_earlier() -> None:
    stamp = struct.pack("6q", 1, 900, 0, 0, 0, 0)
    reads = [(b"", 5_000, 1_000_001_000 - 5_000, 0, stamp), (b"", 6_000, 1_000_003_000 - 6_000, 0, stamp)]

    assert arrivals(reads) == [4_900, 4_900]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps arrivals")
def test_the_kernel_tells_when_a_packet_arrived_however_late_it_is_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        stamp_arrivals(client)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        with server:
            # The kernel begins to stamp a moment after it is asked the first time on a machine.
            time.sleep(0.05)
            before = time.monotonic_ns()
            server.send(b"a")
            time.sleep(0.05)
            late = time.monotonic_ns()
            _, ancillary, _, _ = client.recvmsg(10, ANCILLARY)
            stamp = ancillary[0][2] if ancillary else b""
            # Whoever is put aside between the two looks finds more: the least is true.
            ahead = min(-time.monotonic_ns() + time.time_ns() for _ in range(100))
            (arrived,) = arrivals([(b"a", time.monotonic_ns(), ahead, 0, stamp)])

    if not ancillary:
        pytest.skip("this kernel stamps nothing")
    assert before - MS < arrived < late
