"""Allure's command line: from a folder of results to one HTML file."""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from pytest_modeleval.reports.allure.report import CATEGORIES, MOST_OPEN

_INSTALL = "install it with `npm install -g allure` (or `npm install -g allure-commandline`, which needs Java)"
# 20,000 samples took under a minute; this is for one that hangs.
_PATIENCE = 1800
HISTORY = "history.jsonl"
_FROM_ELSEWHERE = re.compile(r'<script async src="https://[^"<>]*"></script>')
# The tree of suites as Allure 3 has it in its page.
_TREE = re.compile(r'"widgets/[^"]{0,200}tree\.json","([A-Za-z0-9+/=]*)"')
_OWN = "data: blob: 'unsafe-inline'"
_POLICY = f'<meta http-equiv="Content-Security-Policy" content="default-src {_OWN}; script-src {_OWN} \'unsafe-eval\'">'
# Opened from disk, Allure cannot measure an attachment, and shows 150 pixels of it.
_STYLE = "<style>iframe[title$=attachment]:not([height]){height:70vh}</style>"


def found(root: Path) -> str:
    """The installed command, from PATH or the project's node_modules; `pytest.UsageError` when there is none."""
    local = root / "node_modules" / ".bin"
    command = shutil.which("allure") or shutil.which("allure", path=str(local))
    if command is None:
        raise pytest.UsageError(f"--eval-report needs Allure's command line, which is not on PATH: {_INSTALL}")
    return command


def generate(command: str, results: Path, report: Path, name: str) -> Path:
    """Write ``index.html`` into the report's folder, and its path; raises `OSError` when that fails."""
    report.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="modeleval-") as folder:
        if _major(command) >= 3:
            config = Path(folder) / "allurerc.json"
            config.write_text(json.dumps(_config(report, name)), "utf-8")
            how = ["--config", str(config), "--output"]
        else:
            how = ["--single-file", "--name", name, "-o"]
        # Aside: Allure 2 removes the folder that it writes into, with all that is in it.
        made = Path(folder) / "report"
        _call([command, "generate", *how, str(made), str(results)], folder)
        pages = [made / "index.html", *sorted(made.glob("*/index.html"))]
        page = next((path for path in pages if path.is_file()), None)
        if page is None:
            raise OSError(f"{command} wrote no index.html")
        shutil.copyfile(page, report / "index.html")
    _close_off(report / "index.html")
    return report / "index.html"


def _close_off(page: Path) -> None:
    """Have the page ask nothing of the network: Allure counts its readers by a script from elsewhere."""
    text = _FROM_ELSEWHERE.sub("", page.read_text("utf-8"))
    page.write_text(text.replace("<head>", f"<head>{_POLICY}{_STYLE}{_closing(text)}", 1), "utf-8")


def _closing(page: str) -> str:
    """A script that has a large report begin with its suites closed: those with failures are open in Allure 3."""
    found = _TREE.search(page)
    tree = json.loads(base64.b64decode(found[1])) if found else {"leavesById": {}}
    if len(tree["leavesById"]) <= MOST_OPEN:
        return ""
    groups = tree["groupsById"].items()
    opened = [name for name, one in groups if one["statistic"].get("failed") or one["statistic"].get("broken")]
    ids = json.dumps(json.dumps(opened)).replace("<", "\\u003c")
    return f'<script>localStorage.setItem("collapsedTrees", {ids})</script>'


def _config(report: Path, name: str) -> dict[str, object]:
    """Allure 3's settings; it reads no categories.json for its own report."""
    rules = [
        {**rule, "groupByMessage": False, "groupBy": [{"label": "benchmark"}, {"label": "subSuite"}]}
        for rule in CATEGORIES
    ]
    options: dict[str, object] = {
        "singleFile": True,
        "groupBy": ["parentSuite", "suite", "subSuite"],
        "reportName": name,
    }
    options["defaultSortBy"] = "status,asc"
    return {
        "name": name,
        "historyPath": str(report.absolute() / HISTORY),
        "categories": {"rules": rules},
        "plugins": {"awesome": {"options": options}},
    }


def _major(command: str) -> int:
    said = _call([command, "--version"], None)
    number = re.search(r"(\d+)\.\d+", said)
    if number is None:
        raise OSError(f"{command} --version says {said[:100]!r}, and no version")
    return int(number[1])


def _call(command: list[str], folder: str | None) -> str:
    """What a command prints; raises `OSError` with its last words when it fails."""
    environment = {**os.environ, "ALLURE_NO_ANALYTICS": "true", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"{' '.join(command[:2])} did not end within {_PATIENCE} s") from None
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode:
        raise OSError(f"{' '.join(command[:2])} failed: {' '.join(said.split())[-400:]}")
    return said
