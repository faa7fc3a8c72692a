"""Drawings as SVG texts, in the colours of the page, in the light and in the dark: the same data give the same text."""

import html
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

SERIES = 7
# Okabe and Ito's colours for all kinds of sight (2008), darkened on white and lightened on black: those of words have
# a contrast of at least 4.5 to their ground, those of a plot's series, s0 and on, of at least 3 (WCAG 2.1).
_COLOURS = ("ground", "raised", "ink", "quiet", "line", "link", "mark", "right", "wrong", "error", "open")
_SERIES = [f"s{number}" for number in range(SERIES)]
_LIGHT = """
    #ffffff #f4f6f8 #1b1f24 #59636e #d5dae0 #0550ae #dbeafe #00664a #a63c00 #8a2a6b #6b5900
    #0072b2 #c04f00 #00805c #b4528c #a06a00 #3a8fc4 #1b1f24
"""
_DARK = """
    #14171b #1e232a #e6e9ed #9aa4b0 #363d46 #79b8ff #1c3350 #4fd0a5 #ff9a5c #eda0d3 #e6cf5a
    #58a6e0 #ff8a3d #2fc08f #e08bbd #e6b022 #9bd3f5 #e6e9ed
"""
LIGHT, DARK = (dict(zip((*_COLOURS, *_SERIES), each.split(), strict=True)) for each in (_LIGHT, _DARK))
# Pixels: as wide as a phone shows it, so that its texts are read there too.
WIDE, _SIZE = 400, 13
# Of a character, on average, in a system's font of that size.
_ADVANCE = 6.9
# By the series, so that print and any sight tell them apart.
_DASHES = ("", "7 3", "2 3", "8 3 2 3", "12 3", "8 3 2 3 2 3", "1 4")
_MARKERS = (
    *("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-3.5-3.5h7v7h-7z", "M0-4.5L4.5 3.5h-9z", "M0-5L5 0L0 5L-5 0z"),
    *("M-4.5-3.5h9L0 4.5z", "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z", "M-4-2L-2-4L4 2L2 4z"),
)


class Scale(NamedTuple):
    """Where values from ``low`` to ``high`` stand, in pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value; where there is but one, the middle."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, most: int) -> list[float]:
        """Round numbers from one end to the other, about so many."""
        step = rounded_up((self.high - self.low) / most)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [step * number for number in range(first, last + 1)]


def rounded_up(number: float) -> float:
    """The next 1, 2 or 5 with noughts behind it or before it."""
    if not 0 < number < math.inf:
        return 1.0
    power = 10.0 ** math.floor(math.log10(number))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= number * (1 - 1e-9))


class Drawing:
    """A picture, ``WIDE`` pixels wide, to which lines, marks and texts are added; a foreign text is never markup."""

    def __init__(self, title: str) -> None:
        self._title = plain(title)
        self._parts: list[str] = []
        self.text(0, 16, title, kind="title")

    def text(self, x: float, y: float, text: str, *, anchor: str = "start", kind: str = "") -> None:
        """A text on one line, cut in its middle where the picture has no room for it, and moved into the picture."""
        shown = short(text, WIDE)
        before = {"start": 0.0, "middle": length(shown) / 2, "end": length(shown)}[anchor]
        x = round(max(before, min(x, WIDE - length(shown) + before)), 1)
        self._parts.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{kind}">{html.escape(shown)}</text>'
        )

    def path(self, path: str, kind: str, *, series: int | None = None, dashes: str = "") -> None:
        """A path in the colour of a series, or of what it is."""
        colour = f" s{series % SERIES}" if series is not None else ""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(f'<path d="{path}" class="{kind}{colour}"{dashed}/>')

    def curve(self, points: Sequence[tuple[float, float]], series: int) -> None:
        """A series' line through points."""
        if points:
            path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
            self.path(path, "curve", series=series, dashes=_DASHES[series % SERIES])

    def mark(self, x: float, y: float, series: int) -> None:
        """A series' mark."""
        number = series % SERIES
        self._parts.append(f'<path d="{_MARKERS[number]}" transform="translate({x:g} {y:g})" class="s{number}"/>')

    def square(self, x: float, y: float, size: float, share: float) -> None:
        """A square whose colour says how far a share is from a half, and on which side."""
        strength = round(abs(share - 0.5) * 1.2, 2)
        where = f'x="{x + 1:g}" y="{y + 1:g}" width="{size - 2:g}" height="{size - 2:g}"'
        self._parts.append(f'<rect {where} class="s{int(share < 0.5)}" fill-opacity="{strength:g}" stroke="none"/>')

    def legend(self, names: Sequence[str], top: float) -> float:
        """The series' names with their marks, from ``top`` on, and where what follows begins; none for one series."""
        if len(names) < 2:
            return top
        x, y = 6.0, top + 12
        for series, name in enumerate(names):
            shown = short(name, WIDE - 20)
            wide = 20 + length(shown)
            if x > 6 and x + wide > WIDE:
                x, y = 6.0, y + 18
            self.mark(x, y - 4, series)
            self.text(x + 10, y, shown, kind="small")
            x += wide + 8
        return y + 8

    def svg(self, height: float) -> str:
        """The whole, as tall as that."""
        size = f'width="{WIDE}" height="{height:g}" viewBox="0 0 {WIDE} {height:g}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"><title>{html.escape(self._title)}</title>'
        dark = f"@media screen and (prefers-color-scheme:dark){{{_style(DARK)}}}"
        style = f"<style>{_style(LIGHT)}{_SHAPES}{dark}</style>"
        return f'{head}{style}<rect width="100%" height="100%" class="ground"/>{"".join(self._parts)}</svg>\n'


