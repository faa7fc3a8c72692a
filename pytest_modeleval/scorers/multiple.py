"""MultiPL-E's programs: an answer's code and a row's tests, put together in one of 18 languages.

The tests of a row begin where its prompt and a body end: with the brace that closes the function. An answer has the
whole function, of which the model's own copy is judged: a prompt before it would define everything twice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_modeleval.sample import Model, Sample, SampleError, Score
from pytest_modeleval.sandbox.languages import LANGUAGES
from pytest_modeleval.sandbox.program import Limits, Program, Sandbox
from pytest_modeleval.scorers.programs import NO_CODE, first_fenced, passed, verdict

PROMPT = """\
Complete this function in {language}. Answer with the whole program up to the function's end in one code block: what \
it imports, the class if it stands in one, and the function under the same name. Write no main function and no tests.

```
{prompt}
```"""
# The official time for a run (`safe_subprocess`), and room for what compilers write.
LIMITS = Limits(seconds=15, files=256 << 20)
# Programs that use what the tests of a language do.
_NEEDED = {
    "java": "import org.javatuples.*;\nclass Problem { public static void main(String[] arguments) {} }",
    "jl": "using Test",
    "lua": "require('luaunit')",
    "pl": "use Test::Deep;",
    "rb": "require 'test/unit'",
    "rkt": "#lang racket\n(require rackunit)",
}
# What may stand between the braces that are counted.
_TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\\n])'|[{}]", re.DOTALL)
# Whose tests bring a main function, as an answer may too.
_MAINS = {
    "cpp": r"^[ \t]*(?:int|void|auto)\s+main\s*\(",
    "cs": r"^[ \t]*(?:(?:public|private|internal)\s+)?static\s+(?:async\s+)?(?:void|int|Task)\s+Main\s*\(",
    "d": r"^[ \t]*(?:int|void)\s+main\s*\(",
    "java": r"^[ \t]*(?:public\s+)?static\s+void\s+main\s*\(",
    "rs": r"^[ \t]*fn\s+main\s*\(",
    "scala": r"^[ \t]*def\s+main\s*\(",
}
_IMPORT = re.compile(r"^[ \t]*(?:#\s*include\b|using\s+[\w.: ]+;|import\s+[\w.]|use\s+\w).*$", re.MULTILINE)
_IMPORTS = ("cpp", "cs", "d", "java", "rs", "scala", "swift")
# Whose functions stand in a class that the tests close.
_CLASS = re.compile(r"\b(?:class|object)\s+Problem\b[^{]*\{")
_IN_A_CLASS = ("cs", "java", "scala")
_FIRST_LINES = {"php": "<?php", "rkt": "#lang racket"}
_TYPE = re.compile(r"^\s*(?:union|enum|struct)\s+(\w+)", re.MULTILINE)
_DECLARED = {
    "r": r"^\s*([\w.]+)\s*<-\s*function",
    "pl": r"^\s*sub\s+(\w+)",
    "rkt": r"^\(define\s+\((\S+?)[\s)]",
}
_OF_GO = re.compile(r"^import\s*\((?P<many>[^)]*)\)|^import\s+(?P<one>[^\n]+)", re.MULTILINE)


def to_sample(row: Mapping[str, Any]) -> Sample:
    """A problem in one language."""
    # Go's column says go_test.go.
    language = row["language"].partition("_")[0]
    if language not in LANGUAGES:
        raise SampleError(f"{row['name']}: the language {language!r} is none of {', '.join(LANGUAGES)}")
    fields = {"language": LANGUAGES[language].name, "prompt": row["prompt"]}
    return Sample(fields, target=row["tests"], question=row["prompt"], metadata={**row, "language": language})


async def multiple_score(sample: Sample, model: Model, sandbox: Sandbox) -> Score:
    """Whether the model's program passes its tests; a language without its tools is left out before it is asked."""
    language, prompt = sample.metadata["language"], sample.metadata["prompt"]
    await sandbox.tool(language, _NEEDED.get(language, ""))
    answer = first_fenced(await model.complete(sample.messages), language)
    if not answer.strip():
        return verdict(answer, NO_CODE)
    code, tests = assembled(language, prompt, answer, sample.target, sample.metadata["stop_tokens"])
    return passed(await sandbox.run(Program(code, tests=tests, limits=LIMITS, language=language)), answer)


