"""How far people's labels say that judges are to be believed, in lines and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_modeleval.foreign import one_line
from pytest_modeleval.judging.judged import Agreed, Calibration
from pytest_modeleval.judging.verdict import SHOWN
from pytest_modeleval.reports.columns import decimal, interval
from pytest_modeleval.statistics.means import Estimate


def lines(found: Sequence[Calibration], path: Path | None) -> Iterator[str]:
    """What the labels in a file say of each benchmark's judges, with the score that they correct; none without one."""
    if path is None:
        return
    models = {each.model for each in found}
    for each in found:
        name = one_line(each.benchmark if len(models) == 1 else f"{each.model} {each.benchmark}", 120)
        if not each.labels:
            yield f"{name}: {each.why} (of {path})"
            continue
        # Of one judge's pairs its own line says all of it and more.
        if each.together is not None and (len(each.judges) != 1 or _of(each)):
            yield f"{name}: judges and {_agreed(each.together)}{_of(each)}"
        for judge in each.judges:
            yield f"{name}: {one_line(judge.who, 60)} and {_agreed(judge)}{''.join(_orders(judge))}"
        if each.corrected is not None:
            how = f"{each.method}{'' if each.power is None else f', verdicts count {each.power:.2f}'}"
            yield f"{name}: score {decimal(each.judged)} as judged, {_shown(each.corrected)} by the labels ({how})"
        elif each.uncorrected:
            yield f"{name}: no corrected score: {each.uncorrected}"
        yield f"{name}: no gate goes by it: {each.why}" if each.why else f"{name}: a gate goes by it"


def document(found: Sequence[Calibration]) -> list[dict[str, Any]]:
    """The same as JSON has it."""
    return [asdict(each) for each in found]


def _agreed(found: Agreed) -> str:
    return (
        f"{found.n:,} {'label agrees' if found.n == 1 else 'labels agree'} in {_shown(found.agreement)}, "
        f"kappa {_shown(found.kappa)}, "
        f"true-positive rate {_shown(found.true_positive_rate)}, true-negative rate {_shown(found.true_negative_rate)}"
    )


def _of(found: Calibration) -> str:
    return "".join(
        [
            f"; {found.elsewhere:,} are of other answers" if found.elsewhere else "",
            f"; about {found.divided:,} of the answers people differ" if found.divided else "",
            f"; {found.foreign:,} are of verdicts of another judge or prompt" if found.foreign else "",
            f"; they follow {len(found.policies):,} policies" if len(found.policies) > 1 else "",
        ]
    )


def _orders(found: Agreed) -> Iterator[str]:
    """What the order of two answers did."""
    if found.orders:
        yield "; " + ", ".join(f"{_shown(each)} shown {SHOWN[order]}" for order, each in found.orders.items())
    if (effect := found.order_effect) is not None:
        yield f"; the same in both orders {_shown(effect.consistent)} of {effect.pairs:,} pairs"
        if effect.first_shown is not None:
            yield f", chose the one shown first {_shown(effect.first_shown)}"


def _shown(found: Estimate | None) -> str:
    return "-" if found is None else f"{decimal(found.mean)} {interval(found.low, found.high)}"
