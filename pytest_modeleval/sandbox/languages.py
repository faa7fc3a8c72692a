"""Languages beside Python: how a program in each is compiled and run, and what tells that its tests have ended.

Read where the programs run (`server.py`), so it has the standard library only.
"""

import functools
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# The CPU that compiling may take; three times that of the clock.
COMPILE_SECONDS = 20.0


@dataclass(frozen=True)
class Language:
    """How a program is run: its file's name, what compiles it, what runs it, and what tells the tool's version.

    ``ended`` gives tests that print a secret when they have come to their end. ``root`` prints where a tool lies whose
    command only finds it. A program has failed, whatever its status, where ``failed`` stands among what it wrote to
    its errors.
    """

    name: str
    file: str
    run: Sequence[str]
    ended: Callable[[str, str], str]
    compile: Sequence[Sequence[str]] = ()
    version: Sequence[str] = ()
    root: Sequence[str] = ()
    failed: str = ""

    @property
    def tools(self) -> Sequence[str]:
        """The commands that it needs."""
        first = [command[0] for command in (*self.compile, self.run)]
        return [each for each in dict.fromkeys(first) if not each.startswith("./")]


def _after(line: str) -> Callable[[str, str], str]:
    """The tests, and a line after them."""
    return lambda tests, secret: f"{tests}\n{line.format(secret)}\n"


def _within(line: str, closing: int = 1) -> Callable[[str, str], str]:
    """The tests, and a line before so many of the braces that end them."""

    def ended(tests: str, secret: str) -> str:
        parts = tests.rsplit("}", closing)
        return "}".join([f"{parts[0]}\n{line.format(secret)}\n", *parts[1:]])

    return ended


def _of_lua(tests: str, secret: str) -> str:
    run = "os.exit(lu.LuaUnit.run())"
    told = f"local failed = lu.LuaUnit.run()\nif failed == 0 then print('\\n{secret}') end\nos.exit(failed)"
    return tests.replace(run, told) if run in tests else f"{tests}\nprint('\\n{secret}')\n"


def _of_go(tests: str, secret: str) -> str:
    # The tests import fmt and testing.
    main = f'if m.Run() != 0 {{ panic("FAIL") }}\n\tfmt.Println("\\n{secret}")'
    return f"{tests}\nfunc TestMain(m *testing.M) {{\n\t{main}\n}}\n"


def _of_d(tests: str, secret: str) -> str:
    main = f'void main() {{ import std.stdio; writeln("\\n{secret}"); }}'
    return re.sub(r"void main\(\)\s*\{\s*\}", lambda _: main, tests)


_OF_RUBY = 'Test::Unit::AutoRunner.need_auto_run = false\nexit(1) unless Test::Unit::AutoRunner.run\nputs "\\n{}"'
_VET = ("atomic", "bool", "buildtags", "errorsas", "ifaceassert", "nilfunc", "printf", "stringintconv")