def assembled(language: str, prompt: str, code: str, tests: str, stops: Sequence[str] = ()) -> tuple[str, str]:
    """The code and the tests of a program, to be run one after the other.

    ``code`` that lacks the function which the ``prompt`` declares is taken for its body alone, which ends at the first
    of the ``stops``: a brace that closes it stands in the tests.
    """
    if function_of(language, prompt) not in code:
        return prompt + code[: min((at for stop in stops if (at := code.find(stop)) >= 0), default=len(code))], tests
    code = _without_main(language, code)
    tests = re.sub(r"\A\s*\}[ \t]*\n", "", tests)
    if language == "go":
        return _of_go(prompt, code), tests
    code = _with_imports(language, prompt, code)
    if language in _IN_A_CLASS:
        return _in_class(prompt, code), tests
    if language == "php":
        code = re.sub(r"\?>\s*\Z", "", code)
    first = _FIRST_LINES.get(language, "")
    return code if first in code else f"{first}\n{code}", tests


def function_of(language: str, prompt: str) -> str:
    """The name of the function that a prompt ends with."""
    declared = _DECLARED.get(language)
    if declared:
        return re.findall(declared, prompt, re.MULTILINE)[-1]  # type: ignore[no-any-return]
    last = prompt.strip().splitlines()[-1]
    found = re.search(r"(\w+)\s*\(", last)
    return found[1] if found else last


def _closing(code: str, at: int) -> int:
    """Where the brace stands that closes the first one from there; the end of the code where none does."""
    depth = 0
    for found in _TOKEN.finditer(code, at):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if found[0] == "}" and depth <= 0:
            return found.start()
    return len(code)


def _without_main(language: str, code: str) -> str:
    pattern = _MAINS.get(language)
    if pattern and (found := re.search(pattern, code, re.MULTILINE)):
        return code[: found.start()] + code[_closing(code, found.end()) + 1 :]
    return code


def _with_imports(language: str, prompt: str, code: str) -> str:
    """The code, after what its prompt brings and it lacks: imports, and types of the function's own."""
    if language not in _IMPORTS:
        return code
    here = {line.strip() for line in _IMPORT.findall(code)}
    lacking = [line for line in _IMPORT.findall(prompt) if line.strip() not in here and not _is_used(line, here)]
    types = set(_TYPE.findall(prompt)) - set(_TYPE.findall(code))
    if types:
        lacking += _types(prompt)
    return "\n".join([*lacking, code])


def _is_used(line: str, here: set[str]) -> bool:
    """Whether Rust has that name already: it does not take one twice."""
    name = re.split(r"\W+", line.strip().rstrip(";"))[-1]
    return line.startswith("use ") and any(re.search(rf"\b{name}\b", other) for other in here)


def _types(prompt: str) -> Iterator[str]:
    for found in _TYPE.finditer(prompt):
        end = _closing(prompt, found.start()) + 1
        yield prompt[found.start() : end] + (";" if prompt[end : end + 1] == ";" else "")


def _in_class(prompt: str, code: str) -> str:
    """The code up to the end of its class, which the tests close; with the prompt's class where it has none."""
    found = _CLASS.search(code)
    if found is None:
        imports = _IMPORT.findall(code)
        opening = _CLASS.search(prompt)
        return "\n".join([*imports, opening[0] if opening else "class Problem {", _IMPORT.sub("", code)])
    end = _closing(code, found.end() - 1)
    # What comes after the class goes before it, but what stands before imports.
    after = code[end + 1 :].strip()
    return f"{code[: found.start()]}{after}\n{code[found.start() : end]}" if after else code[:end]


def _of_go(prompt: str, code: str) -> str:
    """One package, and each import once."""
    imports: dict[str, None] = {}
    for text in (prompt, code):
        for found in _OF_GO.finditer(text):
            lines = (found["many"] or found["one"]).splitlines()
            imports.update(dict.fromkeys(line.strip() for line in lines if line.strip()))
    package = re.search(r"^package\s+\w+", prompt, re.MULTILINE)
    body = _OF_GO.sub("", re.sub(r"^package\s+\w+", "", code, flags=re.MULTILINE))
    listed = "\n".join(f"\t{each}" for each in imports)
    return f"{package[0] if package else 'package main'}\n\nimport (\n{listed}\n)\n{body}"
