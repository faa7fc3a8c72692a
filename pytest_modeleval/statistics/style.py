"""Ratings that the style of answers does not sway: what differs in style, as columns of comparisons."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from pytest_modeleval.statistics.bradley_terry import Comparison


class Style(NamedTuple):
    """What of an answer's style counts: numbers of tokens, headers, list items and bold passages."""

    tokens: int
    headers: int
    list_items: int
    bold: int


# The columns' names, in the order of `style_difference`.
STYLE = ("length", "headers", "list items", "bold")


def style_difference(one: Style, two: Style) -> tuple[float, ...]:
    """How much more of each the one has, between -1 and 1, as Arena-Hard's style control does.

    The length relative to the sum of both; of the others the number per token, d, as (d−d′)/(d+d′+1).
    """
    length = (one.tokens - two.tokens) / ((one.tokens + two.tokens) or 1)
    densities = [(a / (one.tokens + 1), b / (two.tokens + 1)) for a, b in zip(one[1:], two[1:], strict=True)]
    return (length, *((a - b) / (a + b + 1) for a, b in densities))


def with_style(
    comparisons: Sequence[Comparison], styles: Sequence[tuple[Style, Style]]
) -> tuple[list[Comparison], tuple[str, ...]]:
    """The comparisons with the differences of their answers' styles as further columns, and these columns' names.

    `bradley_terry` of both gives the ratings at equal style. A column is divided by its root mean square, so that its
    coefficient is that of a usual difference, and the same whichever model is named first. Nothing is subtracted: with
    the mean taken out, as FastChat and Arena-Hard do, what one model's answers are longer than the other's on average
    would stay in its rating. What differs nowhere is left out.
    """
    rows = [style_difference(one, two) for one, two in styles]
    sizes = [math.sqrt(math.fsum(value * value for value in column) / len(rows)) for column in zip(*rows, strict=True)]
    kept = [(place, size) for place, size in enumerate(sizes) if size > 0]
    found = [
        each._replace(columns=(*each.columns, *(row[place] / size for place, size in kept)))
        for each, row in zip(comparisons, rows, strict=True)
    ]
    return found, tuple(STYLE[place] for place, _ in kept)
