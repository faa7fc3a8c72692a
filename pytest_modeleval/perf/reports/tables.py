"""Load tests as texts: tables over all loads, and what is said of each."""

from collections.abc import Iterator, Sequence

from pytest_modeleval.perf.figures.definitions import SPREADS
from pytest_modeleval.perf.figures.figures import Figures
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.speed import Speed
from pytest_modeleval.perf.verdict.search import Find, Found, Knee
from pytest_modeleval.perf.wording import amount, failures, rounded, said, time
from pytest_modeleval.reports.columns import aligned

_COLUMNS = (50, 90, 95, 99, 99.9)


def lines(all_measured: Sequence[Measured]) -> Iterator[str]:
    """Every table."""
    yield from summary(all_measured)
    yield ""
    yield from measurement(all_measured)
    for name, measured in zip(names(all_measured), all_measured, strict=True):
        figures, said_of_it = percentiles(name, measured), remarks(measured)
        if figures or said_of_it:
            yield from ("", *(figures or [name]), *said_of_it)
    if best := list(best_points(all_measured)):
        yield ""
        yield from best


def summary(all_measured: Sequence[Measured]) -> list[str]:
    """One line a load."""
    rows = summary_cells(all_measured)
    return aligned(rows, [False, *[True] * (len(rows[0]) - 1)])


def summary_cells(all_measured: Sequence[Measured]) -> list[list[str]]:
    """The columns' titles, then a load's main figures each."""
    head = ["load", "requests", "errors", "req/s", "tok/s", "TTFT p50", "p99", "TPOT p50", "p99", "latency p50", "p99"]
    has_slo = any(measured.slo.conditions for measured in all_measured)
    rows = [[*head, *(["goodput", "SLO"] if has_slo else [])]]
    for name, measured in zip(names(all_measured), all_measured, strict=True):
        found = measured.figures
        row = [name, f"{found.sent:,}", f"{found.failed:,}", rounded(found.rate("request_rate"))]
        row.append(rounded(found.rate("output_rate")))
        for figure in ("ttft", "tpot", "latency"):
            spread = found.spreads.get(figure)
            row += [time(spread.percentile(50)), time(spread.percentile(99))] if spread else ["-", "-"]
        if has_slo:
            share = found.share("goodput")
            row += [
                "-" if share is None else f"{share:.1%}",
                measured.word(measured.result) if measured.verdicts else "-",
            ]
        rows.append(row)
    return rows


def measurement(all_measured: Sequence[Measured]) -> list[str]:
    """What each load says of the measurement itself."""
    rows = [
        [
            "the client",
            "lag p99",
            "clumped",
            "CPU",
            "sent late p99",
            "in flight",
            "asked",
            "rate",
            "asked",
            "cached",
            "",
        ]
    ]
    for name, measured in zip(names(all_measured), all_measured, strict=True):
        client = measured.loads[-1].client
        asked = client.parallel_asked
        rows.append(
            [
                name,
                "-" if client.lag is None else time(client.lag),
                f"{client.clumped:.2%}",
                f"{client.cpu:.0%}",
                time(client.schedule_lag),
                rounded(client.parallel),
                "-" if asked is None else str(asked),
                rounded(client.rate),
                "-" if client.rate_asked is None else rounded(client.rate_asked),
                "-" if measured.figures.cached is None else f"{measured.figures.cached:.1%}",
                "INVALID" if measured.invalid else "valid",
            ]
        )
    return aligned(rows, [False, *[True] * 9, False])


def percentiles(name: str, measured: Measured) -> list[str]:
    """The distribution of each figure of a load of this name; nothing where no request has one."""
    found = measured.figures
    if not found.spreads:
        return []
    rows = [[name, "mean", *(f"p{p:g}" for p in _COLUMNS), "min", "max"]]
    for figure in SPREADS:
        if (spread := found.spreads.get(figure)) and not (figure == "ttfa" and not _reasons(found)):
            values = [spread.mean, *(spread.percentile(p) for p in _COLUMNS), spread.min, spread.max]
            rows.append([figure, *(amount(figure, value) for value in values)])
    return aligned(rows, [False, *[True] * (len(rows[0]) - 1)])


