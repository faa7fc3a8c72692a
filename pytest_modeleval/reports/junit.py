"""JUnit XML: what is said of the whole suite."""

from collections.abc import Iterable

import pytest
from _pytest.junitxml import xml_key


def tell_suite(config: pytest.Config, told: Iterable[tuple[str, object]]) -> None:
    """Put names and values among the suite's properties, where --junitxml writes one."""
    # pytest's own way there, `record_testsuite_property`, is a fixture.
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name, value in told:
            xml.add_global_property(name, value)
