"""How models used their thoughts, out of runs: with recorded answers, a server's, and the bundled tokenizer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tokenizers import Tokenizer

import pytest_modeleval.reports
from pytest_modeleval.models.counting import text_counter
from pytest_modeleval.models.spec import TINY, ModelSpec
from tests.conftest import FaultyServer, add_settings, alias, modeleval, run, run_alone, send

SUMS = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}: what is 6 * 7?"}, {"easy": 3, "hard": 2})

@benchmark(ROWS, lambda row: Sample(row["q"], "42", axes={"parity": row["q"].split()[1].rstrip(":")}))
def test_sums(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
"""
# Four words each but for the last: found in the first, second, and not.
AT_ONCE = "6 * 7 = 42\n\nBut wait, check it.\n\nAlternatively, count them."
LATER = "Let me think now.\n\nSo it is 42.\n\nAnother way: sevens."
NEVER = "Let me think now.\n\nThat is 41."


def record(project: pytest.Pytester, name: str, *answers: dict[str, Any]) -> str:
    """A file of answers to the samples in order, as a model."""
    names = ["easy-00000", "easy-00001", "easy-00002", "hard-00000", "hard-00001"]
    rows = [{"id": f"sums[{sample}]", "text": "42", **answer} for sample, answer in zip(names, answers, strict=False)]
    (project.path / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    alias(project, name, api="replay", model=f"{name}.jsonl")
    return name


def thinks(text: str, answer: str = "42", **more: Any) -> dict[str, Any]:
    return {"thinking": text, "text": answer, **more}


ANSWERED = (thinks(AT_ONCE), thinks(LATER), thinks(NEVER, "41"), thinks(LATER, "41"), thinks(LATER))


@pytest.fixture
def sums(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a benchmark of two levels."""
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_sums=SUMS)
    return pytester


def written(project: pytest.Pytester, *names: str, flags: Sequence[str] = ()) -> dict[str, Any]:
    models = [argument for name in names for argument in ("--model", name)]
    asked = (*models, "--eval-set", "run.thinking=on", "--eval-write", "out.json", "test_sums.py", *flags)
    # A tokenizer brings torch, which cannot be imported twice.
    result = (run_alone if "tokenizer" in (project.path / "modeleval.toml").read_text() else run)(project, *asked)
    found: dict[str, Any] = json.loads((project.path / "out.json").read_text())
    schema = json.loads((Path(pytest_modeleval.reports.__file__).parent / "results.schema.json").read_text())
    jsonschema.validate(found, schema)
    assert result.ret in (0, 1)
    thinking: dict[str, Any] = found["thinking"]
    return thinking


def test_a_plain_run_says_that_there_are_thoughts_and_what_measures_them(sums: pytest.Pytester) -> None:
    result = run(sums, "--model", record(sums, "one", *ANSWERED), "test_sums.py")

    result.stdout.fnmatch_lines(["the answers of one have thoughts: modeleval thinking * measures them"])
    result.stdout.no_fnmatch_line("*Thinking: sums*")
    off = run(sums, "--model", "one", "--eval-set", "run.thinking=off", "test_sums.py")
    off.stdout.no_fnmatch_line("the answers of*")


def test_a_run_without_thoughts_says_nothing(sums: pytest.Pytester) -> None:
    result = run(sums, "--model", record(sums, "one", *[{}] * 5), "--eval-set", "run.thinking=on", "test_sums.py")

    result.stdout.no_fnmatch_line("Thinking:*")
    result.stdout.fnmatch_lines(["no answer in the store has a thought"])
    found = modeleval("thinking", "last")
    assert found.ret == 2
    assert "no answer of run" in found.errlines[0]


def test_it_is_told_by_benchmark_measure_level_and_model(sums: pytest.Pytester) -> None:
    names = [record(sums, name, *ANSWERED) for name in ("one", "two")]

    found = written(sums, *names)

    measures = found["measures"]["sums"]
    assert list(measures["token_efficiency"]) == ["all", "easy", "hard"]
    assert list(measures["token_efficiency"]["all"]) == names
    shares = [len("6 * 7 = 42") / len(AT_ONCE), 0.0, *[LATER.index("\n\nAnother") / len(LATER)] * 3]
    assert measures["token_efficiency"]["all"]["two"]["value"] == pytest.approx(sum(shares) / 5)
    assert measures["token_efficiency"]["easy"]["two"]["samples"] == 3
    # No count of tokens is known.
    assert "reasoning_tokens" not in measures
    assert measures["thought_num"]["all"]["one"]["value"] == pytest.approx((2 + 1 + 0 + 1 + 1) / 5)
    assert measures["accuracy"]["all"]["one"]["value"] == pytest.approx(3 / 5)
    # Of two wrong ones: the first thought of the one was right, the other's none.
    share = LATER.index("\n\nAnother") / len(LATER)
    assert measures["underthinking"]["all"]["one"]["value"] == pytest.approx((1 - share) / 2)
    assert found["answers"][0] | {"cut_off_tokens": 0} == {
        "model": "one",
        "benchmark": "sums",
        "level": "all",
        "measured": 5,
        "not_measured": {},
        "cut_off_tokens": 0,
        "first_right_by": {"rule": 4},
        "right_without": 0,
        "judge_errors": 0,
        "without_solutions": 0,
    }


def test_a_tokenizer_of_the_alias_counts(sums: pytest.Pytester) -> None:
    record(sums, "one", *ANSWERED)
    (sums.path / "modeleval.toml").write_text(
        f'[models.one]\napi = "replay"\nmodel = "one.jsonl"\ntokenizer = "{TINY}"\n'
    )
    tokenizer = Tokenizer.from_file(str(TINY / "tokenizer.json"))

    def counter(text: str, ends: Sequence[int]) -> list[int]:
        starts = [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]
        return [sum(start < end for start in starts) for end in ends]

    ends = [len(text) for text in (AT_ONCE, LATER, NEVER, LATER, LATER)]
    tokens = [counter(text, [end])[0] for text, end in zip((AT_ONCE, LATER, NEVER, LATER, LATER), ends, strict=True)]

    found = written(sums, "one")

    measures = found["measures"]["sums"]
    assert found["tokens"] == {"one": "by the model's own tokenizer"}
    assert measures["reasoning_tokens"]["all"]["one"]["value"] == pytest.approx(sum(tokens) / 5)
    first = counter(AT_ONCE, [len("6 * 7 = 42")])[0]
    later = counter(LATER, [LATER.index("\n\nAnother")])[0]
    assert 0 < first < later < tokens[1]
    assert measures["first_correct_tokens"]["all"]["one"]["value"] == pytest.approx((first + 3 * later) / 5)


def test_a_tokenizer_without_places_counts_beginnings(tmp_path: Path) -> None:
    pytest.importorskip("transformers").ByT5Tokenizer().save_pretrained(tmp_path)

    counter = text_counter(ModelSpec("one", "openai", "qwen3", tokenizer=str(tmp_path)))

    assert counter is not None
    # Its tokens are bytes.
    assert counter("é = 42 now", [10, 6, 0]) == [11, 7, 0]


def test_levels_are_groups_where_there_are_several(sums: pytest.Pytester) -> None:
    grouped = '{"easy": 3, "hard": 2}, groups={"easy": "near", "hard": "far"}'
    sums.makepyfile(test_sums=SUMS.replace('{"easy": 3, "hard": 2}', grouped))
    run(sums, "--model", record(sums, "one", *ANSWERED), "test_sums.py")

    modeleval("thinking", "last").stdout.fnmatch_lines(["all * 5 *", "far * 2 *", "near * 3 *"])
    modeleval("thinking", "last", "--by", "subset").stdout.fnmatch_lines(["all * 5 *", "easy * 3 *", "hard * 2 *"])


def test_protected_questions_have_no_thoughts_to_show(sums: pytest.Pytester) -> None:
    sums.makepyfile(test_sums=SUMS.replace('(":")}))', '(":")}), protected=True)'))
    result = run(sums, "--model", record(sums, "one", *ANSWERED), "--eval-set", "run.thinking=on", "test_sums.py")

    result.stdout.fnmatch_lines(["no answer in the store has a thought"])


def test_a_hostile_thought_is_counted_and_shown_as_text(sums: pytest.Pytester) -> None:
    hostile = "<script>\x1b[2J\ud800</script>\n\n6 * 7 = 42\n\n<|im_end|>"
    record(sums, "one", *[thinks(hostile)] * 5)
    add_settings(sums, f'tokenizer = "{TINY}"')

    flags = ("--eval-set", "run.thinking=on", "--eval-write", "out.html")
    result = run_alone(sums, "--model", "one", *flags, "test_sums.py")

    result.stdout.fnmatch_lines(["sums, one: 5 of 5 thoughts measured; the right answer stands in 5, found by rule"])
    result.stdout.no_fnmatch_line("*\x1b[[]2J*")
    assert "<script>\x1b" not in (sums.path / "out.html").read_text()


def test_a_run_that_is_broken_off_is_not_measured(sums: pytest.Pytester) -> None:
    record(sums, "one", *ANSWERED)

    result = run(sums, "--model", "one", "--eval-set", "run.thinking=on", "-x", "test_sums.py")

    result.stdout.fnmatch_lines(["*interrupted: 3 of 5*"])
    result.stdout.no_fnmatch_line("Thinking:*")


def test_a_tokenizer_that_is_not_there_is_said_and_tokens_are_shared_out(sums: pytest.Pytester) -> None:
    record(sums, "one", *[thinks(LATER, completion_tokens=120)] * 5)
    (sums.path / "modeleval.toml").write_text(
        '[models.one]\napi = "replay"\nmodel = "one.jsonl"\ntokenizer = "./nowhere"\n'
    )

    result = run_alone(sums, "--model", "one", "--eval-set", "run.thinking=on", "test_sums.py")

    result.stdout.fnmatch_lines(["*model 'one': tokenizer = './nowhere' cannot be loaded*"])
    result.stdout.fnmatch_lines(["tokens of the thoughts of one: approximate*"])


def test_told_tokens_are_the_thoughts_and_shared_out_by_characters(sums: pytest.Pytester) -> None:
    told = thinks(LATER, thinking_tokens=20, completion_tokens=21)
    shared = thinks(LATER, "1234567890" * 5 + "\n42", completion_tokens=105)
    found = written(sums, record(sums, "one", told, shared, *[thinks(LATER, thinking_tokens=20)] * 3))

    tokens = [20, 105 * len(LATER) / (len(LATER) + 53), 20, 20, 20]
    measures = found["measures"]["sums"]
    assert measures["reasoning_tokens"]["all"]["one"]["value"] == pytest.approx(sum(tokens) / 5)
    share = LATER.index("\n\nAnother") / len(LATER)
    assert measures["first_correct_tokens"]["all"]["one"]["value"] == pytest.approx(sum(tokens) / 5 * share)
    assert found["tokens"]["one"].startswith("approximate")


def test_what_is_not_measured_is_counted_and_never_a_nought(sums: pytest.Pytester) -> None:
    answers = (
        thinks(LATER, completion_tokens=30),
        thinks(NEVER, "", finish_reason="length", completion_tokens=900),
        {"text": "42"},
        # Eight characters are no 300 tokens.
        thinks("I summed", thinking_tokens=300),
        {"text": "42", "thinking_tokens": 300},
    )
    record(sums, "one", *answers)

    result = run(sums, "--model", "one", "--eval-set", "run.thinking=on", "--eval-write", "out.json", "test_sums.py")

    found = json.loads((sums.path / "out.json").read_text())["thinking"]
    assert found["answers"][0]["not_measured"] == {
        "cut off in the thought": 1,
        "without a thought": 1,
        "with a summary in place of the thought": 1,
        "whose thought the API keeps": 1,
    }
    assert found["answers"][0]["cut_off_tokens"] == 900
    assert found["measures"]["sums"]["accuracy"]["all"]["one"] == {
        "value": 1.0,
        "low": None,
        "high": None,
        "samples": 1,
    }
    result.stdout.fnmatch_lines(
        ["sums, one: 1 of 5 thoughts measured, 1 cut off in the thought (900 tokens on average), 1 without*keeps;*"]
    )


def test_errors_are_counted(sums: pytest.Pytester) -> None:
    found = written(sums, record(sums, "one", *ANSWERED[:3]))

    assert found["answers"][0]["not_measured"] == {"in error": 2}
    assert found["answers"][0]["measured"] == 3


def test_a_server_tells_thoughts_and_their_tokens(sums: pytest.Pytester, faulty_server: FaultyServer) -> None:
    def told(handler: Any, body: dict[str, Any]) -> None:
        message = {"role": "assistant", "reasoning_content": LATER, "content": "42"}
        usage = {"completion_tokens": 25, "completion_tokens_details": {"reasoning_tokens": 20}}
        send(handler, 200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})

    faulty_server.fault = told
    alias(sums, "gpt", base_url=faulty_server.url, model="some/gpt-5-mini")
    alias(sums, "own", base_url=faulty_server.url, model="qwen3")

    found = written(sums, "own", "gpt")

    tokens = found["measures"]["sums"]["reasoning_tokens"]["all"]
    assert tokens == {"own": {"value": 20, "low": 20, "high": 20, "samples": 5}}
    # Its API is known to summarise.
    others = {each["model"]: each["not_measured"] for each in found["answers"] if each["level"] == "all"}
    assert others == {"own": {}, "gpt": {"with a summary in place of the thought": 5}}


def test_stored_runs_stand_side_by_side(sums: pytest.Pytester) -> None:
    record(sums, "one", *ANSWERED)
    record(sums, "two", *reversed(ANSWERED))
    for name in ("one", "two", "one"):
        run(sums, "--model", name, "test_sums.py")

    result = modeleval("thinking", "last", "last~1", "--write", "out.json", "--write", "out.html")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["Thinking: sums", "level * n  share  anew  right  found  under"])
    result.stdout.fnmatch_lines(["all, one * 5 *", "all, two * 5 *", "easy, one * 3 *", "easy, two * 3 *"])
    assert all(len(line) <= 80 for line in result.outlines[:8])
    measures = json.loads((sums.path / "out.json").read_text())["thinking"]["measures"]["sums"]
    assert set(measures["accuracy"]["easy"]) == {"one", "two"}
    page = (sums.path / "out.html").read_text()
    assert '"title":"Thinking: sums"' in page
    again = modeleval("thinking", "last", "last~2")
    again.stdout.re_match_lines([r"all, [0-9a-f]{8} one"])


def test_beside_a_run_that_did_not_think_a_row_says_whose_it_is(sums: pytest.Pytester) -> None:
    run(sums, "--model", record(sums, "one", *ANSWERED), "test_sums.py")
    run(sums, "--model", record(sums, "two", *({"text": "42"} for _ in ANSWERED)), "test_sums.py")

    result = modeleval("thinking", "last~1", "last")

    result.stdout.fnmatch_lines(["all, one * 5 *", "easy, one * 3 *", "two: no thoughts"])


def test_levels_are_what_is_asked_for(sums: pytest.Pytester) -> None:
    run(sums, "--model", record(sums, "one", *ANSWERED), "test_sums.py")

    result = modeleval("thinking", "last", "--by", "parity")

    result.stdout.fnmatch_lines(["all * 5 *", "0 * 2 *", "1 * 2 *", "2 * 1 *"])
    wrong = modeleval("thinking", "last", "--by", "colour")
    assert wrong.errlines == ["modeleval: --by takes subset, group, parity, not 'colour'"]


def test_a_stored_run_is_measured_as_a_model(sums: pytest.Pytester) -> None:
    record(sums, "one", *ANSWERED)
    add_settings(sums, f'tokenizer = "{TINY}"')
    run_alone(sums, "--model", "one", "test_sums.py")

    found = written(sums, "run:last")

    assert list(found["tokens"].values()) == ["by the model's own tokenizer"]
    assert found["answers"][0]["measured"] == 5


def test_a_page_has_the_plot_and_the_scores(sums: pytest.Pytester) -> None:
    record(sums, "one", *ANSWERED)

    run(sums, "--model", "one", "--eval-write", "out.html", "--eval-write", "out.md", "test_sums.py")

    page = (sums.path / "out.html").read_text()
    assert '"title":"Thinking: sums","svg":' in page
    assert '"title":"Thinking: sums","cells":' in page
    assert "### Thinking: sums" in (sums.path / "out.md").read_text()


def test_workers_measure_as_one_process_does(sums: pytest.Pytester) -> None:
    record(sums, "one", *ANSWERED)

    assert written(sums, "one", flags=["-n", "2"]) == written(sums, "one")


def test_another_value_of_the_key_is_refused(sums: pytest.Pytester) -> None:
    record(sums, "one", *ANSWERED)

    result = run(sums, "--model", "one", "--eval-set", "run.thinking=maybe", "test_sums.py")

    result.stderr.fnmatch_lines(["*thinking*on, solutions, page, off*maybe*"])


def test_the_bundled_model_does_not_think(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")

    result = run_alone(
        pytester,
        *("--model", "tiny", "--eval", "arithmetic", "--eval-limit", "3", "--eval-set", "run.thinking=on"),
    )

    result.stdout.no_fnmatch_line("Thinking:*")


CHOICES = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.scorers.choices import same_choice

ROWS = generated(lambda subset, index: {"question": f"{index}: which is a capital?"}, {"main": 2})
OPTIONS = ["Lyon", "Rome", "Porto", "Oslo"]

@benchmark(ROWS, lambda row: Sample(row, "BD" if row["question"][0] == "1" else "B", options=OPTIONS),
           prompt=MULTIPLE_CHOICE)
def test_capitals(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
"""


def test_letters_are_found_by_the_options_in_the_prompt(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_capitals=CHOICES)
    thoughts = ("Is it A?\n\nTherefore the capital has to be Rome.\n\nSo B.", "Hm.\n\nThe answer is D.\n\nYes, it is.")
    rows = [
        {"id": f"capitals[main-0000{number}]", "text": f"ANSWER: {letter}", "thinking": thought}
        for number, (letter, thought) in enumerate(zip("BD", thoughts, strict=True))
    ]
    (pytester.path / "one.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    run(pytester, "--model", "replay:one.jsonl", "test_capitals.py").assert_outcomes(passed=2)

    modeleval("thinking", "last", "--write", "out.json")

    found = json.loads((pytester.path / "out.json").read_text())["thinking"]
    assert found["answers"][0]["first_right_by"] == {"rule": 2}
    shares = [thought.rindex("\n\n") / len(thought) for thought in thoughts]
    efficiency = found["measures"]["capitals"]["token_efficiency"]["all"]["replay:one.jsonl"]["value"]
    assert efficiency == pytest.approx(sum(shares) / 2)


def test_the_bundled_model_thinks_where_its_template_opens_a_thought(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    template = (TINY / "chat_template.jinja").read_text() + "<think>"
    settings = {"model": str(TINY), "args": {"dtype": "float32", "chat_template": template}}
    alias(pytester, "thinker", api="transformers", **settings, generation={"max_tokens": 16})

    result = run_alone(
        pytester,
        *("--model", "thinker", "--eval", "arithmetic", "--eval-limit", "3"),
        *("--eval-set", "run.thinking=on", "--eval-write", "out.json"),
    )

    result.stdout.fnmatch_lines(["tokens of the thoughts of thinker: by the model's own tokenizer"])
    found = json.loads((pytester.path / "out.json").read_text())
    (row, *_) = found["rows"]
    (whole, *_) = found["thinking"]["answers"]
    assert whole["measured"] + sum(whole["not_measured"].values()) == 3
    means = found["thinking"]["measures"].get("arithmetic", {}).get("reasoning_tokens", {"all": {}})["all"]
    thought = whole["measured"] * (means["thinker"]["value"] if means else 0)
    thought += whole["not_measured"].get("cut off in the thought", 0) * (whole["cut_off_tokens"] or 0)
    # All that it says is its thought, but for what ends it.
    assert 0 < thought < row["completion_tokens"]
