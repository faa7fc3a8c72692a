"""What a benchmark's test takes as arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_modeleval.items.declare import Rule
    from pytest_modeleval.perf.measured import Measured
    from pytest_modeleval.perf.speed import Speed
    from pytest_modeleval.perf.verdict.search import Found, Knee
    from pytest_modeleval.run.in_turn import InTurn
    from pytest_modeleval.sample import Completion, Model, Sample, SyncModel
    from pytest_modeleval.sandbox.program import Sandbox, SyncSandbox


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> Sample:
    """The question this item asks, with its target."""
    from pytest_modeleval.asking.trial import TRIAL, Trial
    from pytest_modeleval.sample import NotAsked, SampleError

    trial = request.node.stash.get(TRIAL, None)
    if trial is None:
        # An async body that starts in its own turn.
        ref = request.param
        trial = request.node.stash[TRIAL] = Trial(ref.source.sample(ref.subset, ref.row))
    if isinstance(trial, NotAsked):
        pytest.skip(str(trial))
    if isinstance(trial, SampleError):
        raise trial
    return trial.sample  # type: ignore[no-any-return]


@pytest.fixture
def completion(request: pytest.FixtureRequest, sample: Sample) -> Completion:  # noqa: ARG001 - parametrized by it
    """The model's answer to the sample's prompt."""
    from pytest_modeleval.asking.trial import TRIAL

    trial = request.node.stash[TRIAL]
    # An async body that starts in its own turn has asked nothing yet.
    if not trial.answers:
        return _asking(request).ask_prompt(request.node, trial)
    return trial.answers[0].completion  # type: ignore[no-any-return]


@pytest.fixture
def rule(request: pytest.FixtureRequest, sample: Sample) -> Rule:  # noqa: ARG001 - parametrized by it
    """The scorer that the user chose of the benchmark's ``rules``."""
    return request.node.callspec.params["sample"].source.scorer  # type: ignore[no-any-return]


@pytest.fixture
def settings(request: pytest.FixtureRequest, sample: Sample) -> Mapping[str, Any]:  # noqa: ARG001 - parametrized by it
    """What holds of the benchmark's own settings, by name."""
    return request.node.callspec.params["sample"].source.settings.own  # type: ignore[no-any-return]


@pytest.fixture
def model(request: pytest.FixtureRequest) -> Model | SyncModel:
    """The model under evaluation, in any test: ``model.complete(messages)``, with ``await`` in an async one."""
    from pytest_modeleval.items.collect import selected

    asking = _asking(request)
    if (ref := selected(request.node)) is not None:
        # Its answers are the sample's.
        request.getfixturevalue("sample")
        return asking.model_for(request.node, ref.model.name)
    return asking.model_for(request.node, getattr(request, "param", None))


def _role(name: str) -> Any:
    def in_a_role(request: pytest.FixtureRequest) -> Model | SyncModel | Sequence[Model | SyncModel]:
        """A model in this role, in any test, as ``model`` is the one under evaluation: ``--model judge=NAME``."""
        from pytest_modeleval.items.collect import selected

        if selected(request.node) is not None:
            request.getfixturevalue("sample")
        return _asking(request).role_for(request.node, name)  # type: ignore[no-any-return]

    return pytest.fixture(in_a_role, name=name)


judge, judges, user, reranker, embedder = map(_role, ("judge", "judges", "user", "reranker", "embedder"))


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Sandbox | SyncSandbox:
    """Where programs run, in any test: ``sandbox.run(Program(code))``, with ``await`` in an async one."""
    return _asking(request).sandbox_for(request.node)


@pytest.fixture
def load(request: pytest.FixtureRequest) -> Measured:
    """What one load of this test measured: ``load["p99_ttft"]``, ``load.figures``, ``load.verdicts``."""
    return _measured(request)  # type: ignore[no-any-return]


@pytest.fixture
def perf_search(request: pytest.FixtureRequest) -> Found | Knee:
    """What the search of this test found: ``perf_search.best``, and how sure that is."""
    return _measured(request)  # type: ignore[no-any-return]


@pytest.fixture
def perf_speed(request: pytest.FixtureRequest) -> Speed:
    """How fast the model is in this process, at one length of the prompt."""
    return _measured(request)  # type: ignore[no-any-return]


def _asking(request: pytest.FixtureRequest) -> InTurn:
    active = request.config.pluginmanager.get_plugin("modeleval-active")
    if active is None:
        pytest.skip("no model: give --model NAME")
    return active.evaluation.in_turn  # type: ignore[no-any-return]


def _measured(request: pytest.FixtureRequest) -> Any:
    if not hasattr(request, "param"):
        raise pytest.UsageError(f"{request.node.nodeid}: the fixture {request.fixturename!r} is for tests marked perf")
    from pytest_modeleval.perf.run.hooks import register

    return register(request.config).measure(request)
