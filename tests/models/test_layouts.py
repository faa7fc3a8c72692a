"""`replay:PATH` reads what other programs write; the files are made up, in each program's own layout."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval import Completion, ToolCall
from pytest_modeleval.models.recorded import Recorded, rows_of
from tests.conftest import run

BENCHMARK = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

QUESTIONS = ["How many legs have seven cats?", "How many legs have ten cats?", "How many legs have nine birds?"]
ROWS = generated(lambda subset, index: {"question": QUESTIONS[index]}, {"main": 3})

@benchmark(ROWS, lambda row: Sample(row, {"seven": "28", "ten": "40", "nine": "18"}[row["question"].split()[4]]),
           prompt="Solve this with care.\\nQuestion: {question}\\nSay the number alone.")
def test_legs(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
"""
QUESTIONS = ["How many legs have seven cats?", "How many legs have ten cats?", "How many legs have nine birds?"]
# In another order than the dataset's, and the last one wrong.
ANSWERS = {2: "17", 0: "28", 1: "They have 40"}


@pytest.fixture
def legs(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_legs=BENCHMARK)
    return pytester


def harness(number: int, text: str, *, chat: bool = False, name: str = "strict-match") -> dict[str, Any]:
    """lm-evaluation-harness 0.4.13."""
    prompt = f"Question: How many legs have two dogs?\nAnswer: 8\n\nQuestion: {QUESTIONS[number]}\nAnswer:"
    asked = json.dumps([{"role": "user", "content": prompt}]) if chat else prompt
    return {
        "doc_id": number, "doc": {"question": QUESTIONS[number], "answer": "…"}, "target": "28",
        "arguments": {"gen_args_0": {"arg_0": asked, "arg_1": {"until": ["Question:"], "do_sample": False}}},
        "resps": [[text]], "filtered_resps": [text], "filter": name, "metrics": ["exact_match"],
        "doc_hash": "5d", "prompt_hash": "6c", "target_hash": "7b", "exact_match": 1.0,
    }  # fmt: skip


def user(number: int) -> dict[str, Any]:
    content = f"Example: two dogs have 8 legs.\n\n{QUESTIONS[number]}\nPlease put your final answer in a box."
    return {"id": "1", "content": content, "source": None, "role": "user", "tool_call_id": None}


def choices(text: str) -> list[dict[str, Any]]:
    message = {"id": "2", "content": text, "source": "generate", "role": "assistant", "tool_calls": None, "model": "m"}
    return [{"message": message, "stop_reason": "stop", "logprobs": None}]


def prediction(number: int, text: str) -> dict[str, Any]:
    """EvalScope 1.14."""
    usage = {"input_tokens": 62, "output_tokens": 10, "total_tokens": 72}
    output = {"id": "c", "model": "m", "choices": choices(text), "usage": usage, "time": 2.5, "error": None}
    return {"index": number, "model": "m", "model_output": output, "messages": [user(number)], "metadata": {}}


def review(number: int, text: str) -> dict[str, Any]:
    """EvalScope 1.14."""
    score = {"value": {"acc": 1.0}, "extracted_prediction": text, "prediction": text, "explanation": None}
    answered = {"role": "assistant", "content": text}
    sample = {"score": score, "sample_id": number, "group_id": number, "sample_metadata": {}}
    return {"index": number, "target": "28", "messages": [user(number), answered], "sample_score": sample}


def batch(number: int, text: str) -> dict[str, Any]:
    """OpenAI's Batch API."""
    message = {"role": "assistant", "content": text, "refusal": None}
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1724858089, "model": "m",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 24, "completion_tokens": 8, "total_tokens": 32},
    }  # fmt: skip
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "batch_req_1", "custom_id": f"legs[main-{number:05}]", "response": response, "error": None}


def inspected(number: int, text: str) -> dict[str, Any]:
    """A sample of inspect_ai 0.3."""
    asked = {"id": "1", "role": "user", "content": f"{QUESTIONS[number]}\nThink step by step.", "source": "input"}
    output = {"model": "m", "choices": choices(text), "usage": {"input_tokens": 9, "output_tokens": 3}, "time": 0.5}
    return {
        "id": number + 1, "epoch": 1, "input": QUESTIONS[number], "target": "28",
        "messages": [asked, choices(text)[0]["message"]], "output": output, "scores": {}, "attachments": {},
    }  # fmt: skip


HEADER = {"version": 2, "status": "success", "eval": {"run_id": "r", "task": "legs", "model": "openai/m"}}


