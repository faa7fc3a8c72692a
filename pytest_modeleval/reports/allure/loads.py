"""Load tests for Allure: figures and plots over all loads, beside what allure-pytest reports of each."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

from pytest_modeleval.perf.document import document
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.reports.allure.report import run_result, write_run
from pytest_modeleval.reports.allure.sample import Attachment
from pytest_modeleval.reports.perf_plots import plots


def attach(folder: Path, measured: Sequence[Measured]) -> None:
    """Add the figures and plots to a folder of results; raises `OSError` when that cannot be."""
    figures = json.dumps([document(each) for each in measured], indent=1)
    files = [Attachment("figures", "application/json", "json", figures)]
    files += [Attachment(name, "image/svg+xml", "svg", svg) for name, svg in plots(measured).items()]
    write_run(folder, run_result(time.time(), []), files)
