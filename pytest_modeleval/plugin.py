"""The pytest hooks, each of which hands over; without a model only the first few exist."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_modeleval.fixtures import (  # noqa: F401 - pytest finds them here
    completion,
    embedder,
    judge,
    judges,
    load,
    model,
    perf_search,
    perf_speed,
    reranker,
    rule,
    sample,
    sandbox,
    settings,
    user,
)
from pytest_modeleval.options.flags import add_flags, know
from pytest_modeleval.options.options import FLAGS, MARK
from pytest_modeleval.options.sources import add_handed, is_active, refuse_ini_keys
from pytest_modeleval.perf.options.asked import PERF, fixture_of, is_asked
from pytest_modeleval.perf.options.options import FLAGS as PERF_FLAGS


def pytest_addoption(parser: pytest.Parser) -> None:
    add_flags(parser, FLAGS, "model evaluation: {}")
    add_flags(parser, PERF_FLAGS)
    add_handed(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_modeleval import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}: a benchmark, one item a sample (pytest-modeleval)")
    config.addinivalue_line("markers", f"{PERF}(parallel=…, slo=…): a load test, an item a load (pytest-modeleval)")
    if config.option.help:
        return
    know(config, PERF_FLAGS)
    refuse_ini_keys(config)
    if is_asked(config):
        from pytest_modeleval.perf.run.hooks import start

        start(config)
    elif is_active(config):
        from pytest_modeleval.run.hooks import ActiveHooks

        config.pluginmanager.register(ActiveHooks(config), "modeleval-active")
    elif config.option.modeleval_handed:
        raise pytest.UsageError('evaluate() needs a model: evaluate("qwen3"), or model = "qwen3" under [run]')
    elif typed := [argument for argument in config.invocation_params.args if argument.startswith(("--eval", "--perf"))]:
        from pytest_modeleval.run.typed import refuse_flags_without_model

        refuse_flags_without_model(typed, {flag.name for flag in (*FLAGS, *PERF_FLAGS)})


@pytest.hookimpl(tryfirst=True, specname="pytest_configure")
def pytest_configure_first(config: pytest.Config) -> None:
    # allure-pytest makes its folder when it is configured, and is no help where it cannot.
    folder = config.getoption("allure_report_dir", None)
    if folder and not config.option.help and is_active(config):
        from pytest_modeleval.run.typed import refuse_folder

        refuse_folder("--alluredir", folder)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    # To look takes milliseconds, which a start without our flags is spared.
    has_ours = any(argument.startswith(("--mo", "--e", "--pe", "--al")) for argument in args)
    if has_ours:
        from pytest_modeleval.options.rootdir import keep_root

        keep_root(early_config, parser, args, {flag.name for flag in (*FLAGS, *PERF_FLAGS)})
    result = yield
    # Conftests have added their flags by now. To parse takes half a millisecond, which a start without flags is spared.
    if any(argument.startswith("-") for argument in args):
        _, strange = parser.parse_known_and_unknown_args(args)
        # For pytest this is -m with odel behind it.
        strange += [argument for argument in args if argument.startswith("-model")]
        if strange:
            from pytest_modeleval.run.typed import refuse_flags

            refuse_flags(strange, (*FLAGS, *PERF_FLAGS))
    return result


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    active = session.config.pluginmanager.get_plugin("modeleval-active")
    try:
        result = yield
    except pytest.UsageError as error:
        from pytest_modeleval.run.typed import explained

        collector = active.evaluation.collector if active else None
        # Where data could not be made ready, the node ids below it are not found either.
        if collector and collector.error:
            raise collector.error from None
        sizes, ids = (collector.sizes, active.evaluation.ids) if active and collector else ({}, {})
        raise explained(error, session.config, sizes, ids) from None
    if not is_active(session.config) and session.config.option.keyword:
        from pytest_modeleval.run.typed import refuse_without_model

        refuse_without_model(session.config, session.items)
    return result


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if fixture := fixture_of(metafunc.definition):
        from pytest_modeleval.perf.run.hooks import parametrize

        parametrize(metafunc, fixture)
        return
    active = metafunc.config.pluginmanager.get_plugin("modeleval-active")
    if active is not None:
        active.parametrize(metafunc)
    elif metafunc.definition.get_closest_marker(MARK) and "sample" in metafunc.fixturenames:
        skip = pytest.mark.skip(reason="no model: give --model NAME")
        metafunc.parametrize("sample", [pytest.param(None, id="no-model", marks=skip)], indirect=True)
