"""Trials that wait for their turn without the pictures of their samples."""

from dataclasses import dataclass, replace

from pytest_modeleval.asking.trial import Trial, first_request
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.sample import Sample, SampleError
from pytest_modeleval.store.addresses import digested
from pytest_modeleval.store.rows import UNDER_EVALUATION


@dataclass
class Shelved:
    """A sample's trial without its texts and pictures, while it waits for its turn: its row gives them again.

    Reports are slower than answers, so that thousands may wait, and of pictures each is half a megabyte.
    """

    trial: Trial
    ref: SampleRef
    asked: str

    @classmethod
    def of(cls, trial: Trial, ref: SampleRef) -> "Trial | Shelved":
        """The trial on its shelf, where its sample shows pictures and nothing was asked but its prompt."""
        if not trial.sample.pictures or len(trial.requests[UNDER_EVALUATION]) > 1:
            return trial
        shelved = cls(trial, ref, repr(digested(trial.sample.messages)))
        trial.sample = Sample("", "")
        trial.requests.clear()
        trial.answers = [replace(answer, messages=()) for answer in trial.answers]
        return shelved

    def taken(self) -> Trial:
        """The trial as it was; `SampleError` where the row gives another sample than the one that was asked."""
        trial, sample = self.trial, self.ref.source.sample(self.ref.subset, self.ref.row)
        if repr(digested(sample.messages)) != self.asked:
            raise SampleError("its row gave another prompt when it was read again: to_sample is to give the same one")
        trial.sample = sample
        if trial.answers:
            request = first_request(sample, self.ref)
            trial.requests[UNDER_EVALUATION].append(request)
            trial.answers = [replace(answer, messages=tuple(request.messages)) for answer in trial.answers]
        return trial
