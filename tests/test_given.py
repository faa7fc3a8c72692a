"""What tests are given by name: sample, prompt's answer and model, in sync and async bodies and ordinary tests."""

from pathlib import Path

import pytest

from pytest_modeleval.asking.asker import Answer
from pytest_modeleval.asking.trial import Trial
from pytest_modeleval.sample import Completion, Sample
from tests.conftest import FaultyServer, answer, run, run_alone

SAMPLES = """
import pytest
from pytest_modeleval import Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 2})
OTHER = [{"role": "user", "content": "and then?"}]
"""


def asked_by(faulty: FaultyServer) -> list[str]:
    return sorted(body["messages"][-1]["content"] for body in faulty.asked)


@pytest.mark.parametrize("extra", ["", "tmp_path, "], ids=["ahead of its turn", "in its turn"])
@pytest.mark.parametrize(
    ("definition", "await_"), [("def", ""), ("async def", "await ")], ids=["a sync body", "an async body"]
)
def test_a_body_is_given_the_prompts_answer_and_the_model(
    project: pytest.Pytester, faulty: FaultyServer, definition: str, await_: str, extra: str
) -> None:
    body = f"""
@benchmark(ROWS, lambda row: Sample(f"say {{row['n']}}", "42"))
{definition} test_both({extra}sample, completion, model):
    assert completion.text == sample.target == "42"
    assert model.name == "faulty"
    assert ({await_}model.complete(OTHER)).text == "42"
"""
    project.makepyfile(test_both=SAMPLES + body)
    faulty.fault = answer("42")

    result = run(project, "--model", "faulty", "test_both.py")

    result.assert_outcomes(passed=2)
    assert asked_by(faulty) == ["and then?", "say 0", "say 1"] or asked_by(faulty) == ["and then?"] * 2 + [
        "say 0",
        "say 1",
    ]
    result.stdout.fnmatch_lines(["answers: * new, *"])


def test_a_body_that_takes_the_model_alone_has_nothing_asked_before(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    body = """
@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
def test_alone(sample, model):
    assert model.complete(f"shout {sample.prompt}").text == "42"
"""
    project.makepyfile(test_alone=SAMPLES + body)
    faulty.fault = answer("42")

    result = run(project, "--model", "faulty", "test_alone.py")

    result.assert_outcomes(passed=2)
    assert asked_by(faulty) == ["shout say 0", "shout say 1"]
    result.stdout.fnmatch_lines(["faulty * alone * 2 * 0 * 1.000 *", "answers: 2 new, none stored"])


def test_the_prompt_asked_again_is_answered_again(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = """
@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
def test_again(sample, completion, model):
    assert model.complete(sample.messages).text == "42"
"""
    project.makepyfile(test_again=SAMPLES + body)
    faulty.fault = answer("42")

    result = run(project, "--model", "faulty", "test_again.py")

    result.assert_outcomes(passed=2)
    assert asked_by(faulty) == ["say 0", "say 0", "say 1", "say 1"]


def test_a_rule_does_not_keep_a_body_from_starting_early(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = """
import asyncio
from pytest_modeleval.scorers.numbers import same_number
waiting = 0

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"), rules={"own": same_number})
async def test_ruled(sample, completion, rule):
    global waiting
    waiting += 1
    while waiting < 2:
        await asyncio.sleep(0.01)
    assert rule(completion, sample.target)
"""
    project.makepyfile(test_ruled=SAMPLES + body)
    faulty.fault = answer("42")

    result = run(project, "--model", "faulty", "test_ruled.py")

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(("mark", "plugin"), [("anyio", "anyio"), ("asyncio", "pytest_asyncio.plugin")])
def test_an_ordinary_test_asks_the_model(
    project: pytest.Pytester, faulty: FaultyServer, mark: str, plugin: str
) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.fixture
        def agent(model):
            return lambda text: model.complete(text, temperature=0).text

        def test_sync(model):
            assert model.complete("well?").text == "42"

        def test_through_a_fixture(agent):
            assert agent("so?") == "42"

        @pytest.mark.{mark}
        async def test_async(model):
            assert (await model.complete("and?")).text == "42"
        """
    )
    faulty.fault = answer("42")

    result = run_alone(project, "-p", plugin, "--model", "faulty", "test_an_ordinary_test_asks_the_model.py")

    result.assert_outcomes(passed=3)
    assert asked_by(faulty) == ["and?", "so?", "well?"]


def test_an_ordinary_test_runs_for_each_model_and_not_without(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(
        test_each="""
        def test_each(model):
            assert model.complete(model.name).text == "42"
        """
    )
    aliases = project.path / "modeleval.toml"
    aliases.write_text(aliases.read_text() + aliases.read_text().replace("[models.faulty]", "[models.other]"))
    faulty.fault = answer("42")

    both = run(project, "--model", "faulty", "--model", "other", "-v", "test_each.py")
    none = run(project, "-rs", "test_each.py")

    both.assert_outcomes(passed=2)
    both.stdout.fnmatch_lines(["*test_each[[]faulty]*", "*test_each[[]other]*"])
    assert asked_by(faulty) == ["faulty", "other"]
    none.assert_outcomes(skipped=1)
    none.stdout.fnmatch_lines(["*no model: give --model NAME"])


def test_a_fixture_of_ones_own_of_the_name_model_stays_it(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = """
@pytest.fixture
def model():
    return "mine"

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_mine(sample, completion, model):
    assert (model, completion.text) == ("mine", "42")

def test_ordinary(model):
    assert model == "mine"
"""
    project.makepyfile(test_mine=SAMPLES + body)
    faulty.fault = answer("42")

    result = run(project, "--model", "faulty", "test_mine.py")

    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("messages", ["3", "['say']", "{'role': 'user', 'content': 'say'}", "None"])
def test_what_are_no_messages_is_never_sent(project: pytest.Pytester, faulty: FaultyServer, messages: str) -> None:
    project.makepyfile(test_wrong=f"def test_wrong(model): model.complete({messages})")

    result = run(project, "--model", "faulty", "test_wrong.py")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *TypeError: messages are a list such as *, not *"])
    assert faulty.asked == []


def test_a_server_that_is_not_there_fails_an_ordinary_test_in_one_line(project: pytest.Pytester) -> None:
    (project.path / "modeleval.toml").write_text(
        '[models.gone]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "gone"\nretries = 0\n'
    )
    project.makepyfile(
        test_gone="""
        def test_gone(model):
            model.complete("well?")
        """
    )

    result = run(project, "--model", "gone", "test_gone.py")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">*model.complete(*", "E *StopRun: gone: nothing answers at http://127.0.0.1:9/v1/*"])
    result.stdout.no_fnmatch_line("*engine.py*")


def test_annotated_bodies_run_as_they_stand(project: pytest.Pytester, faulty: FaultyServer) -> None:
    # mypy reads that file too (`tox -e tests`).
    project.makepyfile(test_bodies=Path(__file__).with_name("bodies.py").read_text())
    faulty.fault = answer("42")

    result = run(project, "--model", "faulty", "test_bodies.py")

    result.assert_outcomes(passed=9)


def test_what_others_answer_is_not_the_models() -> None:
    own = Answer(Completion("42", prompt_tokens=3, completion_tokens=5, latency=0.5), "a" * 64, 1.0, 2.0)
    others = Answer(
        Completion("yes", "", "length", prompt_tokens=100, completion_tokens=1000, latency=9.0),
        "b" * 64, 0.5, 20.0, by="judge:strict",
    )  # fmt: skip
    trial = Trial(Sample("q", "42"), [own, others])

    assert trial.own == [own]
