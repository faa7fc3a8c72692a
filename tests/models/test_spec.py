"""What `--model` names."""

import ast
from datetime import date
from pathlib import Path

import pytest

import pytest_modeleval
from pytest_modeleval.models.spec import ModelSpec, read_aliases, resolve
from pytest_modeleval.options.config import read_config


@pytest.mark.parametrize(
    ("name", "api", "model"),
    [
        ("openai:gpt-5", "openai", "gpt-5"),
        ("Qwen/Qwen3-0.6B", "transformers", "Qwen/Qwen3-0.6B"),
    ],
)
def test_a_name_tells_how_to_reach_it(name: str, api: str, model: str) -> None:
    spec = resolve(name, {}, {})

    assert (spec.name, spec.api, spec.model) == (name, api, model)


def test_the_bundled_model_has_room_for_its_longest_answer_and_no_more() -> None:
    assert resolve("tiny", {}, {}).generation == {"max_tokens": 32}


def test_a_folder_is_a_model_in_this_process(tmp_path: Path) -> None:
    assert resolve(str(tmp_path), {}, {}).api == "transformers"


def test_an_alias_goes_before_everything_else(tmp_path: Path) -> None:
    (tmp_path / "modeleval.toml").write_text("[models.tiny]\nmodel = 'x'\nbase_url = 'http://y'\n")

    spec = resolve("tiny", read_aliases(read_config(tmp_path)["models"]), {})

    assert (spec.api, spec.model, spec.base_url) == ("openai", "x", "http://y/v1")


def test_pyproject_holds_aliases_too(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.modeleval.models.m]\nmodel = 'x'\n")

    assert read_aliases(read_config(tmp_path)["models"])["m"].api == "transformers"


def test_a_setting_is_laid_over_the_aliass_own_table_by_table() -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": True, "other": 1}}
    own = ModelSpec("m", "openai", "m", generation={"temperature": 1, "extra_body": extra})

    spec = resolve("m", {"m": own}, {"extra_body": {"chat_template_kwargs": {"enable_thinking": False}}})

    assert spec.generation == {
        "temperature": 1,
        "extra_body": {"chat_template_kwargs": {"enable_thinking": False, "other": 1}},
    }


@pytest.mark.parametrize(
    ("below", "above", "laid"),
    [
        ({"max_completion_tokens": 9}, {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ({"max_tokens": 9}, {"max_completion_tokens": 5}, {"max_completion_tokens": 5}),
        ({"max_tokens": 9}, {"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 9}, {"seed": 5}, {"max_completion_tokens": 9, "seed": 5}),
        (
            {"extra_body": {"max_completion_tokens": 9, "x": 1}},
            {"max_tokens": 5},
            {"extra_body": {"x": 1}, "max_completion_tokens": 5},
        ),
    ],
)
def test_the_most_tokens_have_one_name(
    below: dict[str, object], above: dict[str, object], laid: dict[str, object]
) -> None:
    own = ModelSpec("m", "openai", "m", generation=below)

    assert resolve("m", {"m": own}, above).generation == laid
    assert resolve("m", {"m": own}, {}, {"model": {"generation": above}}).generation == laid


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": float("nan")}, "it is sent as JSON: Out of range float values .*"),
        ({"extra_body": {"min_p": float("inf")}}, "it is sent as JSON: Out of range float values .*"),
        ({"extra_body": {"since": date(2026, 1, 1)}}, "it is sent as JSON: Object of type date is not .*"),
        ({"temperature": "hot"}, "temperature is a number, not 'hot'"),
        ({"max_tokens": True}, "max_tokens is a number, not True"),
        ({"max_tokens": 0}, "max_tokens is at least 1, not 0"),
        ({"temperature": -1}, "temperature is at least 0, not -1"),
        ({"temperature": None}, "temperature is at least 0, not None"),
        ({"stop": 3}, "stop is a text or a list of texts, not 3"),
        ({"stop": ["a", 3]}, r"stop is a text or a list of texts, not \['a', 3\]"),
        ({"extra_body": 3}, "extra_body is a table, not 3"),
        ({"temperature": "0,7"}, "temperature is a number, not '0,7'"),
        ({"ignore_eos": "yes"}, "ignore_eos is true or false, not 'yes'"),
        ({"extra_body": {"top_k": "5"}}, "top_k is a number, not '5'"),
        ({"chat_template_kwargs": "thinking"}, "chat_template_kwargs is a table, not 'thinking'"),
    ],
)
def test_a_setting_that_a_model_in_this_process_cannot_take_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(pytest.UsageError, match=f"generation of model 'tiny': {said}$"):
        resolve("tiny", {}, settings)


@pytest.mark.parametrize("settings", [{"max_tokens": -1}, {"temperature": None}, {"stop": None}, {"stop": []}])
def test_a_server_may_take_what_a_model_in_this_process_does_not(settings: dict[str, object]) -> None:
    assert resolve("openai:m", {}, settings).generation == settings


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("temprature", "temperature"),
        ("Temperature", "temperature"),
        ("max-tokens", "max_tokens"),
        ("max_token", "max_tokens"),
        ("top-p", "top_p"),
        ("presense_penalty", "presence_penalty"),
        ("guided-json", "guided_json"),
    ],
)
def test_a_misspelt_setting_is_named(typed: str, meant: str) -> None:
    with pytest.raises(pytest.UsageError, match=f"'openai:m': '{typed}'; did you mean '{meant}'[?]$"):
        resolve("openai:m", {}, {typed: 1})