def write(path: Path, rows: Sequence[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")


def write_eval(path: Path, samples: Sequence[dict[str, Any]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as log:
        log.writestr("header.json", json.dumps(HEADER))
        for sample in samples:
            log.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("samples_legs_2026.jsonl", harness),
        ("samples_chat.jsonl", lambda number, text: harness(number, text, chat=True)),
        ("predictions.jsonl", prediction),
        ("reviews.jsonl", review),
        ("batch_output.jsonl", batch),
    ],
    ids=["lm-evaluation-harness", "its chats", "EvalScope's predictions", "EvalScope's reviews", "OpenAI batch"],
)
@pytest.mark.parametrize("begin", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_lines_of_another_program_answer_their_own_samples(
    legs: pytest.Pytester, name: str, row: Any, begin: str
) -> None:
    write(legs.path / name, [row(number, text) for number, text in ANSWERS.items()])
    path = legs.path / name
    path.write_text(begin + path.read_text("utf-8").replace("They have", "They\u2028have"), "utf-8")

    result = run(legs, "--model", f"replay:{name}", "-rf", "test_legs.py")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["test_legs?main-00002?  *", "    expected '18', got '17'"])
    result.stdout.no_fnmatch_line("*answer no sample*")


@pytest.mark.parametrize("form", ["eval", "json"])
def test_a_log_of_inspect_answers_its_own_samples(legs: pytest.Pytester, form: str) -> None:
    samples = [inspected(number, text) for number, text in ANSWERS.items()]
    if form == "eval":
        write_eval(legs.path / "log.eval", samples)
    else:
        (legs.path / "log.json").write_text(json.dumps({**HEADER, "samples": samples}, indent=2))

    result = run(legs, "--model", f"replay:log.{form}", "-rf", "test_legs.py")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["test_legs?main-00002?  *", "    expected '18', got '17'"])


def test_a_folder_of_results_is_read_whole_and_beside_what_is_none(legs: pytest.Pytester) -> None:
    rows = list(ANSWERS.items())
    write(legs.path / "out/predictions/m/legs_main.jsonl", [prediction(number, text) for number, text in rows])
    write(legs.path / "out/reviews/m/legs_main.jsonl", [review(number, text) for number, text in rows[:2]])
    (legs.path / "out/reports.json").write_text('{"metrics": []}')

    result = run(legs, "--model", "replay:out", "test_legs.py")
    again = run(legs, "--model", "replay:out", "test_legs.py")

    result.assert_outcomes(passed=2, failed=1)
    again.stdout.fnmatch_lines(["answers: 0 new, 3 stored*"])


def test_a_line_a_filter_is_one_answer_and_two_models_are_refused(legs: pytest.Pytester) -> None:
    one = [harness(number, text, name=name) for number, text in ANSWERS.items() for name in ("strict", "flexible")]
    write(legs.path / "out/one.jsonl", one)

    run(legs, "--model", "replay:out", "test_legs.py").assert_outcomes(passed=2, failed=1)
    write(legs.path / "out/two.jsonl", [harness(0, "27")])
    result = run(legs, "--model", "replay:out", "test_legs.py")

    result.stderr.fnmatch_lines(["ERROR: out/two.jsonl:1 answers what out/one.jsonl:3 answers, and otherwise: *"])


def test_what_no_sample_takes_is_counted_and_what_has_no_answer_is_an_error(legs: pytest.Pytester) -> None:
    # A run that was shuffled: the number is another question's.
    other = {**prediction(1, "28"), "messages": [user(0)]}
    write(legs.path / "p.jsonl", [other, prediction(2, "18")])

    result = run(legs, "--model", "replay:p.jsonl", "-rE", "test_legs.py")

    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["1 of the 2 answers in p.jsonl answer no sample of this run"])


def test_a_question_that_another_begins_with_is_not_taken_for_it(legs: pytest.Pytester) -> None:
    sample = {**inspected(0, "28"), "input": "How many legs have seven"}
    (legs.path / "log.json").write_text(json.dumps({**HEADER, "samples": [sample]}))

    result = run(legs, "--model", "replay:log.json", "test_legs.py")

    result.stderr.fnmatch_lines(["ERROR: none of the answers in log.json (1) is to a sample of this run: *"])


