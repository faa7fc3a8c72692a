"""`--eval-set TABLE.KEY=VALUE`: one key of modeleval.toml, for one run; and the flags that it stands for."""

from collections.abc import Sequence
from typing import Any

import pytest

from pytest_modeleval import evaluate
from pytest_modeleval.models.spec import ModelSpec, resolve
from pytest_modeleval.options.options import FLAGS
from pytest_modeleval.options.tables import read_set
from pytest_modeleval.perf.options.options import FLAGS as PERF_FLAGS
from tests.conftest import FaultyServer, add_settings, alias, run
from tests.perf.conftest import whatever_machine  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run in a worker themselves, where pytest-benchmark warns of every run that loads."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


def systems(faulty: FaultyServer) -> set[str]:
    return {body["messages"][0]["content"] for body in faulty.asked if body["messages"][0]["role"] == "system"}


def test_there_are_few_flags() -> None:
    """And room for those of later issues: 35 of evaluation at most, and no more of load tests than 48."""
    typed = [flag.name for flag in (*FLAGS, *PERF_FLAGS) if not flag.settings_only]

    assert len([name for name in typed if name.startswith("--eval")]) <= 35
    assert len([name for name in typed if name.startswith("--perf-")]) <= 48


@pytest.mark.parametrize(
    ("given", "tables"),
    [
        (["gsm8k.shots=0"], {"benchmarks": {"gsm8k": {"shots": 0}}}),
        (["benchmarks.gsm8k.shots=0"], {"benchmarks": {"gsm8k": {"shots": 0}}}),
        (["gate.margin=2pp", "gate.aa=true"], {"gate": {"margin": "2pp", "aa": True}}),
        (["model.dtype=bfloat16"], {"model": {"dtype": "bfloat16"}}),
        (["models.q.timeout=3", 'models."qwen2.5".timeout=4'], {"models": {"q": {"timeout": 3}, "qwen2.5": {"timeout": 4}}}),
        (['gate.min_score."mmlu:STEM"=0.6'], {"gate": {"min_score": {"mmlu:STEM": 0.6}}}),
        (['x.filters=["strip", {"regex": "a=b"}]'], {"benchmarks": {"x": {"filters": ["strip", {"regex": "a=b"}]}}}),
        (["run.seed=1", "run.seed=2"], {"run": {"seed": 2}}),
        ({"gsm8k.shots": 0, "run": {"seed": 2}}, {"benchmarks": {"gsm8k": {"shots": 0}}, "run": {"seed": 2}}),
    ],
    ids=str,
)  # fmt: skip
def test_it_is_read_as_the_file_would_say_it(given: Any, tables: dict[str, Any]) -> None:
    assert read_set("--eval-set", given) == tables


def test_it_goes_over_file_named_run_and_flag(project: pytest.Pytester, faulty: FaultyServer) -> None:
    add_settings(
        project, "[run]\nlimit = 6\nsystem = 'Run.'\n[runs.pr]\nlimit = 4\n[benchmarks.answers]\nsystem = 'S.'"
    )

    run(project, "--model", "faulty", "test_answers.py", "--eval-run", "pr", "--eval-set", "run.limit=2")
    asked = len(faulty.asked)
    run(project, "--model", "faulty", "test_answers.py", "--eval-system", "Flag.", "--eval-set", "answers.system=Set.")

    assert asked == 2
    assert systems(faulty) == {"Run.", "Set."}


@pytest.mark.parametrize("key", ["run.generation.temperature", "model.generation.temperature"])
def test_it_says_one_key_of_a_table_and_leaves_the_others(
    project: pytest.Pytester, faulty: FaultyServer, key: str
) -> None:
    add_settings(project, "[run]\ngeneration = { temperature = 1, top_p = 0.9 }")

    run(project, "--model", "faulty", "test_answers.py", "--eval-limit", "1", "--eval-set", f"{key}=0.6")

    assert {name: faulty.asked[0][name] for name in ("temperature", "top_p")} == {"temperature": 0.6, "top_p": 0.9}


def test_a_models_own_goes_over_that_of_every_model() -> None:
    said = read_set("--eval-set", ["model.timeout=3", "model.retries=1", "models.b.timeout=4"])
    aliases = {name: ModelSpec(name, "openai", name, base_url="http://x/v1") for name in "ab"}

    specs = [resolve(name, aliases, {}, said) for name in "ab"]

    assert [(spec.timeout, spec.retries) for spec in specs] == [(3, 1), (4, 1)]


def test_what_is_no_key_of_a_models_table_is_one_of_its_args() -> None:
    said = read_set("--eval-set", ["model.batch_size=8", "model.args.dtype=bfloat16"])

    assert resolve("tiny", {}, {}, said).args == {"dtype": "bfloat16", "batch_size": 8}


