"""Where a run's programs ran, and what ran those of each language: a section of its results."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_modeleval.results.finished import GateLine

_UNPROTECTED = "programs ran in the sandbox none, without any protection"


@dataclass(frozen=True)
class Programs:
    """What ran programs, by language, with its version; ``lacking`` says why no program in a language was run."""

    sandbox: str
    tools: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Nothing: it stands beside a run's scores."""
        return ""

    def document(self) -> Mapping[str, object]:
        """The sandbox's kind, tools and reasons by language."""
        told = {"sandbox": self.sandbox, "tools": dict(self.tools), "lacking": dict(self.lacking)}
        return {"programs": told}

    def tables(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """None."""
        return {}

    def gate(self) -> Iterable[GateLine]:
        """Nothing is judged."""
        return ()

    def figures(self) -> Iterable[tuple[str, Mapping[str, float]]]:
        """None."""
        return ()

    def notes(self) -> Iterable[str]:
        """That nothing protected the machine."""
        return [_UNPROTECTED] if self.sandbox == "none" and self.tools else []

    def plots(self) -> Mapping[str, str]:
        """None."""
        return {}

    def plus(self, tools: Mapping[str, str], lacking: Mapping[str, str]) -> "Programs":
        """With what another process ran."""
        return Programs(self.sandbox, {**self.tools, **tools}, {**self.lacking, **lacking})