def remarks(measured: Measured) -> list[str]:
    """What there is to be known of a load beside its figures: verdicts, failures, and what was not measured."""
    found = measured.figures
    lines_ = [f"{measured.word(verdict.result)}: {said(verdict)}" for verdict in measured.verdicts]
    lines_ += [f"INVALID: {why}" for why in measured.invalid]
    if found.errors:
        lines_.append(f"failed: {failures(measured)}")
    others = [f"{count:,} by {source}" for source, count in found.counted_by.items()]
    if others and set(found.counted_by) != {"usage"}:
        lines_.append(f"tokens counted: {', '.join(others)}")
    if found.steady:
        seconds, requests, tokens = found.steady
        lines_.append(
            f"while all streams were busy ({rounded(seconds)} s): {rounded(requests)} req/s, {rounded(tokens)} tok/s"
        )
    if measured.floor:
        floors = ", ".join(f"{figure} {time(value)}" for figure, value in measured.floor.items())
        lines_.append(f"this machine's floor (p99): {floors}")
    lines_ += [
        f"ended early: {load.stopped}, {load.unfinished} on their way" for load in measured.loads if load.stopped
    ]
    lines_ += [f"{load.dropped} turns not sent: an earlier one failed" for load in measured.loads if load.dropped]
    return lines_


def _reasons(found: Figures) -> bool:
    """Whether the first answer came after the first token."""
    answered = found.spreads.get("ttfa")
    return answered is not None and answered.mean > found.spreads["ttft"].mean


def best_points(all_measured: Sequence[Measured]) -> Iterator[str]:
    """The load with the highest throughput, that with the shortest latency, and the highest that keeps the SLO."""
    trusted = [m for m in all_measured if not m.invalid and m.figures.succeeded]
    if len(trusted) < 2:
        return
    most = max(trusted, key=lambda m: (m.figures.rate("output_rate"), m.figures.rate("request_rate")))
    tokens, requests = most.figures.rate("output_rate"), most.figures.rate("request_rate")
    yield f"highest throughput: {name_of(most, all_measured)} ({rounded(requests)} req/s, {rounded(tokens)} tok/s)"
    least = min(trusted, key=lambda m: m.figures.spreads["latency"].percentile(50))
    latency = least.figures.spreads["latency"].percentile(50)
    yield f"shortest latency: {name_of(least, all_measured)} (p50 {time(latency)})"
    keeping = [m for m in trusted if m.verdicts and m.result.value == "passed"]
    if keeping:
        best = max(keeping, key=lambda m: m.figures.rate("request_rate"))
        requests = best.figures.rate("request_rate")
        yield f"highest throughput that keeps the SLO: {name_of(best, all_measured)} ({rounded(requests)} req/s)"


def answer(name: str, find: Find, found: Found | Knee) -> str:
    """What a search found, with its uncertainty."""
    test = name.rpartition("::")[2]
    why = f" ({found.why})" if found.why else ""
    if isinstance(found, Knee):
        if found.load is None:
            return f"{test}: no knee{why}"
        return f"{test}: the knee is at {find.load} {found.load:g}, the highest throughput at {found.saturated:g}{why}"
    tried = f"{len(found.tried)} load{'s' * (len(found.tried) != 1)} tried"
    if found.kept is None:
        return f"{test}: no {find.load} keeps it{why}; {tried}"
    upper = "" if found.broken is None else f", {found.broken:g} does not"
    return f"{test}: max {find.load} {found.kept:g} keeps it{upper}{why}; {tried}, each judged at 95%"


def speeds(found: Sequence[Speed]) -> list[str]:
    """One line a prompt length of a model in this process."""
    rows = speed_cells(found)
    return aligned(rows, [False, *[True] * (len(rows[0]) - 2), False])


def speed_cells(found: Sequence[Speed]) -> list[list[str]]:
    """The columns' titles, then a prompt length's figures each."""
    rows = [["model", "prompt", "prefill tok/s", "decode tok/s", "first token", "peak memory", "device"]]
    for one in found:
        rows.append(
            [
                one.model,
                f"{one.prompt:,}",
                rounded(one.prefill),
                rounded(one.decode),
                time(one.first),
                f"{one.memory / 2**30:.2f} GiB",
                one.device,
            ]
        )
    return rows


def name_of(measured: Measured, all_measured: Sequence[Measured]) -> str:
    """The name of one of these loads."""
    return next(name for name, each in zip(names(all_measured), all_measured, strict=True) if each is measured)


def names(all_measured: Sequence[Measured]) -> list[str]:
    """The loads' names, with the model's and the test's where there are several."""
    models = {measured.model for measured in all_measured}
    plain = [measured.point.name for measured in all_measured]
    if len(set(plain)) == len(plain):
        return plain
    if len(models) > 1:
        plain = [f"{measured.model} {measured.point.name}" for measured in all_measured]
    if len(set(plain)) < len(plain):
        return [measured.name.rpartition("::")[2] for measured in all_measured]
    return plain
