"""A user's mistake is one line that says what was wrong, the value, and what to do."""

import sys
from pathlib import Path

import pytest

from tests.conftest import ANSWERS, FaultyServer, add_settings, alias, run, run_alone


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "judge"], "unknown model 'judge'; did you mean 'judge=NAME'? Known: faulty, tiny. Give an alias *"),
        (["--model", "fauly"], "unknown model 'fauly'; did you mean 'faulty'? Known: faulty, tiny. Give an alias ([[]models.NAME] in modeleval.toml), *"),
        (["--model", "./nowhere"], "--model ./nowhere: there is no folder './nowhere'"),
        (["--model", "no/such/folder"], "unknown model 'no/such/folder'*"),
        (["--model", "openai:"], "--model openai:: nothing stands after the colon"),
        (["--model", "openai:gpt"], "model 'openai:gpt': the environment variable OPENAI_API_KEY has no key"),
        (["--model", "replay:none.jsonl"], "--model replay:none.jsonl: there is no file 'none.jsonl'"),
        (["--model", "faulty", "--model", "faulty"], "--model names a model twice: faulty, faulty; give each once"),
        (["--model", "faulty", "--eval-limit", "0"], "--eval-limit takes a whole number of at least 1, not '0'"),
        (["--model", "faulty", "--eval-limit", "-3"], "--eval-limit takes a whole number of at least 1, not '-3'"),
        (["--model", "faulty", "--eval-repeats", "two"], "--eval-repeats takes a whole number of at least 1, not 'two'"),
        (["--model", "faulty", "--eval-seed", "x"], "--eval-seed takes a whole number, not 'x'"),
        (["--model", "faulty", "--eval-data", "nowhere"], "--eval-data: there is no folder 'nowhere'"),
        (["--model", "faulty", "--eval-hub", "github"], "--eval-hub takes one of modelscope, huggingface, not 'github'"),
        (["--model", "faulty", "--eval-cache", "yes"], "--eval-cache takes one of off, read, write, only, any, not 'yes'"),
        (["--model", "faulty", "--eval-generation", "t"], "--eval-generation takes KEY=VALUE, not 't'"),
        (["--model", ""], "--model takes NAME, not ''"),
        (["--model", "faulty", "--eval-save-baseline", ""], "--eval-save-baseline takes FILE, not ''"),
        (["--model", "faulty", "--eval-baseline="], "--eval-baseline takes FILE, not ''"),
        (["--model", "faulty", "--eval-write", " "], "--eval-write takes FILE, not ' '"),
        (["--model", "faulty", "--eval-data="], "--eval-data takes DIR, not ''"),
        (["--model", "faulty", "--perf-slo", ""], "--perf-slo takes LIMITS, not ''"),
        (["--model", "faulty", "--perf-parallel", ""], "--perf-parallel takes N,…, not ''"),
        (["--eval-history", "gsm8k"], "--eval-history is no flag any more: modeleval history NAME"),
        (["--eval-diff", "last", "last~1"], "--eval-diff is no flag any more: modeleval diff RUN RUN"),
        (["--model", "faulty", "--eval-html=page.html"], "--eval-html is no flag any more: --eval-write FILE.html"),
        (["--model", "faulty", "--eval-save-baseline", "empty"], "--eval-save-baseline takes a file to write, and */empty is a folder"),
        (["--model", "faulty", "--eval-save-baseline", "empty/x/o.json"], "--eval-save-baseline: */empty/x/o.json cannot be written: */empty/x is no folder that this user may write to"),
        (["--model", "faulty", "--eval-set", "gate.aa=true"], "--eval-set gate.aa is about --eval-save-baseline FILE, which is missing"),
        (["--model", "faulty", "--eval-set", "gate.waive=data"], "--eval-set gate.waive is about --eval-baseline FILE, which is missing"),
        (["--model", "faulty", "--eval-margin", "2pp"], "--eval-margin is about --eval-baseline FILE, which is missing"),
        (["--model", "faulty", "--eval-write", "empty/x/o.json"], "--eval-write: */empty/x/o.json cannot be written: */empty/x is no folder that this user may write to"),
        (["--model", "faulty", "--eval-write", "empty"], "--eval-write takes a file to write, and */empty is a folder"),
        (["--model", "faulty", "--eval-write", "empty/x/o.csv"], "--eval-write: */empty/x/o.csv cannot be written: *"),
        (["--model", "faulty", "--eval-write", "empty/x/o.html"], "--eval-write: */empty/x/o.html cannot be written: *"),
        (["--model", "faulty", "--perf-slo", "p99_ttft<=500ms"], "--perf-slo is about a load test, and this run has none: give --perf-parallel N, *"),
        (["--model", "faulty", "-k", "answer5"], "unknown benchmark, subset or tag in -k 'answer5': 'answer5'; did you mean 'answers'? *"),
        (["--model", "faulty", "-k", "answers and hadr"], "unknown * in -k 'answers and hadr': 'hadr'; did you mean 'hard'? *"),
        (["--model", "faulty", "-m", "maths"], "unknown tag in -m 'maths': 'maths'; did you mean 'math'? *"),
        (["--model", "faulty", "-k", "answers and HADR"], "unknown * in -k 'answers and HADR': 'HADR'; did you mean 'hard'? *"),
        (["--model", "faulty", "-k", "wikitext"], "there is no benchmark 'wikitext' here yet: `modeleval list` has those that there are"),
        (["--model", "faulty", "--eval-run", "nigthly"], "unknown run 'nigthly'; did you mean 'nightly'? Known: nightly. Give the NAME of a table [[]runs.NAME] *"),
        (["--model", "./empty"], "the folder empty has no config.json: it holds no model that transformers reads"),
        (["--model", "./lora"], "the folder lora holds an adapter alone: pip install peft, or merge it into its model *"),
        (["--model", "./gguf"], "gguf/q4.gguf is in llama.cpp's format: serve it with llama-server, and give its address *"),
        (["--model", "gguf/q4.gguf"], "gguf/q4.gguf is in llama.cpp's format: *"),
        (["-p", "no:allure_pytest", "--alluredir", "x"], "--alluredir needs allure-pytest: pip install 'pytest-modeleval[[]allure]'"),
        (["--modle", "faulty"], "unknown flag --modle; did you mean --model?"),
        (["--model", "faulty", "--eval-limits", "5"], "unknown flag --eval-limits; did you mean --eval-limit?"),
        (["--model", "faulty", "--eval_limit=5"], "unknown flag --eval_limit; did you mean --eval-limit?"),
        (["--model", "faulty", "--eval-generation", "temprature=0"], "unknown generation setting of model 'faulty': 'temprature'; did you mean 'temperature'?"),
        (["--model", "faulty", "--eval-generation", "messages=[]"], "generation of model 'faulty': messages is no setting of its answers"),
        (["--model", "faulty", "--eval-generation", "model=other"], "generation of model 'faulty': model is no setting of its answers; model = … stands beside generation in its alias"),
        (["--model", "faulty", "--eval-generation", 'extra_body={"stream": true}'], "generation of model 'faulty': stream is no setting of its answers; stream = … stands *"),
        (["--model", "faulty", "--eval-generation", "temperature=0,7"], "generation of model 'faulty': temperature is a number, not '0,7'"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_wrong_argument(project: pytest.Pytester, faulty: FaultyServer, arguments: list[str], said: str) -> None:
    for name in ("empty/x", "lora/adapter_config.json", "gguf/q4.gguf"):
        (project.path / name).parent.mkdir(exist_ok=True)
        (project.path / name).touch()
    add_settings(project, "[runs.nightly]")

    result = run(project, *arguments, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert faulty.asked == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "faulty", "test_gsm9k.py"], "there is no file 'test_gsm9k.py'; did you mean test_gsm8k.py, the shipped benchmark (or -k gsm8k)?"),
        (["--model", "faulty", "test_wikitext.py"], "there is no benchmark 'wikitext' here yet: *"),
        (["--model", "faulty", "gsm8k"], "there is no file 'gsm8k'; did you mean test_gsm8k.py, the shipped benchmark (or -k gsm8k)?"),
        (["--model", "faulty", "test_answers.py::test_answers[easy-00006]"], "there is no answers?easy-00006]: easy has 6 samples, numbered from 00000"),
        (["--model", "faulty", "test_arithmetic.py::test_arithmetic[add-1-00025]"], "there is no arithmetic?add-1-00025]: add-1 has 25 samples, *"),
        (["gsm8k"], "gsm8k is a benchmark: give --model NAME, such as --model tiny"),
        (["test_gsm8k.py::test_gsm8k[main-00042]"], "gsm8k is a benchmark: give --model NAME, such as --model tiny"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)  # fmt: skip
