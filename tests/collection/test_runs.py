"""Collections from outside: what is asked, said and refused."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

import pytest_modeleval.reports
from tests.conftest import ANSWERS, FaultyServer, alias, run, run_alone

from .conftest import MIX, collected, counts, ids


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {"test_answers": 10, "test_arithmetic": 100}),
        (["--eval-limit", "8"], {"test_answers": 6, "test_arithmetic": 2}),
        (["--eval-limit", "20"], {"test_answers": 10, "test_arithmetic": 10}),
        (["--eval-limit", "20", "--eval-set", "run.sampler=uniform"], {"test_answers": 10, "test_arithmetic": 10}),
        (["--eval-limit", "22", "--eval-set", "run.sampler=stratified"], {"test_answers": 2, "test_arithmetic": 20}),
        (["--eval-limit", "2", "--eval-set", "run.sampler=stratified"], {"test_answers": 1, "test_arithmetic": 1}),
        (["--eval-limit-per-subset", "1"], {"test_answers": 2, "test_arithmetic": 4}),
        (["-k", "easy"], {"test_answers": 6}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_limit_is_shared_as_the_sampler_says(
    mix: pytest.Pytester, arguments: list[str], expected: dict[str, int]
) -> None:
    assert counts(collected(mix, *arguments)) == expected


def test_a_seed_draws_the_same_and_another_other_rows(mix: pytest.Pytester) -> None:
    one, same, other = (collected(mix, "--eval-limit", "12", "--eval-seed", seed) for seed in "001")

    assert one == same
    assert one != other


def test_the_rows_of_one_benchmark_are_those_that_an_ordinary_limit_draws(mix: pytest.Pytester) -> None:
    ordinary = run(mix, "--model", "faulty", "--collect-only", "-q", "--eval-limit", "6", "test_answers.py")

    assert [item for item in collected(mix, "--eval-limit", "8") if "answers" in item] == ids(ordinary)


def test_tables_fit_a_terminal_where_a_benchmark_has_long_metrics(mix: pytest.Pytester) -> None:
    scored = "    Score(0.5, True, name='accuracy_given_attempted', measured=True)\n    assert same"
    own = ANSWERS.replace("    assert same", scored).replace("import Completion", "import Score, Completion")
    mix.makepyfile(test_answers=own)

    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "--eval-limit", "8")

    begin, end = (
        next(number for number, line in enumerate(result.outlines) if line.startswith(word))
        for word in ("faulty: ", "answers: ")
    )
    lines = result.outlines[begin + 1 : end]
    assert max(map(len, lines)) <= 80
    assert "" not in lines
    result.stdout.re_match_lines(
        [
            "metric",
            r" +samples +errors +micro +95% interval +macro +weighted",
            "all, main",
            r" +8 +0 +0\.750  \[0\.409, 0\.929\]  0\.500  0\.750 ±\.164",
            "category",
            "  answers, accuracy_given_attempted measured",
            r" +6 +0 +0\.500 .*",
        ]
    )


def test_tables_by_level(mix: pytest.Pytester) -> None:
    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "--eval-limit", "8")

    result.assert_outcomes(passed=6, failed=2)
    result.stdout.re_match_lines(
        [
            r"modeleval: faulty on the collection mix; .*",
            r"=+ collection mix: 8 of 110 samples =+",
            r"faulty: 80 tokens, \d+\.\d seconds",
            r" +samples  errors  micro  95% interval    macro  weighted$",
            r"all +8 +0  0\.750  \[0\.409, 0\.929\]  0\.500  0\.750 ±\.164$",
            r"category",
            r"  Own +6 +0  1\.000 .* 1\.000$",
            r"  Shipped +2 +0  0\.000 .* 0\.000$",
            r"task type",
            r"  qa +6 ",
            r"  math +2 ",
            r"tag",
            r"  own +6 ",
            r"  en +8 ",
            r"dataset",
            r"  answers +6 +0  1\.000 ",
            r"    easy ",
            r"    hard ",
            r"  arithmetic +2 +0  0\.000 ",
        ],
        consecutive=False,
    )
    assert max(len(line) for line in result.stdout.str().partition("collection mix: ")[2].splitlines()[1:-1]) <= 100


def test_workers_draw_the_same_and_give_the_same_table(mix: pytest.Pytester, faulty: FaultyServer) -> None:
    arguments = ["--model", "faulty", "--eval-collection", "mix.toml", "--eval-limit", "8"]
    alone = run(mix, *arguments)

    result = run(mix, *arguments, "-n", "2", "--eval-collection-save", "drawn.jsonl")

    result.assert_outcomes(passed=6, failed=2)
    pattern = re.compile(r"^(?:all|  \w+) .*", re.MULTILINE)
    assert sorted(pattern.findall(result.stdout.str())) == sorted(pattern.findall(alone.stdout.str()))
    # The second run asked nothing: the store had all answers.
    assert len(faulty.asked) == 8
    assert len((mix.path / "drawn.jsonl").read_text().splitlines()) == 8


def test_answers_and_last_failed_are_those_of_ordinary_runs(mix: pytest.Pytester, faulty: FaultyServer) -> None:
    run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "--eval-limit", "8")
    run(mix, "--model", "faulty", "--eval-limit", "6", "test_answers.py").assert_outcomes(passed=6)

    assert len(faulty.asked) == 8
    run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "--eval-limit", "8", "--lf").assert_outcomes(
        failed=2
    )


def test_errors_are_counted_and_shown(mix: pytest.Pytester) -> None:
    mix.makepyfile(
        test_answers=ANSWERS.replace(
            "    assert same", "    if 'hard' in sample.asked: raise ValueError\n    assert same"
        )
    )

    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "-k", "answers")

    result.assert_outcomes(passed=6, errors=4)
    result.stdout.re_match_lines([r"all +6 +4  1\.000", r"  answers +6 +4  1\.000", r"    hard +0 +4      -  - "])


def test_json_has_every_level_of_every_model(mix: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(mix, "second", base_url=faulty.url, model="faulty")

    run(
        mix, "--model", "faulty", "--model", "second", "--eval-collection", "mix.toml", "--eval-limit", "8",
        "--eval-write", "out.json",
    ).assert_outcomes(passed=12, failed=4)  # fmt: skip

    document = json.loads((mix.path / "out.json").read_text())
    assert pytest_modeleval.reports.__file__ is not None
    schema = Path(pytest_modeleval.reports.__file__).parent / "results.schema.json"
    jsonschema.validate(document, json.loads(schema.read_text()))
    rows = {(row["model"], row["level"], *row["name"]): row for row in document["collection"]["rows"]}
    assert rows["second", "category", "mix", "Own"]["micro"] == 1.0
    assert rows["faulty", "all"]["macro"] == 0.5
    assert {level for _, level, *_ in rows} == {"all", "category", "task_type", "tag", "dataset", "subset"}
    assert [row["samples"] for row in document["rows"] if not row["part"]] == [6, 6, 2, 2]


def test_ordinary_runs_have_no_collection(mix: pytest.Pytester) -> None:
    run(mix, "--model", "faulty", "--eval-write", "out.json", "test_answers.py")

    assert "collection" not in json.loads((mix.path / "out.json").read_text())


def test_a_benchmark_of_which_nothing_is_drawn_is_skipped_with_the_reason(mix: pytest.Pytester) -> None:
    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "--eval-limit", "1", "-rs")

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * the collection mix asks none of its samples"])


def test_typed_paths_narrow_the_run_and_not_the_draw(mix: pytest.Pytester) -> None:
    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "--eval-limit", "8", "test_answers.py")

    result.assert_outcomes(passed=6)


def test_a_collections_settings_stand_above_the_configs(mix: pytest.Pytester, faulty: FaultyServer) -> None:
    with (mix.path / "modeleval.toml").open("a") as file:
        file.write('[benchmarks.answers]\nsystem = "Be brief."\nprompt = "config {prompt}"\n')
    (mix.path / "mix.toml").write_text(f'{MIX}\n[benchmarks.answers]\nprompt = "mixed {{prompt}}"\n')

    run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "-k", "easy and 00003")

    (asked,) = faulty.asked
    assert [message["content"] for message in asked["messages"]] == ["Be brief.", "mixed easy 3: what is 6 * 7?"]


# Bad input

TWICE = """
[[datasets]]
name = "answers"
file = "test_answers.py"
[[datasets]]
name = "Again"
datasets = [{ name = "answers", file = "test_answers.py", subsets = ["hard"] }]
"""


@pytest.mark.parametrize(
    ("toml", "arguments", "said"),
    [
        (MIX.replace("arithmetic", "arithmetics"), [], "unknown benchmark in mix.toml: 'Shipped': 'arithmetics'; did you mean 'arithmetic'?* One of your own needs file = …"),
        (MIX.replace('"add"', '"ad"'), [], "unknown subset of arithmetic in mix.toml: 'Shipped': 'ad'; did you mean 'add'? Known: *"),
        (MIX.replace('"answers"', '"answer"'), [], "unknown benchmark in */test_answers.py: 'answer'; did you mean 'answers'? *"),
        (MIX.replace("test_answers.py", "test_none.py"), [], "--eval-collection: there is no file '*/test_none.py'"),
        (MIX.replace("test_answers.py", "test_broken.py"), [], "*/test_broken.py cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        (MIX.replace('"arithmetic", subsets = ["add", "multiply-1"]', '"gsm8k"'), ["--eval-offline"], "gsm8k has no main/test of AI-ModelScope/gsm8k in *"),
        (TWICE, [], "mix.toml: 'Again': 'answers' is there twice: hard is also in mix; give each its subsets"),
        (MIX, ["--eval-limit", "1", "--eval-set", "run.sampler=stratified"], "sampler = stratified draws at least one sample of each of 2 datasets: --eval-limit 1 is too small"),
        (MIX, ["--eval-set", "run.sampler=fair"], "--eval-set run.sampler takes one of weighted, stratified, uniform, not 'fair'"),
        (MIX, ["--eval-collection-save", "mix.toml/x"], "--eval-collection-save: */mix.toml/x cannot be written: */mix.toml is no folder *"),
        (MIX, ["--eval-collection", "none.toml"], "--eval-collection cannot read '*/none.toml': No such file or directory"),
        (MIX, ["--eval-collection", "none.jsonl"], "--eval-collection: there is no file '*/none.jsonl'"),
        (MIX.replace("arithmetic", "tau_bench"), [], "mix.toml: *: there is no benchmark 'tau_bench' here yet: `modeleval list` has *"),
        (MIX, ["--eval-collection", "mix.yaml"], "--eval-collection takes a .toml or .json schema or a .jsonl index, not 'mix.yaml'"),
    ],
    ids=["benchmark", "subset", "own benchmark", "no file", "broken", "no data", "twice", "limit", "sampler", "save", "no schema", "no index", "not here yet", "ending"],
)  # fmt: skip
def test_a_users_mistake_is_one_line(mix: pytest.Pytester, toml: str, arguments: list[str], said: str) -> None:
    (mix.path / "mix.toml").write_text(toml)
    mix.makepyfile(test_broken="import no_such_module")

    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml", *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    ("flag", "named"),
    [
        ("--eval-set=run.sampler=uniform", "sampler of [[]run]"),
        ("--eval-collection-save=x.jsonl", "--eval-collection-save"),
    ],
)
def test_what_is_for_a_collection_needs_one(mix: pytest.Pytester, flag: str, named: str) -> None:
    result = run(mix, "--model", "faulty", flag, "test_answers.py")

    result.stderr.fnmatch_lines([f"ERROR: {named} is for a collection: give --eval-collection FILE"])


def test_a_mistake_under_workers_is_one_line(mix: pytest.Pytester) -> None:
    (mix.path / "mix.toml").write_text(TWICE)

    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "-n", "2")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: mix.toml: 'Again': 'answers' is there twice: *"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_disjoint_subsets_of_one_benchmark_may_stand_in_two_groups(mix: pytest.Pytester) -> None:
    first = 'file = "test_answers.py"\n[[datasets]]'
    (mix.path / "mix.toml").write_text(TWICE.replace(first, f'subsets = ["easy"]\n{first}', 1))

    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml")

    result.assert_outcomes(passed=10)
    result.stdout.re_match_lines([r"  Again +4 ", r"  answers +10 .* 1\.000"])


def test_a_sample_that_went_down_with_its_worker_is_in_the_tables(mix: pytest.Pytester) -> None:
    crash = ANSWERS.replace(
        "    assert same", "    import os\n    if 'hard 2' in sample.asked: os._exit(1)\n    assert same"
    )
    mix.makepyfile(test_answers=crash)

    result = run(mix, "--model", "faulty", "--eval-collection", "mix.toml", "-k", "answers", "-n", "2")

    result.stdout.re_match_lines([r"all +9 +1  1\.000", r"  Own +9 +1 ", r"  answers +9 +1 "])


def test_the_collection_of_the_guide_prints_what_the_guide_shows(pytester: pytest.Pytester) -> None:
    guide = (Path(__file__).parents[2] / "docs/collections.md").read_text()
    (schema,) = re.findall(r"^```toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    (shown,) = re.findall(r"^```text\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    (pytester.path / "sums.toml").write_text(schema)

    result = run_alone(pytester, "--model", "tiny", "--eval-collection", "sums.toml", "--eval-limit", "60")

    *lines, _ = shown.splitlines()
    # Seconds differ from machine to machine.
    expected = [re.sub(r"[\d.]+ seconds$", "", line) for line in lines]
    result.stdout.re_match_lines([f"^{re.escape(line)}" for line in expected], consecutive=True)
    result.assert_outcomes(failed=17, passed=43)
