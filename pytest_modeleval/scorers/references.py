"""What an answer is compared with: one text, or several of which one will do."""

from collections.abc import Sequence


def listed(references: str | Sequence[str]) -> Sequence[str]:
    """The texts; a single one is one of them, and not its letters."""
    return [references] if isinstance(references, str) else references
