"""The number of requests in flight learns what the server keeps up with."""

import asyncio

from pytest_modeleval.asking.concurrency import MOST, START, Limit, Slots


def serve(limit: Limit, capacity: int, answers: int, clock: float = 0.0) -> float:
    """A server that answers up to ``capacity`` at once in 1 s each; returns the clock after so many answers."""
    for _ in range(answers):
        limit.used(limit.now)
        clock += 1 / min(limit.now, capacity)
        limit.answered(clock)
    return clock


def test_it_grows_to_what_the_server_keeps_up_with_and_not_far_beyond() -> None:
    limit = Limit(None)
    serve(limit, capacity=100, answers=100_000)

    assert 64 <= limit.now <= 160


def test_a_server_without_bound_gets_the_most() -> None:
    limit = Limit(None)
    serve(limit, capacity=10**9, answers=20_000)

    assert limit.now == MOST


def test_half_of_the_increase_is_enough_to_keep_a_try() -> None:
    limit, clock = Limit(None), 1.0
    # 16 at once give 16/3 a second; of twice as many, half the increase is 8 a second.
    for at_once, seconds in ((16, 0.0), (16, 3.0), (32, 4.0)):
        clock += seconds
        limit.used(at_once)
        for _ in range(at_once):
            limit.answered(clock)

    assert limit.now == 64


def test_an_idle_limit_does_not_grow() -> None:
    limit, seen = Limit(None), set()
    for clock in range(1000):
        limit.used(3)
        limit.answered(float(clock))
        seen.add(limit.now)

    assert seen == {START}


def test_a_rate_limit_halves_once_for_all_that_were_in_flight() -> None:
    limit = Limit(None)
    clock = serve(limit, capacity=10**9, answers=200)
    before = limit.now
    for _ in range(10):
        limit.throttled(clock, latency=1.0)

    assert limit.now == before // 2
    limit.throttled(clock + 2, latency=1.0)
    assert limit.now == before // 4


def test_after_a_rate_limit_it_grows_again_slowly() -> None:
    limit = Limit(None)
    clock = serve(limit, capacity=10**9, answers=200)
    limit.throttled(clock, latency=1.0)
    low = limit.now
    serve(limit, capacity=10**9, answers=12 * low, clock=clock)

    assert low < limit.now < 2 * low


def test_a_fixed_limit_stays() -> None:
    limit = Limit(7)
    serve(limit, capacity=10**9, answers=1000)
    limit.throttled(1e6, latency=1.0)

    assert limit.now == 7


def test_no_more_than_the_limit_are_in_and_all_get_in() -> None:
    async def run() -> tuple[int, int]:
        slots, most, done = Slots(3), 0, 0

        async def work() -> None:
            nonlocal most, done
            await slots.take()
            most = max(most, slots.in_flight)
            await asyncio.sleep(0.001)
            done += 1
            slots.give_back()

        await asyncio.gather(*(work() for _ in range(50)))
        return most, done

    assert asyncio.run(run()) == (3, 50)


def test_slots_are_handed_out_in_the_order_of_asking() -> None:
    async def run() -> list[int]:
        slots, order = Slots(1), []

        async def work(number: int) -> None:
            await slots.take()
            order.append(number)
            await asyncio.sleep(0)
            slots.give_back()

        await asyncio.gather(*map(work, range(5)))
        return order

    assert asyncio.run(run()) == [0, 1, 2, 3, 4]


def test_a_cancelled_wait_passes_its_turn_on() -> None:
    async def run() -> int:
        slots = Slots(1)
        await slots.take()
        first = asyncio.create_task(slots.take())
        second = asyncio.create_task(slots.take())
        await asyncio.sleep(0)
        slots.give_back()
        first.cancel()
        await asyncio.wait_for(second, 1)
        return slots.in_flight

    assert asyncio.run(run()) == 1


def test_closed_slots_open_again() -> None:
    async def run() -> float:
        slots, loop = Slots(2), asyncio.get_running_loop()
        slots.close_for(0.05)
        started = loop.time()
        await slots.take()
        return loop.time() - started

    assert asyncio.run(run()) > 0.045


def test_others_go_on_while_slots_are_closed() -> None:
    async def run() -> int:
        slots, others = Slots(2), 0
        slots.close_for(0.05)
        waiting = asyncio.create_task(slots.take())
        while not waiting.done():
            await asyncio.sleep(0)
            others += 1
        return others

    assert asyncio.run(run()) > 10


def test_freed_slots_are_all_handed_on_past_those_who_left() -> None:
    async def run() -> tuple[int, int]:
        slots = Slots(4)
        for _ in range(4):
            await slots.take()
        waiting = [asyncio.create_task(slots.take()) for _ in range(10)]
        await asyncio.sleep(0)
        for left in waiting[:2]:
            left.cancel()
        await asyncio.sleep(0)
        slots.limit.now = 8
        slots.give_back()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return slots.in_flight, sum(task.done() and not task.cancelled() for task in waiting)

    assert asyncio.run(run()) == (8, 5)