def test_a_path_that_is_not_there(
    project: pytest.Pytester, faulty: FaultyServer, arguments: list[str], said: str
) -> None:
    result = run(project, *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert faulty.asked == []


def test_a_missing_file_beside_a_sample_that_is_there(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "test_answers.py::test_answers[easy-00005]", "no_such_file.py")

    result.stderr.fnmatch_lines(["ERROR: file or directory not found: no_such_file.py"])


def test_a_benchmark_asked_without_a_model(pytester: pytest.Pytester) -> None:
    result = run(pytester, "-k", "gsm8k and main")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: gsm8k is a benchmark: give --model NAME, such as --model tiny"])


@pytest.mark.parametrize("processes", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_users_own_test_of_a_benchmarks_name_needs_no_model(
    pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    pytester.makepyfile(test_own="def test_gsm8k(): pass")

    run(pytester, "-k", "gsm8k", *processes).assert_outcomes(passed=1)


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/models"])
def test_an_address_with_or_without_its_end(project: pytest.Pytester, faulty: FaultyServer, end: str) -> None:
    alias(project, "other", base_url=faulty.url.removesuffix("/v1") + end, model="faulty")

    run(project, "--model", "other", "test_answers.py").assert_outcomes(passed=10)

    assert set(faulty.paths) == {"/v1/chat/completions"}


def test_a_shipped_benchmark_goes_by_its_file(project: pytest.Pytester, faulty: FaultyServer) -> None:
    item = "test_arithmetic.py::test_arithmetic[add-1-00001]"

    result = run(project, "--model", "faulty", item, "--collect-only", "-q")

    result.stdout.fnmatch_lines(["test_arithmetic.py::test_arithmetic?add-1-00001]"])


@pytest.mark.parametrize("processes", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_sample_has_one_node_id_however_it_was_chosen(
    project: pytest.Pytester, faulty: FaultyServer, processes: tuple[str, ...]
) -> None:
    run(project, "--model", "faulty", "test_arithmetic.py", "--eval-limit", "3", *processes)
    again = run(project, "--model", "faulty", "-k", "arithmetic", "--lf", "--collect-only", "-q")
    typed = run(project, "--model", "faulty", "test_arithmetic.py", "--eval-limit", "3", "--lf")

    assert again.outlines[:3] == [
        f"test_arithmetic.py::test_arithmetic[{sample}]"
        for sample in ("add-1-00005", "add-2-00019", "multiply-3-00009")
    ]
    typed.assert_outcomes(failed=3)
    typed.stdout.fnmatch_lines(["test_arithmetic.py FFF *"])


def test_a_file_of_questions_elsewhere_has_its_name_in_the_node_id(
    project: pytest.Pytester, faulty: FaultyServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "exam.jsonl").write_text('{"question": "6 * 7?", "answer": "42"}')

    for path in (folder, folder / "exam.jsonl"):
        result = run(project, "--model", "faulty", f"--eval-file={path}", "--collect-only", "-q")

        result.stdout.fnmatch_lines([f"{path.name}::test_{path.stem}?*-00000]"])


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[models.m]\nmodle = 'x'", "unknown key in modeleval.toml: model 'm': 'modle'; did you mean 'model'?*"),
        ("[models.m]\nbase_url = 'x'", "modeleval.toml: model 'm' needs model = \"…\"*"),
        ("[models.m]\nmodel = 3", "modeleval.toml: model 'm': model is a text, not 3"),
        ("[models.m]\nmodel = 'x'\nretries = true", "modeleval.toml: model 'm': retries is a whole number, not True"),
        ("[models.m]\nmodel = 'x'\napi_key = 'sk-1'", "modeleval.toml: model 'm': keys do not belong in a file; *"),
        (
            "[models.m]\nmodel = 'x'\napi = 'opnai'",
            "unknown api of model 'm': 'opnai'; did you mean 'openai'? * One of your own is opened by the hook pytest_modeleval_open_model of a conftest.py",
        ),
        ("[model.m]\nmodel = 'x'", "unknown table in modeleval.toml: 'model'; did you mean 'models'? *"),
        ("[models]\nm = 'x'", "modeleval.toml: model 'm' is a table of settings, not 'x'"),
        ("models = 3", "modeleval.toml: models are tables, ?models.NAME], not 3"),
        ("benchmarks = []", "modeleval.toml: benchmarks are tables, ?benchmarks.NAME], not ??"),
        ("[models.m", "*modeleval.toml is not TOML: *"),
        ("[models.m]\nmodel = 'x'\ntimeout = 0", "modeleval.toml: model 'm': timeout is in seconds and above 0, not 0"),
        ("[models.m]\nmodel = 'x'\ntimeout = nan", "modeleval.toml: model 'm': timeout is * above 0, not nan"),
        ("[models.m]\nmodel = 'x'\nretries = -1", "modeleval.toml: model 'm': retries is at least 0, not -1"),
        (
            "[models.m]\nmodel = 'x'\nbase_url = 'http://h/v1'\nargs = { temperature = 0 }",
            "modeleval.toml: model 'm': args are for a model in this process; what a server * stands in generation",
        ),
        (
            "[models.m]\nmodel = 'x'\nbase_url = 'http://h:99999/v1'",
            "model 'm': base_url = 'http://h:99999/v1' is no address: Port out of range 0-65535",
        ),
        (
            "[models.m]\nmodel = 'x'\nbase_url = 'http:///v1'",
            "model 'm': base_url = 'http:///v1' is no address: it names no server",
        ),
        (
            "[models.m]\nmodel = 'x'\nbase_url = 'http://h/v1'\nheaders = { 'X Team' = 'a' }",
            "model 'm': 'X Team' is no name of a header",
        ),
        (
            "[models.m]\nmodel = 'x'\nbase_url = 'http://h/v1'\n[benchmarks.answers]\nrule = 'official'",
            "answers offers no rules to choose among: leave rule = 'official' out",
        ),
        (
            "[models.m]\nmodel = 'x'\nbase_url = '127.0.0.1:1/v1'",
            "model 'm': base_url = '127.0.0.1:1/v1' lacks http:// or https:// in front",
        ),
        (
            "[models.m]\nmodel = 'x'\nbase_url = 'http://h/v1'\ngeneration = { top_P = 1 }",
            "unknown generation setting of model 'm': 'top_P'; did you mean 'top_p'?",
        ),
        (
            "[models.m]\nmodel = 'x'\nbase_url = 'http://h/v1'\n[benchmarks.anwers]",
            "unknown benchmark in the config: 'anwers'; did you mean 'answers'?",
        ),
    ],
)
def test_a_wrong_config(project: pytest.Pytester, toml: str, said: str) -> None:
    (project.path / "modeleval.toml").write_text(toml)

    result = run(project, "--model", "m", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_an_alias_in_both_files(project: pytest.Pytester) -> None:
    alias(project, "m", model="x")
    project.makepyprojecttoml("[tool.modeleval.models.m]\nmodel = 'x'")

    result = run(project, "--model", "m", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: model 'm' is in pyproject.toml and in modeleval.toml; keep one"])


def test_two_subsets_of_one_spelling(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace('"easy": 6, "hard": 4', '"a b": 6, "a/b": 4'))

    result = run(project, "--model", "faulty", ".")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: answers: the subsets 'a b' and 'a/b' are one in items' ids, a_b: rename one"])
    assert not faulty.asked


def test_two_benchmarks_of_one_name(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_again=ANSWERS)

    result = run(project, "--model", "faulty", ".")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: two benchmarks are called 'answers': *test_again.py:* and *test_answers.py:*"])


def test_rows_in_a_list_are_told_how_to_be_given(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(
        test_listed="""
        from pytest_modeleval import benchmark

        @benchmark([{"q": "What?", "a": "2"}], lambda row: row)
        def test_listed(sample, completion):
            pass
        """
    )

    result = run(project, "--model", "faulty", "test_listed.py")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["E   TypeError: @benchmark takes the rows of hub(…) or generated(…) first, not a list; *"]
    )
    result.stdout.no_fnmatch_line("*pluggy/*")


def test_a_benchmark_that_takes_no_sample(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace("sample: Sample, completion: Completion", ""))

    result = run(project, "--model", "faulty", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: *test_answers.py:*: a benchmark's test takes `sample` or `completion` as an*"])


FILES = """
from pytest_modeleval import Sample, benchmark, hub
from pytest_modeleval.scorers.numbers import same_number

FILES = hub(modelscope="some/files", huggingface="other/files", config="main", split="test")

@benchmark(FILES, lambda row: Sample(row["question"], row["answer"]))
def test_files(sample, completion):
    assert same_number(completion, sample.target)
"""
ROWS = '{"question": "a", "answer": "42"}\n{"question": "b", "answer": "42"}\n'


@pytest.fixture
def rows(project: pytest.Pytester, faulty: FaultyServer) -> Path:
    """The data file of a benchmark over two rows."""
    project.makepyfile(test_files=FILES)
    path = project.path / "data/files/main/test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(ROWS)
    return path


def run_files(project: pytest.Pytester) -> pytest.RunResult:
    return run(project, "--model", "faulty", "--eval-data", "data", "test_files.py")


def test_right_data_runs(project: pytest.Pytester, rows: Path) -> None:
    run_files(project).assert_outcomes(passed=2)


def test_a_data_folder_without_the_benchmark(project: pytest.Pytester, rows: Path) -> None:
    rows.unlink()
    rows.parent.rmdir()
    rows.parents[1].rmdir()

    result = run(project, "--model", "faulty", "--eval-data", "data", "--eval-offline", "test_files.py")

    result.stderr.fnmatch_lines(
        [
            "ERROR: files has no main/test of some/files in ModelScope's cache on this machine, and nothing is fetched "
            "with --eval-offline (there is no folder */data/files either): modelscope download some/files *"
        ]
    )


def test_a_sample_of_a_benchmark_without_data_says_why_it_is_not_there(project: pytest.Pytester, rows: Path) -> None:
    result = run(project, "--model", "faulty", "--eval-offline", "test_files.py::test_files[main-00000]")

    result.stderr.fnmatch_lines(["ERROR: files has no main/test of some/files in ModelScope's cache on this machine*"])


def test_a_data_folder_without_the_file(project: pytest.Pytester, rows: Path) -> None:
    rows.unlink()

    run_files(project).stderr.fnmatch_lines(
        ["ERROR: files: */data/files has no main/test (.jsonl, *); it has no file of these kinds"]
    )


def test_a_row_without_a_field_is_that_samples_error(project: pytest.Pytester, rows: Path) -> None:
    rows.write_text('{"question": "a"}\n' + ROWS)

    result = run_files(project)

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["test_files?main-00000?  row 0 of *test.jsonl has no field 'answer'; its fields are: question"]
    )


def test_a_prompts_field_that_some_rows_have_is_the_others_error(project: pytest.Pytester) -> None:
    rows = ['{"question": "What is 6 * 7?", "answer": "42"}', '{"question": "A?", "answer": "x", "hint": "Count."}']
    project.path.joinpath("q.jsonl").write_text("\n".join(rows))

    result = run_alone(project, "--model", "tiny", "--eval-file", "q.jsonl", "--eval-prompt", "{question} {hint}")

    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["test_q?main-00000?  the prompt template asks for 'hint'; there are: question, answer"]
    )


def test_a_broken_line_is_that_samples_error(project: pytest.Pytester, rows: Path) -> None:
    rows.write_text('{"question": \n[1]\n' + ROWS)

    result = run_files(project)

    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(
        [
            "test_files?main-00000?  row 0 of *test.jsonl is not JSON (*): *",
            "test_files*row 1 of * is not a JSON object: *",
        ]
    )


def test_data_that_changed_is_refused_with_both_hashes(project: pytest.Pytester, rows: Path) -> None:
    run_files(project)
    rows.write_text(ROWS + ROWS)

    result = run_files(project)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: files: the data of main/test changed: *datasets.json has sha256 *…, */test.jsonl has *…. Restore*"]
    )


def test_the_same_data_elsewhere_is_the_same(project: pytest.Pytester, rows: Path) -> None:
    run_files(project)
    (project.path / "data").rename(project.path / "moved")

    run(project, "--model", "faulty", "--eval-data", "moved", "test_files.py").assert_outcomes(passed=2)


def test_a_broken_lock_is_said(project: pytest.Pytester, rows: Path) -> None:
    (project.path / ".modeleval").mkdir()
    (project.path / ".modeleval/datasets.json").write_text("{")

    run_files(project).stderr.fnmatch_lines(["ERROR: */datasets.json is not JSON (*); remove it to make it anew"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "ERROR: replay.jsonl:1 is not JSON: *"),
        ('{"id": "answers[easy-00000]"}', 'ERROR: replay.jsonl:1 needs the answer as a string in "text"'),
        ('{"text": "42"}', 'ERROR: replay.jsonl:1 needs "id", "prompt" or "messages" to tell what it answers'),
        ('{"id": "a", "text": "1"}\n{"id": "a", "text": "2"}', "ERROR: replay.jsonl:2 answers what an earlier line*"),
    ],
    ids=["json", "text", "id", "twice"],
)
def test_a_wrong_recording(project: pytest.Pytester, line: str, said: str) -> None:
    (project.path / "replay.jsonl").write_text(line)

    result = run(project, "--model", "replay:replay.jsonl", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])


