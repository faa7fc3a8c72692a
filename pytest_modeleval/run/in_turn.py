"""What pytest runs in an item's own turn: its answer is waited for, its body run, its arguments made."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from pytest_modeleval.asking.given import ROLE_OF, BlockingModel, ModelElsewhere
from pytest_modeleval.asking.prefetch import Prefetch
from pytest_modeleval.asking.programs import AskedSandbox, BlockingSandbox
from pytest_modeleval.asking.trial import Trial
from pytest_modeleval.items.collect import selected
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.sample import Completion


class InTurn:
    """The engine as an item sees it; a process that asks nothing has no ``prefetch``."""

    def __init__(self, models: Sequence[ModelSpec], roles: Mapping[str, Sequence[ModelSpec]]) -> None:
        self.prefetch: Prefetch | None = None
        self._models, self._roles = models, roles

    @property
    def in_flight(self) -> int:
        """The samples that are being asked in this process."""
        return self.prefetch.in_flight if self.prefetch else 0

    @property
    def talks(self) -> tuple[int, int]:
        """The conversations with tools that are under way in this process, and their turns."""
        return self.prefetch.talks if self.prefetch else (0, 0)

    @property
    def programs(self) -> int:
        """The programs that run in this process' sandbox, or wait for a core."""
        return self.prefetch.programs if self.prefetch else 0

    def wait_for(self, item: pytest.Item, tick: Callable[[], None]) -> None:
        """Wait for an item's answer before pytest runs it; end the run when nothing more can be asked."""
        if self.prefetch is not None:
            self.prefetch.wait_for(item, tick)

    def run_body(self, item: pytest.Function) -> bool:
        """Run an async body, or take how it ended when it ran ahead; False for a body that pytest runs itself."""
        return self.prefetch is not None and self.prefetch.run_body(item)

    def model_for(self, item: pytest.Function, name: str | None) -> ModelElsewhere | BlockingModel:
        """The model for an item; the run's first where none is named."""
        if self.prefetch is None:
            pytest.skip("nothing is asked in this run")
        return self.prefetch.model_for(item, name or self._models[0].name)

    def role_for(self, item: pytest.Function, name: str) -> Any:
        """What an item takes by the name of a role's argument."""
        if self.prefetch is None or not (selected(item) or self._roles.get(ROLE_OF[name])):
            pytest.skip(f"nobody has this role in this run: --model {ROLE_OF[name]}=NAME")
        return self.prefetch.role_for(item, name)

    def sandbox_for(self, item: pytest.Function) -> AskedSandbox | BlockingSandbox:
        """The sandbox for an item."""
        if self.prefetch is None:
            pytest.skip("no program is run in this run")
        return self.prefetch.sandbox_for(item)

    def ask_prompt(self, item: pytest.Function, trial: Trial) -> Completion:
        """The answer to an item's prompt."""
        if self.prefetch is None:
            pytest.skip("nothing is asked in this run")
        return self.prefetch.ask_prompt(item, trial)