def test_an_error_in_place_of_an_answer_is_told(legs: pytest.Pytester) -> None:
    failed = {**batch(0, ""), "response": None, "error": {"code": "expired", "message": "it expired"}}
    write(legs.path / "b.jsonl", [failed, batch(1, "40"), batch(2, "18")])

    result = run(legs, "--model", "replay:b.jsonl", "-rE", "test_legs.py")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*b.jsonl:1 has an error in place of an answer to legs*: it expired*"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"question": "q"}\n', "a.jsonl is none of what replay reads: its own lines *"),
        ("a.json", '{"results": {}}', "a.json is none of what replay reads: its own lines *"),
        (
            "a.jsonl",
            '{"custom_id": "1", "method": "POST", "body": {}}\n',
            "a.jsonl:1 is a batch's input: give its output*",
        ),
        ("a.zip", "PK\x05\x06" + "\0" * 18, "a.zip is none of what replay reads: its own lines *"),
        ("a/x.txt", "", "a has no recorded answers: replay reads its own lines *"),
    ],
    ids=["lines", "json", "batch input", "zip", "folder"],
)
def test_what_is_no_layout_is_one_line(legs: pytest.Pytester, name: str, content: str, said: str) -> None:
    path = legs.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)

    result = run(legs, "--model", f"replay:{name.partition('/')[0]}", "test_legs.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


QUIZ = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.choices import same_choice

ROWS = generated(lambda subset, index: {"question": ["Who wrote it?", "Who read it?"][index]}, {"main": 2})

@benchmark(ROWS, lambda row: Sample(row, "A", ["Ann", "Bartholomew the younger"]), prompt="{question}")
def test_quiz(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
"""
WEIGH = ("--eval-set", "run.choices=loglikelihood", "test_quiz.py")


def weighed(number: int, options: dict[str, float], *, name: str = "none") -> dict[str, Any]:
    """lm-evaluation-harness 0.4.9, of a multiple-choice task; numbers are texts there."""
    context = f"Question: Who sang it?\nAnswer: Bea\n\nQuestion: {['Who wrote it?', 'Who read it?'][number]}\nAnswer:"
    asked = {f"gen_args_{i}": {"arg_0": context, "arg_1": f" {text}"} for i, text in enumerate(options)}
    given = [[str(logprob), "False"] for logprob in options.values()]
    return {
        "doc_id": number, "doc": {}, "target": "0", "arguments": asked, "resps": [[each] for each in given],
        "filtered_resps": given, "filter": name, "metrics": ["acc"], "acc": 1.0,
    }  # fmt: skip


@pytest.fixture
def quiz(legs: pytest.Pytester) -> pytest.Pytester:
    legs.makepyfile(test_quiz=QUIZ)
    return legs


def test_options_that_the_harness_weighed_are_judged_by_their_texts(quiz: pytest.Pytester) -> None:
    # In another order than ours, and twice for two filters.
    right = {"Bartholomew the younger": -9.0, "Ann": -6.0}
    rows = [
        weighed(0, right),
        weighed(0, right, name="other"),
        weighed(1, {"Ann": -9.0, "Bartholomew the younger": -6.0}),
    ]
    write(quiz.path / "s.jsonl", rows)

    result = run(quiz, "--model", "replay:s.jsonl", *WEIGH, "--eval-repeats", "2")

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.re_match_lines([r"replay:s.jsonl +quiz +main +4 +0 +0\.500", r".*acc_norm +4 +0 +0\.000"])
    result.stdout.no_fnmatch_line("*answer no sample*")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            weighed(1, {"Ann": -6.0, "Bartholomew": -9.0}),
            "*s.jsonl:2 weighs other options than quiz[[]main-00001[]] has*",
        ),
        (weighed(1, {"Ann": -6.0}), "*s.jsonl:2 weighs other options than quiz[[]main-00001[]] has*"),
        ({**weighed(0, {"Ann": -6.0}), "doc_id": 1}, "*s.jsonl has no answer to quiz[[]main-00001[]]: *"),
    ],
    ids=["another", "one", "another's number"],
)
def test_options_that_are_not_the_samples_are_an_error(quiz: pytest.Pytester, row: dict[str, Any], said: str) -> None:
    write(quiz.path / "s.jsonl", [weighed(0, {"Ann": -6.0, "Bartholomew the younger": -9.0}), row])

    result = run(quiz, "--model", "replay:s.jsonl", *WEIGH)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([said])


@pytest.mark.parametrize(
    ("rows", "arguments", "said"),
    [
        ([weighed(0, {"Ann": -6.0})], ("test_quiz.py", "--eval-prompt", "Question: {question}\nAnswer:"), "s.jsonl:1 has no text: *"),
        ([weighed(0, {"Ann": -6.0}), weighed(0, {"Ann": -5.0})], WEIGH, "s.jsonl:2 weighs what s.jsonl:1 weighs, and otherwise: *"),
        ([weighed(0, {"Ann": float("nan")})], WEIGH, "s.jsonl:1 is not what *: a log-likelihood is no number"),
        ([{**weighed(0, {}), "arguments": {"gen_args_0": {"arg_0": "Q"}}}], WEIGH, "s.jsonl:1 has the log-likelihood of a whole text: *"),
    ],
    ids=["generate", "two models", "nan", "rolling"],
)  # fmt: skip
def test_log_likelihoods_that_judge_nothing_are_one_line(
    quiz: pytest.Pytester, rows: list[dict[str, Any]], arguments: tuple[str, ...], said: str
) -> None:
    write(quiz.path / "s.jsonl", rows)

    result = run(quiz, "--model", "replay:s.jsonl", *arguments)

    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_a_real_file_of_evalscope_is_read(real_data: Path) -> None:
    from pytest_modeleval.models.replay import ReplayModel
    from pytest_modeleval.models.spec import ModelSpec

    model = ReplayModel(ModelSpec("r", "replay", str(real_data / "evalscope_outputs/qwen-plus/predictions")))

    question = (
        "A robe takes 2 bolts of blue fiber and half that much white fiber.  How many bolts in total does it take?"
    )
    row = model.find("gsm8k[main-00001]", [{"role": "user", "content": f"{question}\nReason step by step."}], 0)
    assert row is not None
    assert row.answer.text.endswith("$\\boxed{3}$")
    assert (row.answer.prompt_tokens, row.answer.completion_tokens) == (626, 102)


PASSAGE = "The port has five terminals, and ships of all sizes call there."
ASKED = ["Which port has the most terminals?", "How many terminals has the port?"]
OPTIONS = ["Charleston", "Savannah", "Norfolk"]
# Two questions of one text and other options.
PORTS = ["Which of these is a port?\n\nA. Rome\nB. Genoa", "Which of these is a port?\n\nA. Paris\nB. Brest"]


def recorded_as(program: str, number: int, prompt: str, text: str, doc: dict[str, str]) -> dict[str, Any]:
    """A row of a program that asks a prompt of its own about a dataset's row."""
    if program == "harness":
        return {**harness(0, text), "doc_id": number, "doc": doc, "arguments": asked_of_harness(prompt)}
    if program == "evalscope":
        return {**prediction(0, text), "index": number, "messages": [{"role": "user", "content": prompt}]}
    asked = {"role": "user", "content": prompt}
    return {**inspected(0, text), "id": number + 1, "input": doc["question"], "messages": [asked]}


def asked_of_harness(prompt: str) -> dict[str, Any]:
    return {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": []}}}


def answer_to(tmp_path: Path, rows: Sequence[dict[str, Any]], prompt: str, number: int) -> str | None:
    """What is replayed to a prompt of ours, of the row of this number; None where nothing is."""
    from pytest_modeleval.models.replay import ReplayModel
    from pytest_modeleval.models.spec import ModelSpec

    path = tmp_path / "rows.json"
    if "input" in rows[0]:
        path.write_text(json.dumps({**HEADER, "samples": rows}))
    else:
        write(path := path.with_suffix(".jsonl"), rows)
    model = ReplayModel(ModelSpec("r", "replay", str(path)))
    row = model.find(f"legs[main-{number:05}]", [{"role": "user", "content": prompt}], 0)
    return row.answer.text if row else None


@pytest.mark.parametrize("theirs", ["{passage} {question}", "{passage}\n{question}\nAnswer:"])
def test_a_passage_that_questions_share_tells_none_of_them(tmp_path: Path, theirs: str) -> None:
    # The other program left row 0 out.
    doc = {"passage": PASSAGE, "question": ASKED[1], "answer": "five terminals"}
    rows = [recorded_as("harness", 0, theirs.format(**doc), "5", doc)]
    prompts = [f"{PASSAGE}\n\n{question}\n\nEnd with ANSWER:" for question in ASKED]

    assert answer_to(tmp_path, rows, prompts[0], 0) is None
    assert answer_to(tmp_path, rows, prompts[1], 0) == "5"


@pytest.mark.parametrize("program", ["harness", "evalscope", "inspect"])
@pytest.mark.parametrize("letter", ["{}. ", "{}) ", "({}) "])
def test_an_answer_to_shuffled_options_is_nobodys(tmp_path: Path, program: str, letter: str) -> None:
    doc = {"question": ASKED[0], "choice1": OPTIONS[0]}

    def prompt(options: Sequence[str], mark: str) -> str:
        lines = [f"{mark.format('ABC'[number])}{option}" for number, option in enumerate(options)]
        example = "Question: Which sea is salt?\nA. None\nB. All\nC. Some\nD. The dead one\nAnswer: B\n\n"
        return "\n".join([example, ASKED[0], *lines, "A: Let's think step by step."])

    ours = prompt(OPTIONS, "{}. ")
    same, other = (prompt(options, letter) + "\nSay it." for options in (OPTIONS, OPTIONS[::-1]))

    assert answer_to(tmp_path, [recorded_as(program, 0, same, "A", doc)], ours, 0) == "A"
    assert answer_to(tmp_path, [recorded_as(program, 0, other, "A", doc)], ours, 0) is None


@pytest.mark.parametrize("missing", [False, True])
def test_questions_of_one_text_are_told_by_their_options(tmp_path: Path, missing: bool) -> None:
    doc = {"question": "Which of these is a port?"}
    theirs = [prompt.replace(". ", ") ") for prompt in PORTS]
    rows = [recorded_as("inspect", number, prompt, str(number), doc) for number, prompt in enumerate(theirs)]

    found = [answer_to(tmp_path, rows[: 2 - missing], prompt, number) for number, prompt in enumerate(PORTS)]

    assert found == ["0", None if missing else "1"]


@pytest.mark.parametrize(
    ("program", "found"), [("harness", ["0", "1"]), ("evalscope", ["0", "1"]), ("inspect", [None] * 2)]
)
def test_rows_of_the_same_prompt_go_by_their_numbers(tmp_path: Path, program: str, found: list[str | None]) -> None:
    doc = {"question": ASKED[0]}
    rows = [recorded_as(program, number, ASKED[0], str(number), doc) for number in (0, 1)]

    assert [answer_to(tmp_path, rows, ASKED[0], number) for number in (0, 1)] == found


def test_a_question_that_ends_with_another_blank_is_found(tmp_path: Path) -> None:
    doc = {"question": "Role-learning theory says that\x85"}

    assert answer_to(tmp_path, [recorded_as("inspect", 0, "Q", "B", doc)], doc["question"], 0) == "B"


CALL = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}


def called(path: Path, row: dict[str, Any]) -> Completion:
    """The recorded answer of a file with this row."""
    write(path, [row])
    (found,) = rows_of(path)
    assert isinstance(found, Recorded)
    return found.answer


def test_recorded_answers_keep_their_calls(tmp_path: Path) -> None:
    own = called(tmp_path / "own.jsonl", {"id": "x", "text": "", "tool_calls": [CALL]})
    row = batch(1, "")
    row["response"]["body"]["choices"][0]["message"] |= {"content": None, "tool_calls": [CALL]}
    chats = called(tmp_path / "chats.jsonl", row)
    predicted = prediction(1, "")
    table = {**CALL, "function": {"name": "weather", "arguments": {"city": "Oslo"}}}
    predicted["model_output"]["choices"][0]["message"]["tool_calls"] = [table]
    evalscope = called(tmp_path / "evalscope.jsonl", predicted)

    assert own.calls == chats.calls == evalscope.calls == (ToolCall("weather", '{"city": "Oslo"}', "a"),)


def test_a_call_of_inspects_is_one(tmp_path: Path) -> None:
    sample = inspected(1, "")
    call = {"id": "a", "function": "weather", "arguments": {"city": "Oslo"}, "type": "function"}
    sample["output"]["choices"][0]["message"]["tool_calls"] = [call]
    write_eval(tmp_path / "log.eval", [sample])

    (found,) = rows_of(tmp_path / "log.eval")

    assert isinstance(found, Recorded)
    assert found.answer.calls == (ToolCall("weather", '{"city": "Oslo"}', "a"),)


def test_a_batch_of_responses_has_thoughts_calls_and_an_end(tmp_path: Path) -> None:
    row = batch(1, "")
    row["response"]["body"] = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "error": None,
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "a", "name": "weather", "arguments": '{"city": "Oslo"}'},
        ],
        "usage": {"input_tokens": 24, "output_tokens": 8},
    }

    answer = called(tmp_path / "batch.jsonl", row)

    assert (answer.thinking, answer.text, answer.finish_reason) == ("hm", "I look.", "tool_calls")
    assert answer.calls == (ToolCall("weather", '{"city": "Oslo"}', "a"),)
    assert (answer.prompt_tokens, answer.completion_tokens) == (24, 8)
