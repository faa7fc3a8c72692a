"""Every scorer takes a time that grows with the text's length alone, whatever a model writes."""

import importlib
import inspect
import math
import pkgutil
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

import pytest_modeleval.scorers
from pytest_modeleval.custom.qa import METRICS
from pytest_modeleval.items.filters import _FILTERS, filtered, read_filter
from pytest_modeleval.models.thinking import split_thinking
from pytest_modeleval.models.tool_dialects import parsed
from pytest_modeleval.sample import Completion, NotAsked, NotScored
from pytest_modeleval.scorers import maths, numbers, official, programs, sanitized, swe_bench
from pytest_modeleval.scorers.amounts import same_amount
from pytest_modeleval.scorers.bfcl.answers import wrong_answer
from pytest_modeleval.scorers.bfcl.calls import read_calls
from pytest_modeleval.scorers.bfcl.source_calls import read_source_call
from pytest_modeleval.scorers.bfcl.sources import java_value, javascript_value
from pytest_modeleval.scorers.checkers import CHECKERS
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.confidence import stated_confidence
from pytest_modeleval.scorers.emotions import emotion_score
from pytest_modeleval.scorers.instructions import follows_instructions, instructions
from pytest_modeleval.scorers.mathvista import mathvista_official, same_value
from pytest_modeleval.scorers.minimax import repeated_ngram
from pytest_modeleval.scorers.mmmu import mmmu_choice, mmmu_open, mmmu_pro_choice
from pytest_modeleval.scorers.overlap import exact_match, rouge
from pytest_modeleval.scorers.seen import anls, holds_gold, relaxed_accuracy, same_words
from pytest_modeleval.scorers.several import same_choices
from pytest_modeleval.scorers.spans import same_spans
from pytest_modeleval.scorers.texts import holds_text, literal, same_text, spaced, token_f1
from pytest_modeleval.scorers.toolbench import step_score
from pytest_modeleval.scorers.vqa import soft_accuracy
from pytest_modeleval.scorers.yes_no import pope_score, same_yes_no

CITIES = ["Paris", "London", "Rome", "Berlin"]
REFERENCE = "a the answer is 1 " * 20
# A final answer of ToolBench-Static, which is a text of JSON in an action's input.
FINAL = '{"return_type": "give_answer", "final_answer": "the answer"}'

# What a megabyte may take: most take a tenth of one, on any machine.
SECONDS = 4
# Pieces that make a long text when repeated: what patterns begin with and never end.
PIECES = (
    "the answer is ",
    "答案:",
    "correct options: ",
    "the answer is Paris, ",
    "2^3 ",
    "3 1/2 ",
    "```\n",
    "```python\n```diff\n",
    "diff --git a/x b/x\n",
    " ``` ",
    "answer:\n",
    "ANSWER: B\n",
    "answer is A and ",
    "\\boxed{",
    "\\boxed{a}",
    "}",
    "{",
    "\\text{",
    "\\frac{1}{",
    "$",
    "$x",
    "\\(",
    "#### ",
    "1",
    "1,",
    "1/",
    "1.",
    "-1 ",
    "1e9 ",
    "½٣",
    "A ",
    "A、",
    "选",
    "a;",
    "*",
    "**a*",
    "[",
    "<<",
    "\n",
    " ",
    "\t\xa0",
    "* a\n",
    ". ",
    "Mr. ",
    "a@",
    "http://",
    "'",
    '"',
    "-",
    "a",
    "ab ",
    "的",
    "ก",
    "é",
    "😀",
    "\ud800",
    "<think>",
    "</think>",
    "**Answer:** ",
    "each option: ",
    "the answer is ANSWER: ",
    '{"answer": "',
    "<answer>",
    "is (",
    "(A) ",
    "Glad: 7\n",
    "A or ",
    "选项",
    "不选",
    "**option ",
    "Question: ",
    "<|im_end|>",
    "12:00 ",
    "1 000 ",
    ".\n",
    "Mr.\n",
    "Ab. C\n",
    "CAN'T. ",
    "confidence of 1",
    "confidence is ",
    '<tool_call>{"name": ',
    "[f(a=",
    "f(a=1), ",
    "new ArrayList<>(Arrays.asList(",
    "new ArrayList<>() {{ add(",
    "new int[]{",
    "new HashMap<>() {",
    'put("a", ',
    'put("',
    '"a": [',
    ", [",
    "],",
    "]\n",
)
ARGUMENTS: Mapping[str, Any] = {
    "keywords": ["answer", "zzz"],
    "keyword": "answer",
    "frequency": 2,
    "relation": "at least",
    "forbidden_words": ["answer", "zzz"],
    "letter": "a",
    "let_frequency": 2,
    "let_relation": "at least",
    "language": "en",
    "num_sentences": 3,
    "num_words": 3,
    "num_paragraphs": 3,
    "nth_paragraph": 1,
    "first_word": "the",
    "num_placeholders": 3,
    "postscript_marker": "P.S.",
    "num_bullets": 3,
    "num_highlights": 3,
    "section_spliter": "Section",
    "num_sections": 3,
    "prompt_to_repeat": "the answer",
    "end_phrase": "the end",
    "capital_frequency": 3,
    "capital_relation": "at least",
}