# By MultiPL-E's names for them, with the commands of its evaluators (nuprl/MultiPL-E, `evaluation/src/eval_*.py`).
LANGUAGES = {
    "cpp": Language(
        "C++", "main.cpp", ["./main"], _within('puts("\\n{}");'), [["g++", "main.cpp", "-o", "main", "-std=c++17"]]
    ),
    "cs": Language(
        "C#",
        "main.cs",
        ["mono", "main.exe"],
        _within('Console.WriteLine("\\n{}");', 2),
        [["mcs", "-d:DEBUG", "-r:System.Numerics.dll", "main.cs", "-out:main.exe"]],
        # `Debug.Assert` only writes, and the program goes on.
        failed="System.Diagnostics.DefaultTraceListener.Fail",
    ),
    "d": Language(
        "D", "main.d", ["./main", "--DRT-testmode=run-main"], _of_d, [["ldc2", "-unittest", "-of=main", "main.d"]]
    ),
    "go": Language(
        "Go",
        "main_test.go",
        ["./main"],
        _of_go,
        # What `go test` checks before it runs anything, and that it builds.
        [
            ["go", "vet", *(f"-{check}" for check in _VET), "main_test.go"],
            ["go", "test", "-c", "-o", "main", "main_test.go"],
        ],
        ["go", "version"],
    ),
    "java": Language(
        "Java",
        "Problem.java",
        ["java", "-ea", "-XX:+UseSerialGC", "Problem"],
        _within('System.out.println("\\n{}");', 2),
        [["javac", "-encoding", "UTF8", "Problem.java"]],
    ),
    "jl": Language("Julia", "main.jl", ["julia", "main.jl"], _after('println("\\n{}")')),
    "js": Language("JavaScript", "main.js", ["node", "main.js"], _after('console.log("\\n{}");')),
    "lua": Language("Lua", "main.lua", ["lua", "main.lua"], _of_lua, version=["lua", "-v"]),
    "php": Language("PHP", "main.php", ["php", "main.php"], _after('echo "\\n{}\\n";')),
    "pl": Language("Perl", "main.pl", ["perl", "main.pl"], _after('print "\\n{}\\n";')),
    "r": Language("R", "main.R", ["Rscript", "main.R"], _after('cat("\\n{}\\n")')),
    "rb": Language("Ruby", "main.rb", ["ruby", "main.rb"], _after(_OF_RUBY)),
    # Run alone, a failed check of rackunit only prints.
    "rkt": Language(
        "Racket",
        "main.rkt",
        ["raco", "test", "main.rkt"],
        _after('(displayln "\\n{}")'),
        version=["racket", "--version"],
    ),
    "rs": Language(
        "Rust",
        "main.rs",
        ["./main"],
        _within('println!("\\n{}");'),
        [["rustc", "main.rs", "-o", "main"]],
        root=["rustc", "--print", "sysroot"],
    ),
    "scala": Language(
        "Scala",
        "main.scala",
        ["scala", "-cp", ".", "Problem"],
        _within('println("\\n{}")', 2),
        [["scalac", "main.scala"]],
        ["scalac", "-version"],
    ),
    "sh": Language("Bash", "main.sh", ["bash", "main.sh"], _after("echo; echo {}")),
    "swift": Language(
        "Swift", "main.swift", ["./main"], _after('print("\\n{}")'), [["swiftc", "main.swift", "-o", "main"]]
    ),
    "ts": Language(
        "TypeScript",
        "main.ts",
        ["node", "main.js"],
        _after('console.log("\\n{}");'),
        [["tsc", "--target", "esnext", "main.ts"]],
    ),
}


class NoTool(Exception):
    """What a language needs is not here; one line says what."""


@functools.lru_cache(None)
def tool_of(name: str) -> str:
    """What runs a language here, with its version; `NoTool` where something of it is missing."""
    language = LANGUAGES.get(name)
    if language is None:
        return f"Python {platform.python_version()}"
    if lacking := [tool for tool in language.tools if shutil.which(tool) is None]:
        raise NoTool(f"{language.name} needs {' and '.join(lacking)}, which the sandbox has not")
    command = language.version or [language.tools[0], "--version"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    if done.returncode or not lines:
        raise NoTool(f"{language.name}: {' '.join(command)} ended with {done.returncode}")
    return lines[0].strip()[:200]


def _root_of(tool: Path) -> Path:
    """The folder that has all of a tool, as far as its own place tells; npm's packages are beside each other."""
    parts = tool.parts
    return Path(*parts[: parts.index("node_modules") + 1]) if "node_modules" in parts else tool.parents[1]


@functools.lru_cache(None)
def roots_of(name: str) -> Sequence[str]:
    """The folders outside of /usr that have a language's tools, each in its ``bin`` or ``.bin``."""
    language = LANGUAGES.get(name)
    if language is None:
        return []
    if language.root:
        told = subprocess.run(
            language.root, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        ).stdout.strip()
        if told:
            return [] if told == "/usr" else [told]
    found = [_root_of(Path(shutil.which(tool) or "/usr/bin/true").resolve()) for tool in language.tools]
    return sorted({str(root) for root in found if not f"{root}/".startswith("/usr/") and str(root) != "/"})


def classes() -> str:
    """Where Java finds classes: the program's folder, what CLASSPATH names, and the jars that a system installs."""
    named = filter(None, [os.environ.get("CLASSPATH")])
    return ":".join([".", *named, *map(str, sorted(Path("/usr/share/java").glob("*.jar")))])


def source_of(name: str, code: str, tests: str | None, secret: str) -> str:
    """A program's whole text: its code, and its tests where it has any, which print the secret as they end."""
    return code if tests is None else f"{code}\n{LANGUAGES[name].ended(tests, secret)}"
