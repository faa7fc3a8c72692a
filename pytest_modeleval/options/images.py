"""How large a picture may be that is sent: ``5MB``, ``2048px``, or both."""

import re
from typing import NamedTuple

import pytest

_UNITS = {"kb": 1000, "mb": 1_000_000, "px": 1}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?(kB|MB|px)", re.IGNORECASE)
# No picture is made smaller than that.
_LEAST = {"side": 16, "size": 1000}


class ImageLimit(NamedTuple):
    """The most bytes of a picture, and the most pixels of its longer side; None where that is not bounded."""

    size: int | None = None
    side: int | None = None

    def __str__(self) -> str:
        size = [f"{self.size / 1e6:g}MB"] if self.size else []
        return ",".join([*size, *([f"{self.side}px"] if self.side else [])])


def image_limit(where: str, text: str) -> ImageLimit:
    """The limit that a text says; `pytest.UsageError` for one that says none."""
    found: dict[str, int] = {}
    for part in text.split(","):
        said = _PART.fullmatch(part.strip())
        unit = said[2].lower() if said else ""
        name = "side" if unit == "px" else "size"
        if said is None or name in found:
            raise pytest.UsageError(f"{where} takes 5MB, 2048px or both, 5MB,2048px, not {text!r}")
        found[name] = int(float(said[1]) * _UNITS[unit])
        if found[name] < _LEAST[name]:
            raise pytest.UsageError(f"{where} takes at least 16px, and 1kB, not {part.strip()!r}")
    return ImageLimit(**found)
