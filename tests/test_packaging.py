"""What an install brings."""

import re
import tomllib
from pathlib import Path

from pytest_modeleval.models.spec import TINY

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_processes_and_a_hubs_readme_need_no_extra() -> None:
    names = {re.split(r"[>=<\[]", requirement)[0] for requirement in PROJECT["dependencies"]}

    assert names == {"pytest", "pytest-xdist", "openai", "pyyaml"}


def test_all_is_every_extra_for_users() -> None:
    extras = PROJECT["optional-dependencies"]
    named = re.findall(r"[\w-]+", " ".join(re.findall(r"^pytest-modeleval\[(.*)\]$", "\n".join(extras["all"]), re.M)))

    assert sorted(named) == sorted(extras.keys() - {"all", "test"})


def test_the_readme_has_every_extra_for_users() -> None:
    table = (ROOT / "README.md").read_text().partition("\n## Extras\n")[2].partition("\n## ")[0]
    listed = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))

    assert sorted(listed) == sorted(PROJECT["optional-dependencies"].keys() - {"test"})


def test_every_extra_that_a_message_names_exists() -> None:
    texts = [path.read_text() for path in (*(ROOT / "pytest_modeleval").rglob("*.py"), *(ROOT / "docs").glob("*.md"))]
    named = {
        name for text in texts for each in re.findall(r"pytest-modeleval\[([\w,]+)\]", text) for name in each.split(",")
    }

    assert set() < named <= PROJECT["optional-dependencies"].keys()


def test_every_room_is_in_the_wheel() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]

    rooms = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "pytest_modeleval").rglob("__init__.py")}
    rooms = {room for room in rooms if not room.startswith("pytest_modeleval.benchmarks")}
    assert {room for room in packages if not room.startswith("pytest_modeleval.benchmarks")} == rooms


def test_the_oldest_of_what_is_needed_at_run_time_is_tried() -> None:
    """Every lower bound of pyproject.toml is a pin of oldest.txt, but those that oldest.txt itself says are not."""
    tried = dict(line.split("==") for line in (ROOT / "oldest.txt").read_text().splitlines() if line[0] != "#")
    extras = {
        name: needs for name, needs in PROJECT["optional-dependencies"].items() if name not in ("all", "serve", "test")
    }
    needed = [*PROJECT["dependencies"], *(each for needs in extras.values() for each in needs)]
    least = dict(re.sub(r"\[\w+\]", "", each).split(">=") for each in needed)

    untried = {name for name, version in least.items() if not f"{tried.get(name)}.".startswith(f"{version}.")}
    assert untried == {"huggingface_hub", "wandb", "swanlab", "clearml"}


def test_the_extra_local_has_what_transformers_wants_where_there_is_a_gpu() -> None:
    """The first command of README failed there: `device_map`, "auto" by default, needs a library of its own."""
    assert (
        '{"device_map": "auto"} if torch.cuda.is_available()'
        in (ROOT / "pytest_modeleval/models/transformers.py").read_text()
    )
    assert any(each.startswith("accelerate>=") for each in PROJECT["optional-dependencies"]["local"])


def test_the_bundled_tokenizer_has_the_name_that_transformers_4_knows() -> None:
    assert '"tokenizer_class": "PreTrainedTokenizerFast"' in (TINY / "tokenizer_config.json").read_text()