def checked(name: str) -> Callable[[str], object]:
    """The scorer of one of IFEval's instructions, loose forms included."""
    _, *expected = inspect.signature(CHECKERS[name]).parameters
    arguments = {argument: ARGUMENTS[argument] for argument in expected}
    return lambda text: follows_instructions(text, instructions([name], [arguments]))


def rated(text: str) -> object:
    """EQ-Bench's score; most texts have none."""
    try:
        return emotion_score(text, {"Glad": 7, "Sad": 0})
    except NotScored:
        return None


def patched(text: str) -> object:
    try:
        return swe_bench.resolved(Completion(text), "a__b-1", None, "x")
    except NotAsked:
        return None


def called(read: Callable[[], object]) -> object:
    """The calls in a text; most texts have none."""
    try:
        return read()
    except ValueError:
        return None


def sourced(value: Callable[[str, str], object], kind: str) -> Callable[[str], object]:
    """A source's value, of what begins as its kind does."""
    begun = {"dict": "{", "array": "[[", "HashMap": "new HashMap<>() {{"}.get(kind, "")
    return lambda text: value(begun + text, kind)


def cut(spec: str) -> Callable[[str], object]:
    return lambda text: filtered(text, [read_filter("test", spec)])


SCORERS: dict[str, Callable[[str], object]] = {
    "amounts.same_amount": lambda text: same_amount(text, "12.5"),
    "bleu.bleu": lambda text: METRICS["bleu"](text, [REFERENCE]),
    "confidence.stated_confidence": stated_confidence,
    "choices.same_choice": lambda text: same_choice(text, "B", CITIES),
    "emotions.emotion_score": rated,
    "instructions.follows_instructions": checked("punctuation:no_comma"),
    "maths.same_expression": lambda text: maths.same_expression(text, r"\frac{1}{2}"),
    "mathvista.mathvista_official": lambda text: mathvista_official(text, "London", CITIES, "text"),
    "mathvista.same_value": lambda text: same_value(text, "1.5", "float", 1),
    "mmmu.mmmu_choice": lambda text: mmmu_choice(text, "B", CITIES),
    "mmmu.mmmu_open": lambda text: mmmu_open(text, ["12", "London"]),
    "mmmu.mmmu_pro_choice": lambda text: mmmu_pro_choice(text, "B", CITIES),
    "numbers.same_number": lambda text: numbers.same_number(text, "12"),
    "official.cmmlu_choice": lambda text: official.cmmlu_choice(text, "B", CITIES),
    "official.mmlu_pro_choice": lambda text: official.mmlu_pro_choice(text, "B", CITIES),
    "overlap.exact_match": lambda text: exact_match(text, [REFERENCE]),
    "overlap.rouge": lambda text: rouge(text, [REFERENCE]),
    "programs.between_marks": programs.between_marks,
    "programs.first_fenced": programs.first_fenced,
    "programs.last_fenced": programs.last_fenced,
    "sanitized.function_in": lambda text: sanitized.function_in(text, "f", "def f():\n"),
    "sanitized.longest_code": sanitized.longest_code,
    "sanitized.sanitized": lambda text: sanitized.sanitized(text, "f"),
    "seen.anls": lambda text: anls(text, ["The answer", REFERENCE]),
    "seen.holds_gold": lambda text: holds_gold(text, ["The answer"]),
    "seen.relaxed_accuracy": lambda text: relaxed_accuracy(text, "12.5"),
    "seen.same_words": lambda text: same_words(text, "B", "Which?\nA. Paris\nB. London"),
    "several.same_choices": lambda text: same_choices(text, "AB", CITIES),
    "spans.same_spans": lambda text: same_spans(text, [["a", "12 yards"], ["the answer"]]),
    "swe_bench.patch_of": swe_bench.patch_of,
    "swe_bench.resolved": patched,
    "toolbench.step_score": lambda text: step_score(text, f"Action: Finish\nAction Input: {FINAL}", {"Finish"}),
    "texts.holds_text": lambda text: holds_text(text, ["London"], normalise=spaced),
    "texts.same_text": lambda text: same_text(text, ["London"], normalise=literal),
    "vqa.soft_accuracy": lambda text: soft_accuracy(text, ["London"] * 10),
    "yes_no.pope_score": lambda text: pope_score(text, "yes"),
    "yes_no.same_yes_no": lambda text: same_yes_no(text, "yes"),
    "texts.token_f1": lambda text: token_f1(text, ["London"]),
}
OTHERS: dict[str, Callable[[str], object]] = {
    **{f"checkers.{name}": checked(name) for name in CHECKERS},
    **{f"filters.{name}": cut(name if name != "remove_until" else "remove_until=###") for name in _FILTERS},
    "filters.regex": cut(r"regex=#### (\S+)"),
    "models.thinking.split_thinking": split_thinking,
    **{f"models.tool_dialects.{name}": partial(parsed, name) for name in ("hermes", "python")},
    "bfcl.answers.wrong_answer": lambda text: wrong_answer(text, ["35", "thirty five"]),
    "bfcl.calls.read_calls": lambda text: called(lambda: read_calls(text)),
    "bfcl.source_calls.read_source_call": lambda text: called(lambda: read_source_call(f"f({text}", "java")),
    **{f"bfcl.sources.{kind}": sourced(java_value, kind) for kind in ("ArrayList", "Array", "HashMap", "long", "any")},
    **{f"bfcl.sources.{kind}": sourced(javascript_value, kind) for kind in ("array", "dict", "String")},
    "minimax.repeated_ngram": repeated_ngram,
}


