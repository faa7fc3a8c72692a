"""Foreign texts as text in HTML: whatever a model wrote, it is shown and never obeyed."""

import base64
import binascii
import html
import re

# The most of one text that is shown; the store has all of it.
MOST = 100_000
_TAIL = 20_000
# What a terminal or a reader's browser would obey: control characters as their pictures, the rest and the marks that
# turn the direction of writing by their numbers.
_SHOWN = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"}
_SHOWN |= {0x7F: "\u2421"}
_TURNING = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN |= {code: f"⟨U+{code:04X}⟩" for code in (*range(0x80, 0xA0), *_TURNING)}
_SURROGATE = re.compile("[\ud800-\udfff]")
# Pictures that a page may show from its own text: no SVG, which can hold scripts.
_IMAGE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)")


def visible(text: str) -> str:
    """The text with control characters as pictures and U+FFFD for broken surrogates, cut in its middle when long."""
    if len(text) > MOST:
        left_out = len(text) - MOST
        said = f"\n\n[… {left_out:,} characters are left out here; the run store has them …]\n\n"
        text = text[: MOST - _TAIL] + said + text[-_TAIL:]
    return _SURROGATE.sub("\ufffd", text.translate(_SHOWN))


def escaped(text: str) -> str:
    """The text as HTML shows it."""
    return html.escape(visible(text))


def image(url: str) -> str:
    """An image of a data URL as an element of its own; "" for any other URL, which would be fetched."""
    found = _IMAGE.fullmatch(url)
    if found is None:
        return ""
    try:
        content = base64.b64decode(found[2], validate=False)
    except (binascii.Error, ValueError):
        return ""
    return f'<img alt="image" src="data:{found[1]};base64,{base64.b64encode(content).decode()}">'
