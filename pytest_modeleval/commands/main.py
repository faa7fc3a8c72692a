"""`modeleval COMMAND`: its arguments are read, its lines printed, and what is wrong said in one line."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import metadata

import pytest

from pytest_modeleval.commands import benchmarks, diff, doctor, history, labels, patches, show, thinking, votes
from pytest_modeleval.options.options import unknown
from pytest_modeleval.sample import StopRun

# What each is by its name, in the order of `modeleval --help`.
COMMANDS = {
    "list": benchmarks,
    "show": show,
    "history": history,
    "diff": diff,
    "labels": labels,
    "thinking": thinking,
    "votes": votes,
    "patches": patches,
    "doctor": doctor,
}
# As argparse ends.
WRONG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit status: 0, or 2 for what cannot be done."""
    parser = argparse.ArgumentParser(
        prog="modeleval", description="What asks no model. To ask one: pytest --model NAME.", allow_abbrev=False
    )
    version = f"pytest-modeleval {metadata.version('pytest-modeleval')}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, module in COMMANDS.items():
        about = (module.__doc__ or "").partition("\n")[0].partition(": ")[2]
        command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        command.set_defaults(lines=module.lines)
        module.add_arguments(command)
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given and not given[0].startswith("-") and given[0] not in COMMANDS:
            raise unknown("command", given[0], COMMANDS)
        asked = parser.parse_args(given)
        if not hasattr(asked, "lines"):
            parser.print_help()
            return WRONG
        for line in asked.lines(asked):
            print(line)
        sys.stdout.flush()
    except (pytest.UsageError, StopRun) as error:
        print(f"modeleval: {error}", file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        # Whoever reads it has read enough, as `head` has; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
