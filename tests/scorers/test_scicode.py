"""SciCode: steps are asked and tested as by its authors' scripts, and numbers read and compared as by their code."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import Completion, SampleError
from pytest_modeleval.scorers import scicode
from tests.conftest import add_settings, run

try:
    # Here: a run inside a test forgets what it imported, and these cannot be imported twice.
    import h5py
    import numpy as np
    import scipy.sparse
    import sympy
except ImportError:
    h5py = None

needs_numbers = pytest.mark.skipif(h5py is None, reason="h5py, numpy, scipy or sympy is not installed")

STEPS = [
    {
        "step_number": "77.1",
        "step_description_prompt": "Double a vector.",
        "step_background": "Twice is two times.",
        "function_header": "def double(r):",
        "return_line": "    return r",
        "test_cases": ["r = np.array([1.0, 2])\nassert np.allclose(double(r), target)"] * 2,
    },
    {
        "step_number": "77.2",
        "step_description_prompt": "Its sum, and what it is.",
        "step_background": "A sum adds.",
        "function_header": "def total(r):",
        "return_line": "    return s",
        "test_cases": [
            "from scicode.compare.cmp import cmp_tuple_or_list\nassert cmp_tuple_or_list(total(np.array([1.0, 2])), target)"
        ],
    },
]
PROBLEM = {"problem_id": "77", "required_dependencies": "import numpy as np", "sub_steps": STEPS}
# What a model answers to each step; the second calls the first.
ANSWERS = {
    "double": "```python\nimport numpy as np\ndef double(r):\n    return 2 * r\n```",
    "total": "So:\n```python\ndef total(r):\n    return float(double(r).sum()), {'kind': 'sum'}\n```",
}
SCIENTIST = """
from pytest_modeleval import Chat, Completion

ANSWERS = {answers!r}

class Scientist:
    answers, concurrency = {{Chat}}, 4
    async def check(self, kind): ...
    async def close(self): ...
    async def answer(self, request):
        text = request.messages[-1]["content"]
        print("ASKED", repr(text))
        return Completion(next(answer for name, answer in ANSWERS.items() if "def " + name + "(r):\\n\\n    return" in text))

def pytest_modeleval_open_model(spec):
    return Scientist() if spec.api == "scientist" else None
