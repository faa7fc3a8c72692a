"""The Python that programs run in: this one, or another that the user names."""

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_modeleval.sandbox.program import SandboxError

# What the server's side is written for.
_OLDEST = (3, 10)
_TELL = "import json, sys; print(json.dumps([sys.version_info[:3], sys.prefix, sys.path]))"
_PATIENCE = 60.0


@dataclass(frozen=True)
class Interpreter:
    """A Python and the folders of its packages; ``name`` is what a program's outcome depends on of it."""

    path: str
    prefix: str
    packages: Sequence[str]
    name: str

    @classmethod
    def own(cls) -> "Interpreter":
        """That of this process."""
        name = ".".join(platform.python_version_tuple()[:2])
        return cls(sys.executable, sys.prefix, _packages(sys.path), name)

    @classmethod
    def at(cls, path: Path) -> "Interpreter":
        """The one that a user named; `SandboxError` for what is none, or too old."""
        if not path.exists():
            raise SandboxError(f"sandbox_python: there is no {path}")
        try:
            told = subprocess.run([path, "-I", "-c", _TELL], capture_output=True, timeout=_PATIENCE, check=True).stdout
            version, prefix, folders = json.loads(told)
        except subprocess.CalledProcessError as error:
            raise _no_python(path, f"it ended with status {error.returncode}{_last_line(error.stderr)}") from None
        except subprocess.TimeoutExpired:
            raise _no_python(path, f"it gave nothing within {_PATIENCE:.0f} s") from None
        except (OSError, ValueError, TypeError) as error:
            raise _no_python(path, str(error)) from None
        if tuple(version) < _OLDEST:
            raise SandboxError(
                f"sandbox_python: {path} is Python {'.'.join(map(str, version))}, and programs run in 3.10 or newer"
            )
        packages = _packages(folders)
        return cls(str(path), prefix, packages, f"{'.'.join(map(str, version))} {_digest(packages)}")


def _no_python(path: Path, why: str) -> SandboxError:
    return SandboxError(f"sandbox_python: {str(path)!r} does not run as a Python: {why}")


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").split("\n")
    return next((f": {line.strip()}" for line in reversed(lines) if line.strip()), "")


def _packages(folders: Sequence[str]) -> Sequence[str]:
    return tuple(folder for folder in folders if Path(folder).name in ("site-packages", "dist-packages"))


def _digest(packages: Sequence[str]) -> str:
    """What tells one set of installed distributions from another."""
    found = sorted(path.name for folder in packages for path in Path(folder).glob("*-info"))
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:16]
