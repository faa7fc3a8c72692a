"""What models, servers and files say, as text that a terminal shows and never obeys."""


def harmless(text: str) -> str:
    r"""The text with every character that is no sign written out, as ``\x1b`` is for ESC; line ends and tabs are kept.

    Control characters, marks that turn the direction of writing and halves of surrogate pairs are such.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode("ascii") for char in text
    )


def one_line(text: str, most: int = 1000) -> str:
    """The text on one line, harmless, and not longer than this."""
    line = harmless(" ".join(text[: 2 * most].split()))
    return line if len(line) <= most else f"{line[: most - 2]} …"


def reason(error: BaseException, most: int = 300) -> str:
    """What another's library says went wrong, on one line, or the kind of error where it says nothing."""
    return one_line(str(error), most) or type(error).__name__


def unreached(error: BaseException) -> str:
    """Why a library did not come to its server: the system's own word where one lies below, else `reason`.

    What stands above it names classes and addresses of the library.
    """
    below = error
    while (under := below.__cause__ or below.__context__) is not None:
        below = under
    return reason(below if isinstance(below, OSError) else error)
