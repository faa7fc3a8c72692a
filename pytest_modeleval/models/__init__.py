"""Ways to reach a model, one module a way; each is opened only when a question needs it."""

from typing import Protocol

from pytest_modeleval.requests import Request
from pytest_modeleval.sample import Completion


class Model(Protocol):
    """What answers. Errors: `SampleError` (this request only), `Unavailable` (ask again), `StopRun` (never again)."""

    @property
    def answers(self) -> frozenset[type[Request]]:
        """The kinds of request that it answers; no other is put to it."""

    @property
    def concurrency(self) -> int | None:
        """The requests worth having in flight at once; None when that is to be found out."""

    async def check(self, kind: type[Request]) -> None:
        """Prove cheaply that the model answers, before the first request, which is of this kind; or raise `StopRun`."""

    async def answer(self, request: Request) -> Completion:
        """The answer to one request: `Completion` to a chat, `LogLikelihoods`, `Embeddings`, `Ranking`, `Pictures`."""

    async def close(self) -> None:
        """Let go of connections and memory."""


class Unavailable(Exception):
    """No answer this time: a time-out, a 5xx, a broken stream or a rate limit."""

    def __init__(self, why: str, *, rate_limited: bool = False, retry_after: float | None = None):
        super().__init__(why)
        self.rate_limited = rate_limited
        self.retry_after = retry_after