@pytest.mark.parametrize(
    "settings",
    [
        {"top_k": 20, "min_p": 0.1, "guided_json": {}, "chat_template_kwargs": {"enable_thinking": False}},
        {"repeat_penalty": 1.1, "mirostat": 2, "typical_p": 1, "n_predict": 5, "cache_prompt": True},
        {"stop_token_ids": [1], "ignore_eos": True, "best_of": 2, "structured_outputs": {"regex": "a"}},
        {"ebnf": "root", "sampling_seed": 1, "enable_thinking": True, "thinking_budget": 100, "enable_search": True},
        {"provider": {"order": ["x"]}, "reasoning": {"effort": "low"}, "transforms": [], "plugins": []},
        {"extra_body": {"temprature": 1}},
    ],
    ids=["vllm", "llama.cpp", "vllm more", "sglang and dashscope", "openrouter", "what looks like a slip"],
)
def test_what_servers_know_besides_is_sent(settings: dict[str, object]) -> None:
    assert resolve("openai:m", {}, settings).generation == settings


def test_settings_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "modeleval.toml").write_text("\ufeff[models.m]\nmodel = 'x'\n", "utf-8")

    assert read_aliases(read_config(tmp_path)["models"])["m"].model == "x"


def test_what_an_api_is_like_is_told_in_one_place() -> None:
    """No other module compares the names of apis."""
    for path in Path(pytest_modeleval.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            compared += [node.subject] if isinstance(node, ast.Match) else []
            names = [each.attr for each in compared if isinstance(each, ast.Attribute)]
            assert "api" not in names, f"{path}:{getattr(node, 'lineno', 0)}"


def test_an_endpoint_is_the_models_own_the_environments_or_openais(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = [ModelSpec("m", "openai", "m"), ModelSpec("m", "openai", "m", base_url="http://x/v1")]
    assert [spec.endpoint for spec in specs] == ["https://api.openai.com/v1", "http://x/v1"]

    monkeypatch.setenv("OPENAI_BASE_URL", "http://y/v1")

    assert [spec.endpoint for spec in specs] == ["http://y/v1", "http://x/v1"]
    assert [ModelSpec("m", api, "m").endpoint for api in ("transformers", "replay", "mine")] == ["", "", ""]
