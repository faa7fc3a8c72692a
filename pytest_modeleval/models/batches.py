"""Which of the waiting requests go together."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def pick(waiting: Sequence[T], most: int, kind: Callable[[T], tuple[str, int]]) -> list[T]:
    """Up to ``most`` of the waiting with the oldest among them, of its settings and nearest to its length.

    ``kind`` gives (settings, length): one batch has one set of settings, and padding costs least among like lengths.
    Nobody starves, because the oldest is always in.
    """
    settings, length = kind(waiting[0])
    alike = [one for one in waiting if kind(one)[0] == settings]
    alike.sort(key=lambda one: abs(kind(one)[1] - length))
    return sorted(alike[:most], key=lambda one: kind(one)[1])
