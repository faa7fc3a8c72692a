"""What the store keeps, as values: a table's columns are the fields of its type.

Rows are tuples with names, as SQLite takes and gives tuples: a frozen dataclass of 21 fields would take 3 µs to make.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pytest_modeleval.inputs import from_json
from pytest_modeleval.names import ItemName, id_part, versus
from pytest_modeleval.record import MEASURED, RIGHT, WRONG
from pytest_modeleval.sample import Completion, Json, Message, last_question, token_count
from pytest_modeleval.statistics.scale import PLAIN, Scale

# Before the hash of a sample whose texts no report shows: it leads to no prompt then.
HIDDEN = "hidden:"
# Who gave an answer, where that is no model in a role.
UNDER_EVALUATION = "model"


class BlobRow(NamedTuple):
    """A picture, or another long text of a message, by its SHA-256.

    Of a ``data:`` address in base64 the content is bytes: up to the comma as it is, and behind it what it holds.
    """

    hash: str
    content: str | bytes


class MessagesRow(NamedTuple):
    """Messages, a list as JSON, behind those ``before`` them ("" for none), by the hash of both.

    The hash stands for the whole conversation so far.
    """

    hash: str
    before: str
    messages: str


class SampleRow(NamedTuple):
    """A sample by the hash of what it asks and expects; ``prompt`` is its last message behind those ``before``.

    ``question`` is its own in the text of that message, None where it is all of it. The last one stands here, as it is
    the sample's alone: in `messages` it would cost 25 µs more.
    """

    hash: str
    benchmark: str
    before: str
    prompt: str
    target: str
    question: str | None = None


class AnswerRow(NamedTuple):
    """One of an item's answers, where more was asked than the sample's prompt: the first has the ``number`` 0.

    So it is where tools were offered. ``asked`` stands for the messages that were asked, ``completion`` the answer's
    key, ``by`` for who gave it: `UNDER_EVALUATION`, or another model. ``tools`` is the hash of the blob that has those
    that were offered, a list as JSON.
    """

    run: str
    item: str
    number: int
    asked: str
    completion: str
    by: str
    tools: str | None = None


class VerdictRow(NamedTuple):
    """One request for a judge's verdict on a sample (`judging.verdict.Judged`), in the order that they were answered.

    ``name`` is the metric or criterion, ``"order"`` how two answers stood (AB, BA, or "" for one), ``completion`` the
    key of the judge's reply. ``value`` is null, and ``error`` says why, where nothing could be read in it.
    """

    run: str
    item: str
    number: int
    judge: str
    name: str
    order: str
    repeat: int
    again: int
    probe: int
    label: str
    value: float | None
    reason: str
    error: str
    completion: str


class JudgementRow(NamedTuple):
    """What all judges of a run came to on one question about a sample (`judging.verdict.Judgement`).

    ``about`` stands for what was judged (`judging.labels.key_of`), ``pin`` for who judged it and how, ``gives`` has as
    JSON what the verdict could be: labels with their values, or a number's two ends.
    """

    run: str
    item: str
    number: int
    name: str
    about: str
    pin: str
    gives: str
    label: str
    value: float


class OutcomeRow(NamedTuple):
    """What came of a program (as `asking.programs` writes it) in the ``sandbox`` of that name.

    ``hash`` is that of all that decided it: the program, what it was given, its limits, and where it ran. Of a call
    that a model made (`calls.Called`) ``sandbox`` is ``tool NAME``.
    """

    hash: str
    sandbox: str
    outcome: str


class ScoreRow(NamedTuple):
    """One metric of one item in one run; of an error there is one row, without a value.

    ``sample`` is the hash of what is asked and expected, ``completion`` the key of the last answer. ``stored`` is when
    the oldest of its answers was kept, where that was before the run. Tokens and ``seconds`` are of all its answers.
    What the version that wrote it did not know is None.
    """

    run: str
    item: str
    metric: str
    model: str
    benchmark: str
    subset: str
    group: str
    sample: str
    repeat: int
    outcome: str
    value: float | None = None
    got: str | None = None
    expected: str | None = None
    why: str | None = None
    completion: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float | None = None
    first_token: float | None = None
    stored: float | None = None
    mistake: str | None = None
    # As JSON: what the value is (`Scale.kept`; null for 0 to 1 with a pass mark), and the sample's axes.
    scale: str | None = None
    axes: str | None = None
    # The row's number, where the sample is called by an id.
    row: int | None = None

    @property
    def tokens(self) -> int | None:
        """The tokens of its answers; None where no server counted them."""
        return token_count(self.completion_tokens) or None

    @property
    def name(self) -> str:
        """The sample within its benchmark, ``main-00042``, whatever the repeat and however many models were asked."""
        return sample_name(self.item, self.subset)

    def is_called(self, name: str) -> bool:
        """Whether this is the sample's name, or was in the run."""
        return name in (self.name, sample_name(self.item, self.subset))

    @property
    def content(self) -> str:
        """The hash of what the sample asks and expects, whether or not that may be shown."""
        return self.sample.removeprefix(HIDDEN)

    @property
    def has_verdict(self) -> bool:
        """Whether it was right or wrong."""
        return self.outcome in (RIGHT, WRONG)

    @property
    def is_scored(self) -> bool:
        """Whether it was right, wrong or measured."""
        return self.has_verdict or self.outcome == MEASURED

    @property
    def values_are(self) -> Scale:
        """What the metric's values are; `PLAIN` where that cannot be read."""
        try:
            return Scale.of(from_json(self.scale)) if self.scale else PLAIN
        except ValueError:
            return PLAIN

    @property
    def stands_at(self) -> Mapping[str, str | int | float]:
        """The sample's axes; none where they cannot be read."""
        try:
            found = from_json(self.axes or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, Mapping) else {}


