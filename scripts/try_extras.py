"""Resolve the extra `all` as pip would install it into an empty environment today, and refuse what would spoil one.

python scripts/try_extras.py
"""

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
# What models run on: `all` must leave the release that each has when it is installed alone.
NEWEST = ("openai", "torch", "transformers")
# Heavy, and built for one release of torch: nothing here needs them.
UNWANTED = {"torchvision", "torchaudio"}


def resolved(*wanted: str) -> dict[str, str]:
    """The release of each package that pip would install; nothing is installed."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    done = subprocess.run([*command, *wanted], stdout=subprocess.PIPE, text=True, check=True)
    found = [each["metadata"] for each in json.loads(done.stdout)["install"]]
    return {each["name"].lower().replace("_", "-"): each["version"] for each in found}


def main() -> None:
    """Exit with a message unless all extras fit beside each other."""
    together, alone = resolved(f"{CHECKOUT}[all]"), resolved(*NEWEST)
    print(f"{len(together)} packages, among them {', '.join(f'{name} {together.get(name)}' for name in NEWEST)}")
    if unwanted := sorted(UNWANTED & together.keys()):
        raise SystemExit(f"the extra all brings {', '.join(unwanted)}")
    for name in NEWEST:
        if together[name] != alone[name]:
            raise SystemExit(f"the extra all holds {name} at {together[name]}, and the newest is {alone[name]}")


if __name__ == "__main__":
    main()