# A text's rim, in the colour of the ground, keeps lines from running through it.
_SHAPES = (
    f"text{{font:{_SIZE}px system-ui,sans-serif;paint-order:stroke;stroke-width:4px;stroke-linejoin:round}}"
    ".title{font-weight:600}.small,.tick{font-size:12px}"
    ".grid,.axis{stroke-width:1;fill:none}.curve{stroke-width:2}.band{fill-opacity:.2}"
)


def _style(colours: Mapping[str, str]) -> str:
    """The colours of what is drawn, each by itself: not every viewer of SVG knows variables."""
    rules = [
        f".ground{{fill:{colours['ground']}}}text{{fill:{colours['ink']};stroke:{colours['ground']}}}",
        f".tick{{fill:{colours['quiet']}}}.grid{{stroke:{colours['line']}}}.axis{{stroke:{colours['quiet']}}}",
        *(f".s{n}{{stroke:{colours[f's{n}']};fill:{colours[f's{n}']}}}" for n in range(SERIES)),
    ]
    return "".join([*rules, ".curve{fill:none}"])


def variables() -> str:
    """The colours as the page's own variables: light, and dark for who wants that."""
    light, dark = ("".join(f"--{name}:{colour};" for name, colour in each.items()) for each in (LIGHT, DARK))
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def plain(text: str) -> str:
    """The text without what XML cannot hold and what moves a cursor, on one line."""
    return "".join(char if char.isprintable() and not "\ud800" <= char <= "\udfff" else "\ufffd" for char in text)


def length(text: str) -> float:
    """About how many pixels a text takes."""
    return _ADVANCE * sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def short(text: str, wide: float) -> str:
    """The text in so many pixels, cut in its middle."""
    shown = plain(text)
    if length(shown) <= wide:
        return shown
    most = int(wide / _ADVANCE)
    cut = (f"{shown[: kept * 2 // 3]}…{shown[len(shown) - kept // 3 :]}" for kept in range(most, 0, -1))
    return next((each for each in cut if length(each) <= wide), "…")


def amount(number: float) -> str:
    """A number at an axis: 0.25, 1,500, 20k."""
    for least, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= least:
            return f"{number / (1e3 if unit == 'k' else least):.4g}{unit}"
    return f"{float(f'{number:.6g}'):,.10g}"
