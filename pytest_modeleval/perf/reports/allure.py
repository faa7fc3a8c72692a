"""Load tests for Allure: tables, figures and plots over all loads, beside what allure-pytest reports of each."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.options.sources import allure_results, read_options
from pytest_modeleval.perf.document import document
from pytest_modeleval.perf.finished import FinishedLoads
from pytest_modeleval.perf.reports.page import gate_lines, load_tables, notes
from pytest_modeleval.perf.reports.plots import plots
from pytest_modeleval.reports.allure import command
from pytest_modeleval.reports.allure.overview import load_page
from pytest_modeleval.reports.allure.report import run_result, write_run
from pytest_modeleval.reports.allure.sample import Attachment


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


def write_results(config: pytest.Config, run: FinishedLoads) -> str:
    """Add what is over all loads to Allure's results, make the report that was asked for, and say where it is.

    Raises `OSError` when that cannot be.
    """
    options = read_options(config)
    folder = allure_results(config, options)
    assert folder is not None
    gate = list(gate_lines(run))
    files = [Attachment("overview", "text/html", "html", load_page(load_tables(run), gate, notes(run)))]
    if run.measured:
        figures = json.dumps([document(each) for each in run.measured], indent=1)
        files.append(Attachment("figures", "application/json", "json", figures))
    files += [Attachment(name, "image/svg+xml", "svg", svg) for name, svg in plots(run.measured).items()]
    write_run(folder, run_result(time.time(), gate), files)
    if options.report is None:
        return f"Allure results in {folder}"
    name = f"load test of {', '.join(run.models)}, run {run.id[:8]}"
    return f"report in {command.generate(command.found(run.root), folder, options.report, name)}"
