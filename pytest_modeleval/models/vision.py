"""Pictures for a model in this process: read out of their addresses, and the libraries that processors need."""

import base64
import importlib
import io
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.foreign import reason
from pytest_modeleval.sample import SampleError

if TYPE_CHECKING:
    from PIL.Image import Image

_WHITE = (255, 255, 255)


def picture_of(address: str) -> "Image":
    """The picture in a ``data:`` address as RGB, upright, where it is see-through on white, as vLLM gives it to models.

    `SampleError` for another address, which is not fetched, and for what is no picture.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    head, _, data = address.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64")):
        raise SampleError(f"a picture is at {address:.80}, which is not fetched: give it as a data: address")
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(base64.b64decode(data))))
        if not image.has_transparency_data:
            return image.convert("RGB")
        see_through = image.convert("RGBA")
        ground = Image.new("RGB", image.size, _WHITE)
        ground.paste(see_through, mask=see_through.getchannel("A"))
        return ground
    except UnidentifiedImageError:
        raise SampleError(f"a picture cannot be read; its address begins with {address[:60]!r}") from None
    # Pillow's own errors, and those of the formats that it reads.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise SampleError(f"a picture cannot be read: {reason(error)}") from None


def why_blind(error: BaseException, torch_version: str) -> str:
    """Why a model's processor cannot be had, with the command that mends it where a library is missing."""
    if find_spec("PIL") is None:
        return "pictures need Pillow: pip install 'pytest-modeleval[images]'"
    if find_spec("torchvision") is None and "torchvision" in str(error).lower():
        return f"its processor needs torchvision: {_install_torchvision(torch_version)}"
    return f"its processor cannot be loaded: {reason(error)}"


def refuse_other_torchvision(torch_version: str) -> None:
    """`pytest.UsageError` where torchvision is there and of another build than torch: transformers imports no model."""
    if find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
    except (RuntimeError, ImportError, OSError, AttributeError) as error:
        try:
            number = version("torchvision")
        except PackageNotFoundError:
            number = "?"
        raise pytest.UsageError(
            f"torchvision {number} is of another build than torch {torch_version} ({reason(error, 100)}), and "
            "transformers imports no model with it: pip uninstall torchvision, and for models that need it then "
            f"{_install_torchvision(torch_version)}"
        ) from None


def _install_torchvision(torch_version: str) -> str:
    """The command for the one of torch's own build, such as ``+cpu``, which leaves torch as it is."""
    number, _, build = torch_version.partition("+")
    where = f" --index-url https://download.pytorch.org/whl/{build}" if build else ""
    return f"pip install torchvision torch=={number}{where}"