def test_workers_have_it_too(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "-n", "2", "--model", "faulty", "test_answers.py", "--eval-set", "answers.system=Brief.")

    assert len(faulty.asked) == 10
    assert systems(faulty) == {"Brief."}


def test_it_is_pinned_like_a_setting_of_the_file(project: pytest.Pytester, faulty: FaultyServer) -> None:
    gate = ["--eval-baseline", "b.json", "test_answers.py"]
    run(project, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")

    result = run(project, "--model", "faulty", "--eval-set", "answers.system=Brief.", *gate)
    waived = run(project, "--model", "faulty", "--eval-set", "answers.system=Brief.", "--eval-set", "gate.waive=prompt,data", *gate)  # fmt: skip

    result.stderr.fnmatch_lines(["ERROR: answers: the baseline's prompt was *"])
    assert "ERROR" not in waived.stderr.str()


@pytest.mark.usefixtures("whatever_machine")
def test_a_load_may_be_said_so_too(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(
        project, "--model", "faulty", "--eval-set", "run.perf_parallel=1", "--perf-number", "2", "--perf-prompt", "Hi"
    )

    assert "load test of faulty" in result.stdout.str()
    result.assert_outcomes(passed=1)


def test_roles_are_said_as_in_their_table(project: pytest.Pytester, faulty: FaultyServer) -> None:
    add_settings(project, '[roles]\njudge = "tiny"\nuser = "tiny"')
    options = ["--eval-set", "roles.judge=faulty", "--eval-set", "models.tiny.retries=0", "--eval-write", "o.json"]

    result = run(project, "--model", "faulty", *options, "test_answers.py")

    result.assert_outcomes(passed=10)
    result.stdout.fnmatch_lines(["*judge=faulty*"])


def test_evaluate_takes_a_mapping(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = evaluate("faulty", flags=["test_answers.py"], set={"answers.system": "Brief.", "run.limit": 2})

    assert len(done.samples) == 2
    assert systems(faulty) == {"Brief."}


def test_a_least_score_is_laid_over_those_of_the_file(project: pytest.Pytester, faulty: FaultyServer) -> None:
    add_settings(project, "[gate]\nmin_score = { answers = 0.1, 'answers:hard' = 0.2 }")

    result = run(project, "--model", "faulty", "--eval-set", "gate.min_score.answers=99%", "test_answers.py")

    result.stdout.fnmatch_lines(["answers *at least 0.99 is asked*", "answers:hard *at least 0.2 is asked*"])


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (["gsm8k"], "--eval-set takes TABLE.KEY=VALUE, such as gsm8k.shots=0 or run.limit=20: 'gsm8k'"),
        (["shots=0"], "--eval-set takes TABLE.KEY=VALUE, such as gsm8k.shots=0 or run.limit=20, and 'shots' is no key of a table"),
        ([".shots=0"], "--eval-set takes TABLE.KEY=VALUE, such as gsm8k.shots=0 or run.limit=20, and '.shots' is no key of a table"),
        (["models.timeout=0"], "--eval-set takes TABLE.KEY=VALUE, such as gsm8k.shots=0 or run.limit=20, and 'models.timeout' *"),
        (["runs.pr.limit=0"], "--eval-set runs.pr.limit: a key of this run is said as run.limit, or gate.limit"),
        (["run.seed=1", "run.seed.x=1"], "--eval-set run.seed.x: seed has been given a value, and is no table"),
        (["answrs.shots=0"], "unknown table in --eval-set: 'answrs'; did you mean 'answers'?"),
        (["gat.margin=2pp"], "unknown table in --eval-set: 'gat'; did you mean 'gate'?"),
        (["wikitext.shots=0"], "there is no benchmark 'wikitext' here yet: *"),
        (["answers.shotz=0"], "unknown key in --eval-set answers: 'shotz'; did you mean 'shots'? *"),
        (["answers.shots=many"], "--eval-set answers: shots is a whole number, not 'many'"),
        (["answers.shots=-1"], "--eval-set answers: shots is a whole number of at least 0, not -1"),
        (["run.limti=3"], "unknown key in --eval-set run: 'limti'; did you mean 'limit'?"),
        (["run.limit=0"], "--eval-set run.limit takes a whole number of at least 1, not '0'"),
        (["run.limit.x=1"], "--eval-set run.limit takes a whole number of at least 1, not *"),
        (["run.set=x"], "unknown key in --eval-set run: 'set'*"),
        (["roles.juge=faulty"], "unknown role in --eval-set roles: 'juge'; did you mean 'judge'? *"),
        (["run.margin=2pp"], "--eval-set run.margin belongs into [[]gate]"),
        (["gate.margin=2"], "--eval-set gate.margin takes percentage points or a share of the samples: 2pp or 0.02, not '2'"),
        (["gate.aa=true"], "--eval-set gate.aa is about --eval-save-baseline FILE, which is missing"),
        (["gate.waive=data"], "--eval-set gate.waive is about --eval-baseline FILE, which is missing"),
        (["run.perf_number=3"], "--eval-set run.perf_number is about a load test, and this run has none: *"),
        (["model.timout=3"], "unknown key in --eval-set model: 'timout'; did you mean 'timeout'?*"),
        (["model.timeout=soon"], "--eval-set model: timeout is a number, not 'soon'"),
        (["model.dtype=bfloat16"], "--eval-set model: args are for a model in this process; *"),
        (["model.temperature=0"], "--eval-set model.temperature is a generation setting: say --eval-set model.generation.temperature"),
        (["model.generation.temprature=0"], "unknown generation setting of model 'faulty': 'temprature'; did you mean 'temperature'?*"),
        (["model.generation.temperature=0,7"], "generation of model 'faulty': temperature is a number, not '0,7'"),
        (["models.idle.timeout=3"], "--eval-set models.idle: this run asks faulty, not 'idle'"),
        (["models.fauly.timeout=3"], "unknown model in --eval-set models: 'fauly'; did you mean 'faulty'? *"),
        (["model.api_key=sk-1"], "--eval-set model: keys do not belong in a file; *"),
        (["model.headers.X-Key=sk-1"], "--eval-set model.headers: that stands in [[]models.NAME] of modeleval.toml alone"),
        (["model.base_url=http://a:sk-1@x"], "--eval-set model.base_url: that stands in *"),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)  # fmt: skip
def test_a_slip_is_one_line(project: pytest.Pytester, faulty: FaultyServer, said: Sequence[str], answer: str) -> None:
    alias(project, "idle", base_url=faulty.url, model="idle")
    flags = [part for text in said for part in ("--eval-set", text)]

    result = run(project, "--model", "faulty", "test_answers.py", *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {answer}"])
    assert "sk-1" not in result.stderr.str() + result.stdout.str()
    assert faulty.asked == []


def test_what_a_flag_says_already_is_refused(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "--eval-limit", "2", "--eval-set", "run.limit=3", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: --eval-limit and --eval-set run.limit say the same: give one of them"])


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("gsm8k.shots=0", "--eval-set gsm8k is about a benchmark, and this is a load test"),
        ("modle.timeout=3", "--eval-set modle is about a benchmark, and this is a load test; did you mean 'model'?"),
        ("gate.margin=2pp", "--eval-set gate.margin is for benchmarks, and this is a load test: *"),
    ],
)
def test_what_no_load_test_heeds_is_refused(
    project: pytest.Pytester, faulty: FaultyServer, said: str, answer: str
) -> None:
    result = run(project, "--model", "faulty", "--perf-parallel", "1", "--eval-set", said)

    result.stderr.fnmatch_lines([f"ERROR: {answer}"])


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("--eval-aa", "--eval-aa is no flag any more: --eval-set gate.aa=true, or aa = … under [[]gate] of modeleval.toml"),
        ("--eval-choices=loglikelihood", "--eval-choices is no flag any more: --eval-set run.choices=HOW, or choices = … under [[]run] of *"),
        ("--eval-max_error_rate", "--eval-max-error-rate is no flag any more: --eval-set gate.max_error_rate=SHARE, *"),
        ("--eval-json", "--eval-json is no flag any more: --eval-write FILE.json"),
        ("--eval-choice", "unknown flag --eval-choice; did you mean --eval-choices? It is no flag any more: --eval-set run.*"),
        ("--modle", "unknown flag --modle; did you mean --model?"),
        ("--mdoel", "unknown flag --mdoel; did you mean --model?"),
        ("--eval-limits", "unknown flag --eval-limits; did you mean --eval-limit?"),
        ("--eval_limit", "unknown flag --eval_limit; did you mean --eval-limit?"),
        ("--limit", "unknown flag --limit; did you mean --eval-limit?"),
        ("--eval-stop_early", "unknown flag --eval-stop_early; did you mean --eval-stop-early?"),
        ("--pref-parallel", "unknown flag --pref-parallel; did you mean --perf-parallel?"),
        ("--temperature", "unknown flag --temperature; did you mean --eval-generation temperature=…?"),
        ("--eval-temperature=0", "unknown flag --eval-temperature; did you mean --eval-generation temperature=…?"),
    ],
)  # fmt: skip
def test_a_flag_that_is_none_is_told_what_is(project: pytest.Pytester, typed: str, answer: str) -> None:
    result = run(project, typed)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {answer}"])
