"""Writes the stores of earlier versions that tests read, as texts of SQL.

python tests/store/old_stores.py COMMIT FILE
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What was asked: a question, and a conversation with a picture of three turns.
PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TESTS = f'''
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {{"n": index}}, {{"easy": 2}})
PICTURE = {{"type": "image_url", "image_url": {{"url": "{PICTURE}"}}}}

@benchmark(ROWS, lambda row: Sample(f"{{row['n']}}: what is 6 * 7?", "42"))
def test_asked(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)

@benchmark(ROWS, lambda row: Sample(f"{{row['n']}}: what is in it?", "42"))
async def test_talked(sample: Sample, model) -> None:
    said = [{{"role": "system", "content": "be brief"}}, {{"role": "user", "content": [PICTURE]}}]
    for turn in range(3):
        said.append({{"role": "user", "content": f"{{sample.prompt}} turn {{turn}}"}})
        answer = await model.complete(list(said))
        said.append({{"role": "assistant", "content": answer.text}})
    assert same_number(answer, sample.target)
'''


def alias(url: str, *, identity: bool) -> str:
    """The model's settings; version 0.1 knew no identity."""
    said = 'identity = "the same"\n' if identity else ""
    return f'[models.old]\nbase_url = "{url}"\nmodel = "old"\n{said}'


def written(commit: str, url: str) -> str:
    """The store that a commit's version writes of the tests above, as SQL."""
    with tempfile.TemporaryDirectory() as name:
        package, project = Path(name, "package"), Path(name, "project")
        for folder in (package, project):
            folder.mkdir()
        archive = subprocess.check_output(["git", "archive", commit, "pytest_modeleval"], cwd=ROOT)
        subprocess.run(["tar", "-x", "-C", package], input=archive, check=True)
        (project / "test_old.py").write_text(TESTS)
        (project / "pytest.ini").write_text("[pytest]\n")
        knows_identity = (package / "pytest_modeleval/models/identity.py").exists()
        (project / "modeleval.toml").write_text(alias(url, identity=knows_identity))
        command = [sys.executable, "-m", "pytest", "--model", "old", "-q", "test_old.py"]
        subprocess.run(command, cwd=project, env={**os.environ, "PYTHONPATH": str(package)}, check=True)
        with closing(sqlite3.connect(project / ".modeleval/store.sqlite")) as store:
            # The settings name folders of the machine.
            store.execute("update runs set options = '{}'")
            (version,) = store.execute("pragma user_version").fetchone()
            return "\n".join([*store.iterdump(), f"pragma user_version = {version};", ""])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from tests.conftest import FaultyServer

    server = FaultyServer()
    server.models = ["old"]
    try:
        Path(sys.argv[2]).write_text(written(sys.argv[1], server.url), "utf-8")
    finally:
        server.close()
