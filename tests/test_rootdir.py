"""pytest's root folder is the project, whatever folders our flags name."""

from pathlib import Path

import pytest

from tests.conftest import FaultyServer, run


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the project, with a config file that is none of the project's."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-flag\n")
    return folder


@pytest.mark.parametrize("flag", ["--eval-data {}", "--eval-data={}", "--eval-write {}/out.json"])
def test_a_folder_that_a_flag_names_is_not_the_root(
    project: pytest.Pytester, faulty: FaultyServer, tmp_path_factory: pytest.TempPathFactory, flag: str
) -> None:
    folder = tmp_path_factory.mktemp("data")

    result = run(project, "--model", "faulty", *flag.format(folder).split(), "-k", "answers", ".")

    result.stdout.fnmatch_lines([f"rootdir: {project.path}", "configfile: tox.ini"])
    assert not (folder / ".pytest_cache").exists()


def test_nothing_is_the_root_in_an_empty_folder_but_itself(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("data")

    result = run(
        pytester, "--model", "tiny", "--eval-data", str(folder), "-k", "arithmetic", "--co", "-p", "cacheprovider"
    )

    result.stdout.fnmatch_lines([f"rootdir: {pytester.path}"])
    assert list(folder.iterdir()) == []


def test_the_projects_own_settings_are_read(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytester.makeini("[pytest]\naddopts = -k add-1\npythonpath = own\nmarkers = mine: x\n")
    pytester.mkdir("own").joinpath("helper.py").write_text("")
    pytester.makeconftest("import helper")

    folder = tmp_path_factory.mktemp("data")
    result = run(pytester, "--model", "tiny", "--eval-data", str(folder), "--co", "--strict-markers")

    result.stdout.fnmatch_lines(["configfile: tox.ini", "modeleval: asks arithmetic/add-1 (25)"])


def test_a_typed_path_is_the_root_still(
    project: pytest.Pytester, faulty: FaultyServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, data = tmp_path_factory.mktemp("tests"), tmp_path_factory.mktemp("data")
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_own.py").write_text("def test_own(): pass")

    result = run(project, "--model", "faulty", "--eval-data", str(data), str(folder))

    result.stdout.fnmatch_lines([f"rootdir: {folder}", "configfile: pytest.ini"])
    result.assert_outcomes(passed=1)


def test_a_config_file_beside_the_data_is_not_read(
    project: pytest.Pytester, faulty: FaultyServer, elsewhere: Path
) -> None:
    result = run(project, "--model", "faulty", "--eval-data", str(elsewhere), "-k", "answers and easy", "--co")

    result.stdout.fnmatch_lines([f"rootdir: {project.path}"])
