"""People's votes, which judge battles and answer nothing that is asked in words: ``votes:FILE``."""

from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Request
from pytest_modeleval.sample import Completion, StopRun


class VotesModel:
    """Stands for the votes where a model is wanted; battles look them up (`judging.votes`)."""

    answers: frozenset[type[Request]] = frozenset()
    concurrency = None

    def __init__(self, spec: ModelSpec) -> None:
        self._name = spec.name

    async def check(self, kind: type[Request]) -> None:
        """Nothing to prove."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def answer(self, request: Request) -> Completion:
        """Nothing: `StopRun`."""
        raise StopRun(f"{self._name} holds votes, and answers no {request.gives}")
