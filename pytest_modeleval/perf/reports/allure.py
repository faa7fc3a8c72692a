"""Load tests for Allure: allure-pytest reports each of them."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.options.sources import allure_results, read_options
from pytest_modeleval.reports.allure import command


def listen(config: pytest.Config, root: Path) -> None:
    """Have allure-pytest report each load, also where only --eval-report asks for it.

    `pytest.UsageError` where that, or Allure's command line, is not installed.
    """
    options = read_options(config)
    if options.report:
        command.found(root)
    if config.getoption("allure_report_dir", None):
        return
    if not hasattr(config.option, "allure_report_dir"):
        raise pytest.UsageError(
            "--eval-report of load tests needs allure-pytest: pip install 'pytest-modeleval[allure]'"
        )
    from allure_commons import plugin_manager
    from allure_commons.logger import AllureFileLogger
    from allure_pytest.listener import AllureListener

    listener = AllureListener(config)
    config.pluginmanager.register(listener, "allure_listener")
    # The folder is the report's own: another run's results would be retries of this one's.
    logger: Any = AllureFileLogger
    for part in (listener, logger(allure_results(config, options), clean=True)):
        config.add_cleanup(partial(plugin_manager.unregister, name=plugin_manager.register(part)))
