"""Try the installed package as a user does: the bundled model on the bundled benchmark, in an empty folder.

python scripts/try_wheel.py
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest_modeleval

CHECKOUT = Path(__file__).parents[1]


def main() -> None:
    """Exit with a message unless some samples pass, some fail, and the table stands at the end."""
    installed = Path(pytest_modeleval.__file__)
    if "site-packages" not in installed.parts:
        raise SystemExit(f"this is about an installed package, not about {installed}")
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "--model",
            "tiny",
            "-k",
            "arithmetic",
            "-n",
            "2",
            "--eval-write",
            "page.html",
        ]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        page = Path(folder, "page.html")
        written = page.read_text("utf-8") if page.exists() else ""
    print(result.stdout, result.stderr)
    if result.returncode != 1:
        raise SystemExit(f"some samples are wrong, so the exit status should be 1; it is {result.returncode}")
    if not re.search(r"^tiny +arithmetic +225 +0 +0\.[6-9]", result.stdout, re.MULTILINE):
        raise SystemExit("the table is missing")
    if "prefers-color-scheme" not in written or "drawOverview" not in written:
        raise SystemExit("the page lacks its style or its script")


if __name__ == "__main__":
    main()