def test_every_scorer_is_among_them() -> None:
    found = set()
    for module in pkgutil.iter_modules(pytest_modeleval.scorers.__path__, "pytest_modeleval.scorers."):
        # Scripts, and a model's similarity, which reads the first 512 tokens.
        if module.name.endswith(("symbolic_worker", "schema_worker", "scicode_numbers", "similarity")):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            own = inspect.isfunction(value) and value.__module__ == module.name and not name.startswith("_")
            if own and next(iter(inspect.signature(value).parameters), "") == "answer":
                found.add(f"{module.name.rpartition('.')[2]}.{name}")

    assert found == set(SCORERS)


@pytest.mark.parametrize("name", [*SCORERS, *OTHERS])
def test_a_megabyte_takes_seconds(name: str) -> None:
    """Of CPU. A search that begins anew at every place takes hours."""
    score = (SCORERS | OTHERS)[name]
    score("warm")

    taken = {piece: megabyte_seconds(score, piece) for piece in PIECES}

    assert {piece: round(used, 2) for piece, used in taken.items() if used >= SECONDS} == {}


def megabyte_seconds(score: Callable[[str], object], piece: str) -> float:
    """What a megabyte takes, or of less of it a bound: were it quadratic, n of a megabyte would take n² of its time."""
    size = 0.03
    # Each size the least at which what is linear, as the last says, comes to lie under its parabola.
    while (used := cpu_seconds(score, piece, round(size * 1_000_000))) >= SECONDS * size**2 and size < 1:
        size = min(1, max(3 * size, 1.5 * used / size / SECONDS))
    return used / size**2


def cpu_seconds(score: Callable[[str], object], piece: str, size: int) -> float:
    """As long as it takes at best: a virtual machine's clock counts what its host takes away too."""
    text = piece * (size // len(piece.encode("utf-8", "surrogatepass")))
    used = math.inf
    for _ in range(3):
        started = time.process_time()
        score(text)
        used = min(used, time.process_time() - started)
        if used < 0.5:
            break
    return used
