"""allure-pytest beside samples: it reports the other tests, and spends nothing on samples."""

from collections.abc import Generator
from typing import Any

import pytest

from pytest_modeleval.items.collect import selected


def keep_off_samples(session: pytest.Session) -> None:
    """Have allure-pytest's listener look at other tests than samples only; at nothing, where there are none."""
    manager = session.config.pluginmanager
    listener = manager.get_plugin("allure_listener")
    manager.unregister(listener)
    # Its dozen hooks take a tenth of a millisecond a sample, only to look away.
    if all(selected(item) is not None for item in session.items):
        return
    from allure_pytest.listener import AllureListener

    def only_others(name: str) -> Any:
        """The listener's hook wrapper, for other items than samples."""
        of_all = getattr(AllureListener, name)

        @pytest.hookimpl(hookwrapper=True, tryfirst=name == "pytest_runtest_protocol")
        def hook(self: Any, item: pytest.Item) -> Generator[None, Any, None]:
            if selected(item) is None:
                yield from of_all(self, item, None) if name == "pytest_runtest_protocol" else of_all(self, item)
            else:
                yield

        return hook

    names = [f"pytest_runtest_{phase}" for phase in ("protocol", "setup", "call", "teardown")]

    class Beside(AllureListener):  # type: ignore[misc]
        """The listener with the same state, so that what it began is ended."""

        def __init__(self) -> None:
            self.__dict__ = listener.__dict__

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(
            self, item: pytest.Item, call: pytest.CallInfo[None]
        ) -> Generator[None, Any, None]:
            if selected(item) is None:
                yield from super().pytest_runtest_makereport(item, call)
            else:
                yield

        @pytest.hookimpl(hookwrapper=True)
        def pytest_fixture_setup(self, fixturedef: Any, request: pytest.FixtureRequest) -> Generator[None, Any, None]:
            if not isinstance(request.node, pytest.Item) or selected(request.node) is None:
                yield from super().pytest_fixture_setup(fixturedef, request)
            else:
                yield

    for name in names:
        setattr(Beside, name, only_others(name))
    manager.register(Beside(), "allure_listener")
