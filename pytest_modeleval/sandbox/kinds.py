"""The kinds of sandbox, and which one a run has."""

import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pluggy
import pytest

from pytest_modeleval.sandbox.boxed import open_bwrap, open_container, open_macos, open_none
from pytest_modeleval.sandbox.process import open_process
from pytest_modeleval.sandbox.program import OpenSandbox, SandboxError

# What opens each, or says what it tried in vain, with the system's answers.
_Opener = Callable[[str], Awaitable[tuple[OpenSandbox | None, Sequence[str]]]]
KINDS: Mapping[str, _Opener] = {
    "process": open_process,
    "bwrap": open_bwrap,
    "docker": partial(open_container, "docker"),
    "podman": partial(open_container, "podman"),
    "macos": open_macos,
    "none": open_none,
}
# Those that an image is named of: podman:IMAGE.
_WITH_IMAGES = ("docker", "podman")
# Those that may be had where another cannot.
_OTHERS = ("process", "docker", "podman", "bwrap")
_NEEDED = ("name", "run", "tool", "session", "close")


class UnknownKind(Exception):
    """Nothing here, and no conftest, opens a sandbox of this kind."""


def default_kind() -> str:
    """What runs programs where nobody says otherwise."""
    return "macos" if platform.system() == "Darwin" else "process"


def is_kind(kind: str) -> bool:
    """Whether it is one of `KINDS`, with an image where it may have one."""
    name, colon, image = kind.partition(":")
    return name in KINDS and (not colon or (name in _WITH_IMAGES and bool(image)))


async def open_sandbox(kind: str, hook: pluggy.HookRelay, python: Path | None = None) -> OpenSandbox:
    """The sandbox of a kind, tried out, and never another kind.

    `pytest.UsageError` for one that is not to be had, `UnknownKind` for one that nobody opens.
    """
    if not is_kind(kind):
        return _own(kind, hook)
    name, _, image = kind.partition(":")
    opener = partial(open_process, python=python) if name == "process" else KINDS[name]
    try:
        sandbox, tried = await opener(image)
    except SandboxError as error:
        raise pytest.UsageError(str(error)) from None
    if sandbox is None:
        raise pytest.UsageError(f"no sandbox for programs that a model wrote. {'; '.join(tried)}. {_remedies(name)}")
    return sandbox


def _remedies(kind: str) -> str:
    """What to do where a kind cannot be had: it is not named again."""
    *others, last = [other for other in _OTHERS if other != kind]
    given = "a kernel of Linux 5.13 or newer with Landlock" if kind == "process" else "what it lacks"
    return (
        f"Give it {given}, or --eval-sandbox {', '.join(others)} or {last}; --eval-sandbox none runs programs without "
        "any protection"
    )


def _own(kind: str, hook: pluggy.HookRelay) -> OpenSandbox:
    try:
        sandbox: Any = hook.pytest_modeleval_open_sandbox(kind=kind)
    except Exception as error:
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise pytest.UsageError(f"--eval-sandbox {kind}: pytest_modeleval_open_sandbox raised {why}") from error
    if sandbox is None:
        raise UnknownKind(kind)
    if lacking := [name for name in _NEEDED if not hasattr(sandbox, name)]:
        raise pytest.UsageError(
            f"--eval-sandbox {kind}: {type(sandbox).__name__}, which pytest_modeleval_open_sandbox gave, has no "
            f"{', '.join(lacking)}"
        )
    return sandbox  # type: ignore[no-any-return]
