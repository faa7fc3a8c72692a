"""The format ``qa``: a question or chat messages, and the texts of right answers."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from pytest_modeleval.custom.columns import ANSWERED, ASKED, is_blank, lists, system_of, text_of, the_one
from pytest_modeleval.custom.pictures import pictures_of
from pytest_modeleval.datasets import Row
from pytest_modeleval.inputs import from_json
from pytest_modeleval.items.pictures import in_messages
from pytest_modeleval.judging.answers import SAME_ANSWER
from pytest_modeleval.judging.types import Judge
from pytest_modeleval.sample import Completion, Message, Sample, SampleError, Score
from pytest_modeleval.scorers.bleu import bleu
from pytest_modeleval.scorers.overlap import exact_match, rouge
from pytest_modeleval.scorers.run_on import before_run_on

NEEDS = "question, query or messages, and answer or response"

PROMPT = "{question}"


def fits(columns: Collection[str]) -> bool:
    """Whether a file with these columns may be one of questions and answers."""
    return any(name in columns for name in (*ASKED, "messages")) and any(name in columns for name in ANSWERED)


def to_sample(row: Row) -> Sample:
    """The row's question; `SampleError` names the column that is wrong."""
    answered = the_one(row, ANSWERED)
    values = row[answered] if lists(row[answered]) else [row[answered]]
    if any(map(is_blank, values)):
        raise SampleError(f"column {answered!r} holds an empty text: {values!r}")
    return asked_in(row, [text_of(value, answered) for value in values])


def asked_in(row: Row, answers: Sequence[str]) -> Sample:
    """The row's question with the right answers, of which there may be none; `SampleError` names a wrong column."""
    asked, pictures = the_one(row, (*ASKED, "messages")), pictures_of(row)
    metadata = {"id": row.get("id"), "answers": answers}
    target, system = answers[0] if answers else "", system_of(row)
    if asked == "messages":
        messages = in_messages(_messages(row[asked]), pictures)
        return Sample(messages, target, system=system, metadata=metadata)
    prompt = {**row, "question": text_of(row[asked], asked)}
    return Sample(prompt, target, system=system, metadata=metadata, pictures=pictures)


def _messages(value: Any) -> Sequence[Message]:
    """Chat messages as they are; in a csv file their cell holds them as JSON."""
    if isinstance(value, str):
        try:
            value = from_json(value)
        except ValueError as error:
            raise SampleError(f"column 'messages' is not JSON: {error}") from None
    if not lists(value) or not all(isinstance(message, Mapping) and "role" in message for message in value):
        raise SampleError(f"column 'messages' is a list of {{'role': …, 'content': …}}, not {str(value)[:60]!r}")
    if value[-1]["role"] == "assistant":
        raise SampleError("column 'messages' ends with an assistant's message; the right answer belongs in 'answer'")
    return list(value)


def _rouge(answer: str, references: Sequence[str]) -> dict[str, float]:
    found = rouge(answer, references)
    values = {name: found[name].f1 for name in ("rouge-l", "rouge-1", "rouge-2")}
    for name, overlap in found.items():
        values |= {f"{name}-precision": overlap.precision, f"{name}-recall": overlap.recall}
    return values


def _bleu(answer: str, references: Sequence[str]) -> dict[str, float]:
    found = bleu(answer, references)
    return {name: found[name] for name in ("bleu-4", "bleu-1", "bleu-2", "bleu-3")}


# What `metric` of [run] may name beside "judge", each with the values that it gives, its own one first.
METRICS: dict[str, Callable[[str, Sequence[str]], dict[str, float]]] = {
    "exact": lambda answer, references: {"exact": exact_match(answer, references)},
    # The F1 of shared words is what ROUGE-1's F1 is.
    "f1": lambda answer, references: {"f1": rouge(answer, references)["rouge-1"].f1},
    "bleu": _bleu,
    "rouge": _rouge,
}
JUDGE = "judge"


def scorer_of(metrics: Sequence[str], pass_mark: float) -> Callable[[Sample, Completion], Score]:
    """What scores a sample by the metrics: the first one's own value is the sample's, right from the pass mark on."""

    def scored(sample: Sample, completion: Completion) -> Score:
        return _scores(sample, completion, metrics, pass_mark, "main")[0]

    return scored


def judged_by(metrics: Sequence[str], pass_mark: float) -> Callable[[Sample, Completion, Judge], Awaitable[Score]]:
    """As `scorer_of`, where a judge is among the metrics: it says whether an answer is one of the right ones."""
    rules = [name for name in metrics if name != JUDGE]

    async def scored(sample: Sample, completion: Completion, judge: Judge) -> Score:
        is_first = metrics[0] == JUDGE
        by_rule = _scores(sample, completion, rules, pass_mark, "" if is_first else "main")
        answers = sample.metadata["answers"]
        reference = answers[0] if len(answers) == 1 else "one of these:\n" + "\n".join(f"- {each}" for each in answers)
        name = "main" if is_first else JUDGE
        by_judge = await judge.grade(SAME_ANSWER, completion, name=name, question=sample.asked, reference=reference)
        return by_judge if is_first else by_rule[0]

    return scored


def _scores(
    sample: Sample, completion: Completion, metrics: Sequence[str], pass_mark: float, first: str
) -> Sequence[Score]:
    """All scores by the metrics; the first is called ``first``, where that is a name."""
    answers, said = sample.metadata["answers"], before_run_on(completion.text)
    values = {name: value for metric in metrics for name, value in METRICS[metric](said, answers).items()}
    scores = []
    for place, (name, value) in enumerate(values.items()):
        passed = value >= pass_mark
        why = "" if name == "exact" or passed else f"{name} {value:.3f} is below {pass_mark:g}"
        shown = name if place or not first else first
        scores.append(Score(value, passed, said.strip(), answers[0], why, shown))
    return scores
