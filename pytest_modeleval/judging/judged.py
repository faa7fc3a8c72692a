"""What judges said in a run, and what people's labels say of that, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pytest_modeleval.judging.labels import Choices
from pytest_modeleval.judging.verdict import Vote, verdict_of, weighed
from pytest_modeleval.statistics.agreement import OrderEffect
from pytest_modeleval.statistics.means import Estimate

PPI, ROGAN_GLADEN = "PPI++", "Rogan-Gladen"


class JudgedAnswer(NamedTuple):
    """What the judges of a run came to on a question about an answer (``about``), and the sample's own ``score``.

    ``votes`` are each judge's own, ``asked`` the judges that were asked, also those that gave none. ``pin`` stands for
    who they are and how they were asked.
    """

    model: str
    benchmark: str
    sample: str
    repeat: int
    name: str
    about: str
    pin: str
    choices: Choices
    value: float
    score: float | None
    votes: Sequence[Vote] = ()
    # The item's id in its run.
    item: str = ""
    asked: Sequence[str] = ()

    def weighed(self, how: str) -> tuple[float, float]:
        """Its value, and what it counts for in the score, of votes that are joined like this."""
        weights = self.choices.weights
        return weighed(verdict_of(self.votes, how), weights) if weights and self.votes else (self.value, 1.0)


class Scored(NamedTuple):
    """A model's score on a benchmark, over how many samples, and how many have an answer and no verdict."""

    score: float | None
    samples: int
    failed: int


@dataclass(frozen=True)
class JudgedRun:
    """What judges said in a run, of each model and benchmark that they were asked about.

    ``aggregation`` is how votes are joined.
    """

    run: str
    answers: Sequence[JudgedAnswer]
    scored: Mapping[tuple[str, str], Scored]
    aggregation: str


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """How verdicts stand to people's labels of the same ``n`` answers; ``who`` is "" for all judges together.

    ``agreement`` is the share that is the same: right or wrong (`verdict.passes`), or of two answers the one, the
    other or neither.
    ``true_positive_rate`` is the share that is judged right of what people call right (of two answers: the first),
    ``true_negative_rate`` what is judged wrong of what they call wrong. What nothing tells is None.
    """

    who: str
    n: int
    agreement: Estimate | None
    kappa: Estimate | None
    true_positive_rate: Estimate | None
    true_negative_rate: Estimate | None
    # Of two answers: the agreement by how they stood, AB and BA, and what the order did to the verdicts on all pairs.
    orders: Mapping[str, Estimate]
    order_effect: OrderEffect | None = None


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What labels say of the judges of a benchmark, as they judged a model's answers.

    ``labels`` counts the answers that have one and a verdict, ``elsewhere`` those of them that are no answers of the
    model in this run, ``divided`` those that people do not agree about, ``foreign`` those in the file with a verdict
    of other judges, or by another prompt; ``policies`` are the hashes of what people went by. ``judged`` is the score
    as it is, ``corrected`` by the labels, with its ``method`` and, of PPI++, the ``power`` with which verdicts count;
    ``uncorrected`` says why there is none. ``why`` says why no gate goes by the score, "" where one does.
    """

    model: str
    benchmark: str
    labels: int
    elsewhere: int
    divided: int
    foreign: int
    policies: Sequence[str]
    together: Agreed | None
    judges: Sequence[Agreed]
    judged: float | None
    corrected: Estimate | None = None
    method: str = ""
    power: float | None = None
    uncorrected: str = ""
    why: str = ""
