"""JUnit XML: what is said of the whole suite."""

import pytest
from _pytest.junitxml import xml_key

from pytest_modeleval.reuse import Reuse


def tell_suite(config: pytest.Config, reuse: Reuse) -> None:
    """Put how many answers are new and stored among the suite's properties, where --junitxml writes one."""
    # pytest's own way there, `record_testsuite_property`, is a fixture.
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name, value in reuse.properties:
            xml.add_global_property(name, value)
