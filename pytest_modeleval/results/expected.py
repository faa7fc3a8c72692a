"""The items that a run selected, and which of them have been reported."""

from collections import Counter
from collections.abc import Iterable

import pytest

# pytest's exit statuses of a session that went to its end.
ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


class Expected:
    """Counts down from the selected items; what a worker took down with it never counts as reported."""

    def __init__(self) -> None:
        self.total = 0
        self._left: Counter[str] = Counter()
        self._places: dict[str, int] = {}

    def add(self, nodeids: Iterable[str]) -> None:
        """Expect these items, once more where they are expected already."""
        added = Counter(nodeids)
        self.total += added.total()
        self._left += added
        self._places = {nodeid: place for place, nodeid in enumerate(self._left)}

    def report(self, nodeid: str) -> None:
        """Note that an item was reported to its end."""
        if self._left[nodeid]:
            self._left[nodeid] -= 1

    def place(self, nodeid: str) -> int:
        """Where the item stands among those that were selected."""
        return self._places.get(nodeid, self.total)

    @property
    def left(self) -> int:
        """How many items were not reported."""
        return self._left.total()
