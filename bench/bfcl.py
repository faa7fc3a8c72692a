"""What BFCL's conversations cost: the gold of all 800 that v4 has, in sessions of the sandbox, and no model.

    python bench/bfcl.py [--at-once 4]

It needs bfcl_eval (docs/bfcl.md). Prints how many pass, the time from the first session to the last, and the CPU time
of this process and of those that ran the classes.
"""

import argparse
import asyncio
import resource
import time

from pytest_modeleval.sandbox.process import open_process
from pytest_modeleval.sandbox.program import OpenSandbox, Program
from pytest_modeleval.scorers.bfcl.calls import Call, read_gold
from pytest_modeleval.scorers.bfcl.checker import Wrong
from pytest_modeleval.scorers.bfcl.conversation import CODE, IMPORTS, Conversation
from pytest_modeleval.scorers.bfcl.figures import MULTI_TURN
from pytest_modeleval.scorers.bfcl.rows import Row, installed_data, rows_in


def call_of(text: str, row: Row) -> Call:
    """A call of the gold, with all its arguments by name."""
    name, arguments, named = read_gold(text)
    functions = [*row.functions, *(function for held in row.held_back.values() for function in held)]
    properties = next(each for each in functions if each["name"] == name)["parameters"]["properties"]
    return name, dict(zip(properties, arguments, strict=False)) | dict(named)


async def play(sandbox: OpenSandbox, row: Row) -> Wrong | None:
    """What is wrong with the gold of a row."""
    session = await sandbox.session(Program(CODE, imports=IMPORTS))
    try:
        conversation = Conversation(session, row)
        await conversation.begin()
        for gold in row.gold:
            if gold:
                await conversation.results([call_of(text, row) for text in gold])
            if wrong := await conversation.turn_over():
                return wrong
        return None
    finally:
        await session.close()


async def replay(at_once: int) -> None:
    """Play all of them and print what it took."""
    sandbox, _ = await open_process()
    rows = [row for category in MULTI_TURN for row in rows_in(installed_data(), category)]
    slots = asyncio.Semaphore(at_once)

    async def one(row: Row) -> Wrong | None:
        async with slots:
            return await play(sandbox, row)

    began = time.perf_counter()
    found = await asyncio.gather(*map(one, rows))
    took = time.perf_counter() - began
    await sandbox.close()
    print(f"{found.count(None)} of {len(rows)} pass; {took:.1f} s in the sandbox {sandbox.name}, {at_once} at once")


def cpu(who: int) -> float:
    """Seconds of CPU."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=4)
    asyncio.run(replay(parser.parse_args().at_once))
    print(f"CPU: {cpu(resource.RUSAGE_SELF):.1f} s here, {cpu(resource.RUSAGE_CHILDREN):.1f} s of the classes")
