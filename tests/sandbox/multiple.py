"""Own solutions of two of MultiPL-E's problems in each of its languages: HumanEval_53_add and HumanEval_28_concatenate.

Each is what a model may answer: with a main function, without the class, without imports.
"""

ADD = {
    "cpp": "#include <iostream>\nusing namespace std;\n\nlong add(long x, long y) {\n    return x + y;\n}\n\nint main() {\n    cout << add(1, 2);\n    return 0;\n}\n",
    "cs": "using System;\n\nclass Problem {\n    public static long Add(long x, long y) {\n        return x + y;\n    }\n\n    public static void Main(string[] args) {\n        Console.WriteLine(Add(1, 2));\n    }\n}\n",
    "d": "import std.math;\n\nlong add(long x, long y)\n{\n    return x + y;\n}\n\nvoid main() {}\n",
    "go": 'package main\n\nimport "fmt"\n\nfunc add(x int, y int) int {\n\treturn x + y\n}\n\nfunc main() {\n\tfmt.Println(add(1, 2))\n}\n',
    "java": 'import java.util.*;\n\nclass Problem {\n    public static long add(long x, long y) {\n        return x + y;\n    }\n\n    public static void main(String[] args) {\n        System.out.println("}" + add(1, 2));\n    }\n}\n',
    "jl": "function add(x::Int64, y::Int64)::Int64\n    return x + y\nend\n",
    "js": "function add(x, y) {\n  return x + y;\n}\n\nconsole.log(add(1, 2));\n",
    "lua": "local function add(x, y)\n    return x + y\nend\n",
    "php": "<?php\nfunction add($x, $y) {\n    return $x + $y;\n}\n?>\n",
    "pl": "sub add {\n    my($x, $y) = @_;\n    return $x + $y;\n}\n",
    "r": "add <- function(x, y) {\n    return(x + y)\n}\n",
    "rb": "def add(x, y)\n  x + y\nend\n",
    "rkt": "#lang racket\n\n(define (add x y)\n  (+ x y))\n",
    "rs": 'fn add(x: isize, y: isize) -> isize {\n    x + y\n}\n\nfn main() {\n    println!("{}", add(1, 2));\n}\n',
    "scala": "object Problem {\n    def add(x : Long, y : Long) : Long = {\n        x + y\n    }\n}\n",
    "sh": "#!/bin/bash\nadd() {\n    echo $(($1 + $2))\n}\n",
    "swift": "func add(x: Int, y: Int) -> Int {\n    return x + y\n}\n",
    "ts": "function add(x: number, y: number): number {\n    return x + y;\n}\n",
}
CONCATENATE = {
    "cpp": "std::string concatenate(std::vector<std::string> strings) {\n    std::string all;\n    for (const auto& each : strings) {\n        all += each; // }\n    }\n    return all;\n}\n",
    "cs": "class Problem {\n    public static string Concatenate(List<string> strings) {\n        return string.Concat(strings);\n    }\n}\n",
    "d": "string concatenate(string[] strings)\n{\n    string all;\n    foreach (each; strings) all ~= each;\n    return all;\n}\n",
    "go": 'import (\n\t"strings"\n\t"fmt"\n)\n\nfunc concatenate(myStrings []string) string {\n\treturn strings.Join(myStrings, "")\n}\n',
    "java": 'public static String concatenate(ArrayList<String> strings) {\n    return String.join("", strings);\n}\n',
    "jl": "function concatenate(strings::Vector{String})::String\n    return join(strings)\nend\n",
    "js": "const concatenate = (strings) => strings.join('');\n",
    "lua": "local function concatenate(strings)\n    return table.concat(strings)\nend\n",
    "php": "function concatenate($strings) {\n    return implode('', $strings);\n}\n",
    "pl": "sub concatenate {\n    my($strings) = @_;\n    return join('', @$strings);\n}\n",
    "r": 'concatenate <- function(strings) {\n    paste(unlist(strings), collapse = "")\n}\n',
    "rb": "def concatenate(strings)\n  strings.join\nend\n",
    "rkt": "(define (concatenate strings)\n  (string-append* strings))\n",
    "rs": "fn concatenate(strings: Vec<String>) -> String {\n    strings.concat()\n}\n",
    "scala": "object Problem {\n    def concatenate(strings : List[String]) : String = strings.mkString\n}\n",
    "sh": "concatenate() {\n    local all=''\n    for each in $1; do all+=$each; done\n    echo \"$all\"\n}\n",
    "swift": "func concatenate(strings: [String]) -> String {\n    return strings.joined()\n}\n",
    "ts": "function concatenate(strings: string[]): string {\n    return strings.join('');\n}\n",
}
# What to replace in `ADD` for a wrong program, where that is not ``x + y``.
WRONG = {
    "php": ("$x + $y", "$x - $y"),
    "pl": ("$x + $y", "$x - $y"),
    "rkt": ("(+ x y)", "(- x y)"),
    "sh": ("$1 + $2", "$1 - $2"),
}