class RenamedRow(ScoreRow):
    """A score from when the sample went by its row's number, ``called`` by the id that it has had since."""

    called = ""

    @classmethod
    def of(cls, row: ScoreRow, called: str) -> "RenamedRow":
        """The row under another name."""
        renamed = cls(*row)
        renamed.called = called
        return renamed

    @property
    def name(self) -> str:
        """The sample within its benchmark, as it is called today."""
        return self.called


def sample_name(item: str, subset: str) -> str:
    """A sample's name within its benchmark, out of an item's id; what stands in its brackets where that is none."""
    found = ItemName.parse(item, subset=subset)
    if found is not None:
        return str(found.sample)
    inner = item.rpartition("[")[2].removesuffix("]")
    # Further parameters of the test may stand behind it.
    within = re.search(rf"{re.escape(id_part(subset))}-(?:line-)?\d{{5,}}", inner)
    return within[0] if within else inner


Row = BlobRow | MessagesRow | SampleRow | AnswerRow | VerdictRow | JudgementRow | OutcomeRow | ScoreRow
# The tables and their keys, in the order in which rows are written: what is referred to before what refers to it.
TABLES: Mapping[type[Row], tuple[str, str]] = {
    BlobRow: ("blobs", "hash"),
    MessagesRow: ("messages", "hash"),
    SampleRow: ("samples", "hash"),
    AnswerRow: ("answers", "run, item, number"),
    VerdictRow: ("verdicts", "run, item, number"),
    JudgementRow: ("judgements", "run, item, number"),
    OutcomeRow: ("outcomes", "hash"),
    ScoreRow: ("scores", "run, item, metric"),
}
_TYPES: Mapping[Any, str] = {
    str: "text not null",
    # Each value is kept as what it is.
    str | bytes: "text not null",
    int: "integer not null",
    float: "real not null",
    str | None: "text",
    int | None: "integer",
    float | None: "real",
}


def columns(kind: type[Row]) -> dict[str, str]:
    """The columns of a type's table and their types, as SQL names them."""
    return {f'"{name}"': _TYPES[type_] for name, type_ in kind.__annotations__.items()}


def definition(kind: type[Row]) -> str:
    """What makes a type's table."""
    table, key = TABLES[kind]
    typed = ", ".join(f"{name} {type_}" for name, type_ in columns(kind).items())
    return f"create table if not exists {table} ({typed}, primary key ({key})) without rowid"


def insertion(kind: type[Row]) -> str:
    """The statement that keeps a row: what goes by its hash is kept already where that is there."""
    (table, key), names = TABLES[kind], columns(kind)
    what = "insert or ignore" if key == "hash" else "insert or replace"
    return f"{what} into {table} ({', '.join(names)}) values ({', '.join('?' * len(names))})"


@dataclass(frozen=True)
class Exchange:
    """One of several requests for a sample: its messages after those an earlier one had too, the answer, who gave it.

    ``to`` is empty for the model under evaluation, else another's name and role: ``judge=gpt5``. ``after`` is the place
    of the earlier request that it goes on from, None where it goes on from none, and ``repeated`` how many messages
    that one had. ``tools`` are those that were offered.
    """

    asked: Sequence[Message]
    repeated: int
    completion: Completion | None
    to: str = ""
    after: int | None = None
    tools: Sequence[Json] = ()

    @property
    def whose(self) -> str:
        """What stands behind "answer", where another model gave it."""
        return f" of {self.to}" if self.to else ""


@dataclass(frozen=True)
class StoredSample:
    """One item of a run: its score by each metric, what was asked, its last answer and when that was kept.

    ``prompt`` and ``target`` are None where they were not kept. ``exchanges`` are all of them, where more was asked
    than the prompt; ``verdicts`` what judges said, and ``judgements`` what they came to. ``tools`` are those that were
    offered with the prompt.
    """

    scores: Sequence[ScoreRow]
    prompt: Sequence[Message] | None
    target: str | None
    completion: Completion | None
    created: float
    exchanges: Sequence[Exchange] = ()
    question: str | None = None
    verdicts: Sequence[VerdictRow] = ()
    judgements: Sequence[JudgementRow] = ()
    tools: Sequence[Json] = ()

    @property
    def main(self) -> ScoreRow:
        """The sample's own score, which every other repeats but for value, got, expected and why."""
        return next((score for score in self.scores if score.metric == "main"), self.scores[0])

    @property
    def told(self) -> ScoreRow:
        """The score that says most: the sample's own, or that of the metric whose scorer spoke."""
        return next((score for score in (self.main, *self.scores) if score.expected is not None), self.main)

    @property
    def contestants(self) -> Sequence[str]:
        """The two models whose answers meet in it; none for a sample that is no battle."""
        givers = dict.fromkeys(each.to for each in self.exchanges)
        pairs = ([one, two] for one in givers for two in givers)
        return next((pair for pair in pairs if versus(*pair) == self.main.model), [])

    def answers_of(self, model: str) -> Sequence[Exchange]:
        """What one of them was asked, and said."""
        return [each for each in self.exchanges if each.to == model]

    @property
    def values(self) -> dict[str, float]:
        """The values by metric; empty for an error."""
        return {score.metric: score.value for score in self.scores if score.value is not None}

    @property
    def asked(self) -> str:
        """Its own question, or the last user message of its prompt; empty where neither was kept."""
        return self.question or last_question(self.prompt or ())
