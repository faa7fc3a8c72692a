"""What models, servers and files say, as text that a terminal shows and never obeys."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any


def harmless(text: str) -> str:
    r"""The text with every character that is no sign written out, as ``\x1b`` is for ESC; line ends and tabs are kept.

    Control characters, marks that turn the direction of writing and halves of surrogate pairs are such.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode("ascii") for char in text
    )


def one_line(text: str, most: int = 1000) -> str:
    """The text on one line, harmless, and not longer than this."""
    line = harmless(" ".join(text[: 2 * most].split()))
    return line if len(line) <= most else f"{line[: most - 2]} …"


def reason(error: BaseException, most: int = 300) -> str:
    """What another's library says went wrong, on one line, or the kind of error where it says nothing."""
    return one_line(str(error), most) or type(error).__name__


def unreached(error: BaseException) -> str:
    """Why a library did not come to its server: the system's own word where one lies below, else `reason`.

    What stands above it names classes and addresses of the library.
    """
    below = error
    while (under := below.__cause__ or below.__context__) is not None:
        below = under
    return reason(below if isinstance(below, OSError) else error)


def with_whole_pairs(text: str) -> str:
    """The text with surrogate pairs as the characters that they are, and U+FFFD for a half of one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def whole_json(values: Sequence[Any]) -> Sequence[Any]:
    """The values as JSON that everybody reads: texts `with_whole_pairs`, and NaN and infinity as their names."""
    try:
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        # A `UnicodeEncodeError` is one too.
        return tuple(map(_whole, values))
    except (TypeError, RecursionError):
        # No JSON at all: whoever reads it says so.
        pass
    return values


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {with_whole_pairs(str(name)): _whole(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [*map(_whole, value)]
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    return with_whole_pairs(value) if isinstance(value, str) else value
