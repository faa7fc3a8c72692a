"""Foreign texts in a terminal."""

import pytest

from pytest_modeleval.foreign import harmless, one_line, reason


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 北京, naïve 👍", "plain, 北京, naïve 👍"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]52;c;ZXZpbA==\x07", r"\x1b]52;c;ZXZpbA==\x07"),
        ("a\u202eb\u2066c\u200fd\u061ce", r"a\u202eb\u2066c\u200fd\u061ce"),
        ("\x9b2J\x00\x7f\r", r"\x9b2J\x00\x7f\r"),
        ("half \ud83d", r"half \ud83d"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_one_line_is_one_line_of_a_bounded_length() -> None:
    assert one_line("a\n\tb\r\n  c\x07") == r"a b c\x07"
    assert one_line("x" * 10_000_000, 20) == "x" * 18 + " …"


def test_an_error_without_words_is_told_by_its_kind() -> None:
    assert reason(OSError("no\n room\x07")) == r"no room\x07"
    assert reason(TimeoutError()) == "TimeoutError"
