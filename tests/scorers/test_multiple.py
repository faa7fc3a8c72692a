"""MultiPL-E's programs: how an answer's code and a row's tests are put together."""

import pytest

from pytest_modeleval.scorers.multiple import assembled, function_of

CPP = "#include<assert.h>\n#include<bits/stdc++.h>\n// Adds.\nlong add(long x, long y) {\n"
CPP_TESTS = "}\nint main() {\n    assert(add(1, 2) == 3);\n}\n"
JAVA = "import java.util.*;\nimport org.javatuples.*;\nclass Problem {\n    // Adds.\n    public static long add(long x, long y) {\n"
JAVA_TESTS = "    }\n    public static void main(String[] args) {\n    assert(add(1l, 2l) == (3l));\n    }\n\n}\n"
GO = 'package add_test\n\nimport (\n    "testing"\n    "fmt"\n)\n\n// Adds.\nfunc add(x int, y int) int {\n'
RUST = "use std::collections::HashMap;\n\n/// Counts.\nfn count(text: String) -> HashMap<char, isize> {\n"
UNION = "#include<assert.h>\nunion Union_a{\n    long f0;\n};\n// Picks.\nUnion_a pick(long x) {\n"


def whole(language: str, prompt: str, code: str, tests: str) -> str:
    return "".join(assembled(language, prompt, code, tests))


@pytest.mark.parametrize(
    ("language", "prompt", "name"),
    [
        ("cpp", CPP, "add"),
        ("java", JAVA, "add"),
        ("go", GO, "add"),
        ("pl", "# Adds.\nsub add {\n    my($x, $y) = @_;\n", "add"),
        ("r", "# Adds.\nadd.up <- function(x, y) {", "add.up"),
        ("rkt", "#lang racket\n\n;; Is it?\n(define (is-it? x)\n", "is-it?"),
        ("rkt", "#lang racket\n(define (nothing)\n", "nothing)"[:-1]),
        ("rb", "# Adds.\ndef add(x, y)\n", "add"),
        ("lua", "local function add(x, y)\n", "add"),
        ("sh", "#!/bin/bash\n# $1 is an integer\nadd() {\n", "add"),
    ],
)
def test_the_name_of_a_function(language: str, prompt: str, name: str) -> None:
    assert function_of(language, prompt) == name


def test_a_body_ends_where_the_benchmark_stops_a_completion() -> None:
    """The tests bring the brace that closes it."""
    body = "    if (x > y) {\n        return x;\n    }\n    return x + y;"

    code, tests = assembled("cpp", CPP, f"{body}\n}}\n\nint main() {{}}\n", CPP_TESTS, ["\nint main", "\n}"])

    assert (code, tests) == (f"{CPP}{body}", CPP_TESTS)
    assert assembled("cpp", CPP, f"{body}\n", CPP_TESTS, ["\n}"]) == (f"{CPP}{body}\n", CPP_TESTS)


def test_a_body_alone_goes_on_where_the_prompt_ends() -> None:
    assert whole("cpp", CPP, "    return x + y;\n", CPP_TESTS) == f"{CPP}    return x + y;\n{CPP_TESTS}"


def test_a_whole_function_is_not_defined_twice() -> None:
    code = "long add(long x, long y) {\n    return x + y;\n}\n"

    found = whole("cpp", CPP, code, CPP_TESTS)

    assert (
        found == f"#include<assert.h>\n#include<bits/stdc++.h>\n{code}int main() {{\n    assert(add(1, 2) == 3);\n}}\n"
    )


def test_its_own_main_function_is_cut_with_all_its_braces() -> None:
    code = (
        'long add(long x, long y) { return x + y; }\nint main() {\n    if (1) { puts("}"); } // }\n    return 0;\n}\n'
    )

    assert whole("cpp", CPP, code, CPP_TESTS).count("int main()") == 1


def test_types_of_the_prompt_are_kept_where_the_code_has_none() -> None:
    code = "Union_a pick(long x) { return {x}; }\n"
    own = "union Union_a { long f0; };\n" + code

    assert whole("cpp", UNION, code, "").count("union Union_a{\n    long f0;\n};") == 1
    assert whole("cpp", UNION, own, "").count("union Union_a") == 1


def test_tests_stand_in_the_class() -> None:
    code = (
        "import java.util.List;\n\nclass Problem {\n    public static long add(long x, long y) {\n        return x + y;\n    }\n\n"
        '    public static void main(String[] args) {\n        System.out.println("{");\n    }\n}\n\nclass Other {}\n'
    )

    found = whole("java", JAVA, code, JAVA_TESTS)

    assert found.count("void main") == 1
    assert found.index("class Other {}") < found.index("class Problem")
    assert found.startswith("import java.util.*;\nimport org.javatuples.*;\nimport java.util.List;\n")
    assert found.count("{") == found.count("}")
    assert found.rstrip().endswith("}")


def test_a_method_without_its_class_gets_the_prompts() -> None:
    code = "import java.util.Map;\npublic static long add(long x, long y) {\n    return x + y;\n}\n"

    found = whole("java", JAVA, code, JAVA_TESTS)

    lines = [line for line in found.splitlines() if line]
    assert lines[:4] == [
        "import java.util.*;",
        "import org.javatuples.*;",
        "import java.util.Map;",
        "class Problem {",
    ]
    assert found.count("{") == found.count("}")


def test_go_has_one_package_and_each_import_once() -> None:
    code = 'package main\n\nimport "fmt"\nimport (\n\t"strings"\n)\n\nfunc add(x int, y int) int { return x + y }\n\nfunc main() {}\n'

    found = whole("go", GO, code, "func TestAdd(t *testing.T) {}\n")

    assert found.count("package ") == 1
    assert found.startswith('package add_test\n\nimport (\n\t"testing"\n\t"fmt"\n\t"strings"\n)\n')
    assert [found.count(f'"{name}"') for name in ("fmt", "strings", "testing")] == [1, 1, 1]


def test_rust_takes_no_name_twice() -> None:
    function = "fn count(text: String) -> HashMap<char, isize> { HashMap::new() }\n"

    assert whole("rs", RUST, function, "}\n").startswith("use std::collections::HashMap;\n")
    own = "use std::collections::{HashMap, HashSet};\n"
    assert whole("rs", RUST, own + function, "}\n") == own + function


@pytest.mark.parametrize(
    ("language", "code", "begins"),
    [
        ("php", "function add($x, $y) { return $x + $y; }\n?>\n", "<?php\nfunction add"),
        ("php", "<?php\nfunction add($x, $y) { return $x + $y; }", "<?php\nfunction add"),
        ("rkt", "(define (add x y) (+ x y))\n", "#lang racket\n(define"),
    ],
)
def test_first_lines(language: str, code: str, begins: str) -> None:
    prompts = {"php": "<?php\nfunction add($x, $y) {\n", "rkt": "#lang racket\n(define (add x y)\n"}

    found = whole(language, prompts[language], code, "")

    assert found.startswith(begins)
    assert "?>" not in found
