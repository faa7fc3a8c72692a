"""What a conftest.py may implement."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_modeleval.models import Model
    from pytest_modeleval.models.spec import ModelSpec


@pytest.hookspec(firstresult=True)
def pytest_modeleval_open_model(spec: "ModelSpec") -> "Model | None":
    """Open a model of an ``api`` of your own; return None for every other.

    ::

        def pytest_modeleval_open_model(spec):
            if spec.api == "mine":
                return MyModel(spec.model, **spec.args)
    """
