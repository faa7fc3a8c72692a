"""Python taken out of answers as EvalPlus and BigCodeBench do it.

Of 640 answers made of MBPP+'s and HumanEval+'s solutions with prose, fences, cuts and calls about them, what is taken
out was the same as by ``evalplus.sanitize`` 0.3.1, and as by ``bigcodebench.sanitize`` 0.2.5 but where tabs indent.
"""

import pytest

from pytest_modeleval.scorers.sanitized import function_in, longest_code, sanitized

PROMPT = 'import math\n\n\ndef root(x):\n    """The root of x."""\n'
ROOT = "def root(x):\n    return math.sqrt(x)"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (f"Here it is:\n\n{ROOT}\n\nI hope it's right.", ROOT),
        (f"```python\n{ROOT}\n```", ROOT),
        # Of two blocks the longer one, whichever comes first.
        (f"```python\nroot(4)\n2\n```\nIt is:\n```\n{ROOT}\n    # end\n```", f"{ROOT}\n    # end"),
        # Cut off within a line.
        (f"{ROOT}\n\ndef other(y):\n    return [y,", f"{ROOT}\n"),
        ("def root(x)\n    return x", "def root(x)"),
        ("I cannot do that.\nSorry, no.", "I cannot do that."),
        ("", ""),
        (f"'''\n{ROOT}", ROOT),
        ("a\x00b\nc\nd", "c\nd"),
        ("(" * 5000 + "\nc\nd", "c\nd"),
    ],
)
def test_the_longest_span_that_is_python(answer: str, code: str) -> None:
    assert longest_code(answer).strip() == code.strip()


def test_what_the_function_does_not_need_is_left_out() -> None:
    code = (
        "import sys\nSIZE = 3\nUNUSED = 4\n\n\ndef helper(x):\n    return x + SIZE\n\n\ndef main():\n    return 1\n\n\n"
        "@cache\ndef root(x):\n    return helper(x)\n\n\nassert root(1) == 5\nprint(root(input()))\n"
        "if __name__ == '__main__':\n    main()\n\n\ndef root(x):\n    return 0\n"
    )

    assert sanitized(code, "root").split("\n") == [
        *("import sys", "SIZE = 3", "def helper(x):", "    return x + SIZE"),
        *("@cache", "def root(x):", "    return helper(x)"),
    ]


def test_a_function_that_gives_nothing_counts_for_one_of_the_two() -> None:
    code = "def show(x):\n    print(x)\n\n\ndef root(x):\n    return show(x)"

    assert "def show" not in sanitized(code, "root")
    assert "def show" in sanitized(code, "root", returning=False)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ROOT, ROOT),
        ("    return math.sqrt(x)", f'import math\n{PROMPT[13:].strip()}\n    return math.sqrt(x)'),
        ("```python\n    return math.sqrt(x)\n```", f'import math\n{PROMPT[13:].strip()}\n    return math.sqrt(x)'),
        ("I cannot do that.", ""),
        ("Sorry\n\nI, who am a model, cannot: no way (see above).", ""),
        ("```python\n```", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_function_a_body_or_nothing(answer: str, code: str) -> None:
    assert function_in(answer, "root", PROMPT) == code