def test_all_wrong_lines_of_a_recording_are_told(project: pytest.Pytester) -> None:
    (project.path / "replay.jsonl").write_text("\n".join(["{", '{"id": "a", "text": "1"}', *['{"id": "b"}'] * 30]))

    result = run(project, "--model", "replay:replay.jsonl", "test_answers.py")

    result.stderr.fnmatch_lines(
        ["ERROR: replay.jsonl:1 is not JSON: *", "replay.jsonl:3 needs the answer *"], consecutive=True
    )
    result.stderr.fnmatch_lines(["… and 11 lines more"])


def test_a_parquet_file_without_pyarrow_tells_the_pip_command(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.path / "exam.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    result = run(project, "--model", "tiny", "--eval-file", "exam.parquet")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "exam.parquet needs pyarrow: pip install 'pytest-modeleval[parquet]'" in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--eval-file", "q.jsonl", "--eval-write", "./q.jsonl"], "--eval-write *q.jsonl would write over what --eval-file reads: *"),
        (["--eval-file", "qs", "--eval-write", "qs/a.csv"], "--eval-write *a.csv would write over what --eval-file reads: *"),
        (["--eval-baseline", "b.json", "--eval-write", "b.json"], "--eval-write *b.json would write over what --eval-baseline reads: *"),
        (["--eval-save-baseline", "n.json", "--eval-write", "n.json"], "--eval-save-baseline and --eval-write both write *n.json: *"),
        (["--eval-collection", "c.json", "--eval-write", "c.json"], "--eval-write *c.json would write over what --eval-collection reads: *"),
        (["--model", "replay:a.jsonl", "--eval-write", "link.jsonl"], "--eval-write *link.jsonl would write over what --model replay: reads: *"),
        (["--model", "tiny", "--model", "judge=replay:a.jsonl", "--eval-write", "a.jsonl"], "--eval-write *a.jsonl would write over what --model replay: reads: *"),
        (["--model", "replay:as", "--eval-write", "as/a.jsonl"], "--eval-write *a.jsonl would write over what --model replay: reads: *"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_is_read_is_never_written_over(
    project: pytest.Pytester, faulty: FaultyServer, arguments: list[str], said: str
) -> None:
    given = {"q.jsonl": '{"question": "a", "answer": "b"}', "a.jsonl": '{"id": "answers[easy-00000]", "text": "42"}'}
    given |= {"qs/a.csv": "question,answer\na,b", "as/a.jsonl": given["a.jsonl"], "b.json": "{}", "c.json": "{}"}
    for name, text in given.items():
        (project.path / name).parent.mkdir(exist_ok=True)
        (project.path / name).write_text(text)
    (project.path / "link.jsonl").symlink_to("a.jsonl")

    model = () if "--model" in arguments else ("--model", "faulty")
    result = run(project, *model, *arguments, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert {name: (project.path / name).read_text() for name in given} == given
    assert faulty.asked == []


def test_beside_recorded_answers_a_run_writes_what_it_likes(project: pytest.Pytester) -> None:
    (project.path / "a.jsonl").write_text('{"id": "answers[easy-00000]", "text": "42"}')
    files = ("--eval-write", "out.jsonl", "--eval-write", "out.json")

    for _ in range(2):
        run(project, "--model", "replay:.", "-k", "easy", *files, "test_answers.py").assert_outcomes(passed=1, errors=5)


def test_beside_own_files_a_run_writes_what_is_none_of_them(project: pytest.Pytester, faulty: FaultyServer) -> None:
    (project.path / "exam").mkdir()
    (project.path / "exam/easy.jsonl").write_text('{"question": "6 * 7?", "answer": "42"}')
    files = ("--eval-write", "exam/out.md", "--eval-write", "exam/out.html")

    for _ in range(2):
        run(project, "--model", "faulty", "--eval-file", "exam", *files).assert_outcomes(passed=1)
