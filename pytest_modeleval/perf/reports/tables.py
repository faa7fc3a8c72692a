"""Load tests as texts: the cells of their tables, with everything in them, and what is said of each load."""

from collections.abc import Iterator, Sequence

from pytest_modeleval.perf.figures.definitions import PERCENTILES, SPREADS
from pytest_modeleval.perf.figures.figures import Figures
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.speed import Speed
from pytest_modeleval.perf.verdict.search import Find, Found, Knee
from pytest_modeleval.perf.wording import failures, rounded, said, short, time, with_error

Cells = list[list[str]]


def summary_cells(all_measured: Sequence[Measured]) -> Cells:
    """The columns' titles, then a load's main figures each."""
    head = ["load", "requests", "errors", "req/s", "tok/s", "TTFT p50", "p99", "TPOT p50", "p99", "latency p50", "p99"]
    has_slo = any(measured.slo.conditions for measured in all_measured)
    rows = [[*head, *(["goodput", "SLO"] if has_slo else []), "measurement"]]
    for name, measured in zip(names(all_measured), all_measured, strict=True):
        found = measured.figures
        row = [name, f"{found.sent:,}", f"{found.failed:,}", rounded(found.rate("request_rate"))]
        row.append(rounded(found.rate("output_rate")))
        for figure in ("ttft", "tpot", "latency"):
            row += [with_client(found, figure, statistic) for statistic in ("p50", "p99")]
        if has_slo:
            row += [goodput(found), slo_word(measured)]
        rows.append([*row, validity(measured)])
    return rows


def with_client(found: Figures, figure: str, statistic: str) -> str:
    """A statistic with its unit and the client's own error; a dash where no request has the figure."""
    spread = found.spreads.get(figure)
    return with_error(figure, spread.statistic(statistic), spread.bounds(statistic)) if spread else "-"


def goodput(found: Figures) -> str:
    """The share of good requests."""
    share = found.share("goodput")
    return "-" if share is None else f"{share:.1%}"


def slo_word(measured: Measured) -> str:
    """What the figures say of the objectives."""
    return measured.word(measured.result) if measured.verdicts else "-"


def validity(measured: Measured) -> str:
    """Whether the measurement can be trusted."""
    return "INVALID" if measured.invalid else "valid"


def measurement_cells(all_measured: Sequence[Measured]) -> Cells:
    """The columns' titles, then what each load says of the measurement itself."""
    head = ["the client", "lag p99", "late p99", "clumped", "CPU", "in flight", "rate", "cached", ""]
    rows = [head]
    for name, measured in zip(names(all_measured), all_measured, strict=True):
        client = measured.loads[-1].client
        asked, rate = client.parallel_asked, client.rate_asked
        rows.append(
            [
                name,
                "-" if client.lag is None else time(client.lag),
                time(client.schedule_lag),
                f"{client.clumped:.2%}",
                f"{client.cpu:.0%}",
                short(client.parallel) + (f"/{asked}" if asked else ""),
                short(client.rate) + (f"/{short(rate)}" if rate else ""),
                "-" if measured.figures.cached is None else f"{measured.figures.cached:.1%}",
                validity(measured),
            ]
        )
    return rows


def percentile_cells(measured: Measured) -> Cells:
    """The columns' titles, then the distribution of each figure; the titles alone where no request has one."""
    statistics = ("mean", *(f"p{p:g}" for p in PERCENTILES), "min", "max")
    found = measured.figures
    rows = [["figure", *statistics]]
    rows += [[figure, *(with_client(found, figure, each) for each in statistics)] for figure in shown_figures(found)]
    return rows


def shown_figures(found: Figures) -> list[str]:
    """The figures that requests have, without the answer's first chunk where it is the first of all."""
    return [name for name in SPREADS if name in found.spreads and not (name == "ttfa" and not _reasons(found))]


def remarks(measured: Measured) -> list[str]:
    """What there is to be known of a load beside its figures: verdicts, and its facts."""
    lines_ = [f"{measured.word(verdict.result)}: {said(verdict)}" for verdict in measured.verdicts]
    return [*lines_, *(f"INVALID: {why}" for why in measured.invalid), *facts(measured)]


def facts(measured: Measured) -> list[str]:
    """What failed, who counted the tokens, the steady part, the machine's floor, and what was not measured."""
    found, lines_ = measured.figures, list[str]()
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


def speed_cells(found: Sequence[Speed]) -> Cells:
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