"""


def test_the_first_block_of_python_is_the_code_without_imports() -> None:
    """`scicode.gen.models.extract_python_script` of scicode-bench/SciCode@588b406."""
    answer = "```\nno\n```\n```python\nimport os\nfrom a import b\nx = 1\n  import c\n```"
    assert scicode.script(Completion(answer)).split() == ["x", "=", "1"]
    assert scicode.script(Completion("```py\nx = 2\n```")).split() == ["py", "x", "=", "2"]
    assert scicode.script(Completion("x = 3")) == "x = 3"


def test_steps_before_stand_with_their_code() -> None:
    assert scicode.earlier(STEPS, [], background=True) == ""
    assert scicode.earlier(STEPS, ["A", "B"], background=False) == (
        "Double a vector.\n\nA\n\n------\n\nIts sum, and what it is.\n\nB"
    )
    assert scicode.described(STEPS[0], background=True) == "Double a vector.\nTwice is two times."


def test_steps_that_are_not_asked_have_the_authors_code(tmp_path: Path) -> None:
    data = tmp_path / "test_data.h5"
    assert scicode.given("77.1", data) is None
    with pytest.raises(SampleError, match=r"step 13\.6 is the authors' own code: there is no .*13\.6\.txt"):
        scicode.given("13.6", data)
    (tmp_path / "13.6.txt").write_text("def f(): pass")
    assert scicode.given("13.6", data) == "def f(): pass"


@pytest.fixture
def science(pytester: pytest.Pytester) -> pytest.Pytester:
    folder = pytester.path / "data/scicode/default"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text(json.dumps(PROBLEM) + "\n")
    pytester.makeconftest(SCIENTIST.format(answers=ANSWERS))
    add_settings(pytester, '[models.s]\napi = "scientist"\nmodel = "x"\n')
    return pytester


FLAGS = ["--model", "s", "--eval", "scicode", "--eval-data", "data", "-s"]


def test_without_its_numbers_nothing_is_asked(science: pytest.Pytester) -> None:
    result = run(science, *FLAGS)
    result.stderr.fnmatch_lines(
        ["*scicode needs the numbers that its steps are tested by*--eval-set scicode.data=PATH"]
    )
    result = run(science, *FLAGS, "--eval-set", "scicode.data=none.h5")
    result.stderr.fnmatch_lines(["*scicode: data takes a file, and there is no *none.h5"])
    (science.path / "page.h5").write_text("<html>")
    result = run(science, *FLAGS, "--eval-set", "scicode.data=page.h5", "--eval-plan")
    result.stderr.fnmatch_lines(["ERROR: --eval-set scicode: data: *page.h5 is no file of HDF5: get the authors' *"])


def numbers(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for test in (1, 2):
            file[f"77.1/test{test}/var1"] = np.array([2.0, 4.0])
        file["77.2/test1/var1"] = 6.0
        file["77.2/test1/var2/kind"] = "sum"


@needs_numbers
@pytest.mark.parametrize("background", [False, True])
def test_each_step_is_asked_and_tested(science: pytest.Pytester, background: bool) -> None:
    numbers(science.path / "n.h5")

    result = run(
        science,
        *FLAGS,
        "--eval-set",
        "scicode.data=n.h5",
        "--eval-set",
        f"scicode.background={str(background).lower()}",
    )

    assert result.parseoutcomes() == {"passed": 1}, result.stdout.str()
    result.stdout.fnmatch_lines(["*scicode*steps*1*0*1.000*"])
    asked = [line for line in result.stdout.str().splitlines() if "ASKED" in line]
    assert len(asked) == 2
    assert "return 2 * r" in asked[1]
    assert ("Twice is two times." in asked[1]) is background


@needs_numbers
def test_a_step_that_fails_is_counted(science: pytest.Pytester) -> None:
    numbers(science.path / "n.h5")
    wrong = {**ANSWERS, "total": "```python\ndef total(r):\n    return 0, {'kind': 'sum'}\n```"}
    science.makeconftest(SCIENTIST.format(answers=wrong))

    result = run(science, *FLAGS, "--eval-set", "scicode.data=n.h5")

    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines(["*expected '2 steps', got '1 of 2 steps'*", "*scicode*steps*0.500*"])


@needs_numbers
def test_a_program_that_reads_no_numbers_but_exits_solves_nothing(science: pytest.Pytester) -> None:
    numbers(science.path / "n.h5")
    science.makeconftest(SCIENTIST.format(answers=dict.fromkeys(ANSWERS, "```python\nraise SystemExit(0)\n```")))

    result = run(science, *FLAGS, "--eval-set", "scicode.data=n.h5")

    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines(["*got '0 of 2 steps'*"])


@pytest.fixture(scope="module")
def compared() -> Any:
    """The module that the sandbox runs, loaded here to be looked at."""
    path = Path(scicode.__file__).with_name("scicode_numbers.py")
    spec = importlib.util.spec_from_file_location("scicode_numbers_here", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@needs_numbers
def test_numbers_are_read_as_their_authors_wrote_them(compared: Any, tmp_path: Path) -> None:
    """The layouts that `scicode.parse.parse.save_data_to_hdf5` makes; here in h5py's own words."""
    with h5py.File(tmp_path / "n.h5", "w") as file:
        group = file.create_group("1.1/test1")
        group["var1"] = np.arange(3)
        file["1.1/test2/var1/list/var1"], file["1.1/test2/var1/list/var2"] = np.eye(2), 5
        sparse = file.create_group("1.1/test3/var1/sparse_matrix")
        sparse["data"], sparse["shape"] = [1.0, 2.0], (2, 2)
        sparse["indices"], sparse["indptr"] = [0, 1], [0, 1, 2]
        named = file.create_group("1.1/test4/var1")
        named["0.5"], named["name"], named["x"] = 3.0, "text", 2
        file["1.1/test4/var2"] = "word"
        pairs = file.create_group("1.1/test5/var1/sparse_matrix")
        pairs["data"], pairs["shape"], pairs["row"], pairs["col"] = [7.0], (1, 2), [0], [1]

    one, two, three, four, five = compared.targets(str(tmp_path / "n.h5"), "1.1", 5)

    assert one.tolist() == [0, 1, 2]
    assert [value.tolist() for value in two] == [[[1, 0], [0, 1]], 5]
    assert three.toarray().tolist() == [[1, 0], [0, 2]]
    assert four == ({0.5: 3.0, "name": "text", "x": 2}, "word")
    assert five.toarray().tolist() == [[0, 7]]


@needs_numbers
def test_values_are_compared_as_their_authors_do(compared: Any) -> None:
    """As `scicode.compare.cmp` compares them: within 1e-5 of a number, and not beyond."""
    x = sympy.Symbol("x")
    matrix = scipy.sparse.csr_matrix([[1.0, 0], [0, 2]])
    assert compared.cmp_tuple_or_list((1.0, True, {"a": x}, matrix), (1.000001, True, {"a": "x"}, matrix.copy()))
    assert not compared.cmp_tuple_or_list((1.0,), (1.001,))
    assert not compared.cmp_tuple_or_list((1.0,), (1.0, 2.0))
    assert not compared.cmp_tuple_or_list((matrix,), (2 * matrix,))
    assert compared.are_dicts_close({x: 1.0}, {"x": 1.0})
    assert not compared.are_dicts_close({"x": 1.0}, {"y": 1.0})
    assert compared.are_dicts_close({"m": matrix}, {"m": scipy.sparse.coo_matrix(matrix)})
    assert not compared.are_dicts_close({"m": "sum"}, {"m": "mean"})
    assert compared.are_csc_matrix_close(matrix, matrix)
