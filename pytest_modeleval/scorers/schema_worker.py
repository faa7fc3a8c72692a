"""The process that checks values by JSON schemas: a JSON line in, a JSON line out.

A script for `function_calls` to start, never imported. A schema's pattern may take for ever on a text that a model
wrote, which nothing else can end: Python's matching holds up all threads.
"""

import contextlib
import json
import sys
import time
from functools import lru_cache
from typing import Any

from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

with contextlib.suppress(ImportError):
    import resource

MEMORY = 2 * 2**30
# Letters of what is wrong that are told.
TOLD = 2000


def confine() -> None:
    """Take away writing files, and more memory than arguments can need."""
    for limit, most in (("RLIMIT_AS", MEMORY), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)):
        with contextlib.suppress(NameError, AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, limit), (most, most))


def allow(seconds: int) -> None:
    """Let this process use so many more seconds of CPU before the system ends it."""
    with contextlib.suppress(NameError, ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + seconds, most))


@lru_cache(maxsize=256)
def validator(schema: str) -> Any:
    """What checks values by a schema."""
    told = json.loads(schema)
    # What a schema refers to elsewhere is fetched from nowhere.
    return validator_for(told)(told, registry=Registry())


def answered(schema: str, value: Any) -> dict[str, str]:
    """What is ``wrong`` with a value, "" where it fits; or why the schema is ``unusable``."""
    try:
        wrong = next(iter(validator(schema).iter_errors(value)), None)
        return {"wrong": "" if wrong is None else f"{wrong.json_path}: {wrong.message}"[:TOLD]}
    except (Unresolvable, RecursionError) as error:
        return {"unusable": str(error)[:TOLD]}
    except (ArithmeticError, ValueError) as error:
        # An integer beyond every float, as a multiple of 0.1.
        return {"wrong": f"it cannot be compared: {error}"[:TOLD]}


def main() -> None:
    """Answer requests until there are no more."""
    confine()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        allow(asked["seconds"])
        replies = [answered(schema, value) for schema, value in asked["checks"]]
        print(json.dumps({"replies": replies}), flush=True)


if __name__ == "__main__":
    main()
