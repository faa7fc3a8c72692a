"""A run that fetches nothing: what Hugging Face's libraries are told of it."""

import sys

import pytest

# They read it as they are imported (huggingface_hub.constants).
OFFLINE = "HF_HUB_OFFLINE"


def stay_offline(config: pytest.Config) -> None:
    """Have models, tokenizers and their code come from this machine alone, until pytest ends."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setenv(OFFLINE, "1")
    if (constants := sys.modules.get("huggingface_hub.constants")) is not None:
        patch.setattr(constants, OFFLINE, True)
