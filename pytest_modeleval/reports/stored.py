"""The lines that say which stored answers served a run, or would have."""

from collections.abc import Sequence

from pytest_modeleval.asking.recall import Rules, taken_up
from pytest_modeleval.foreign import one_line
from pytest_modeleval.history.past import SHORT
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.parsers import Cache
from pytest_modeleval.store.store import BESIDE, Store


def lines(store: Store, rules: Rules, models: Sequence[ModelSpec]) -> list[str]:
    """One line for the interrupted run that a gate took up, or for each kind of answers that did not serve."""
    if rules.judged:
        return _resumed(store, rules.run)
    if rules.cache is Cache.ANY:
        return _any(store, rules.run)
    return [*_elsewhere(store, rules.run, models), *_first(store, rules, models)]


def _resumed(store: Store, run: str) -> list[str]:
    rows = store.rows("select resumes, started from runs where id = ? and resumes is not null", (run,))
    if not rows:
        return []
    ((resumes, started),) = rows
    refused = store.rows("select why from refusals where run = ? order by why", (run,))
    lines = [f"not resumed {resumes[:SHORT]}, all is asked anew: {one_line(why, 400)}" for (why,) in refused]
    ((used,),) = store.rows("select count(*) from completions where run = ? and created < ?", (run, started))
    runs = taken_up(store, run)
    ((again,),) = store.rows(
        f"select count(distinct new.key) from {BESIDE} and old.who = new.who where new.run = ? and old.run in "
        f"({', '.join('?' * len(runs))}) and new.who not in (select who from refusals where run = new.run)",
        (run, *runs),
    )
    told = f"resumed {resumes[:SHORT]}: {used:,} of its answers are used, {again:,} asked again came out the same"
    return [*lines, told] if used or again else lines


def _any(store: Store, run: str) -> list[str]:
    """Who gave the stored answers, where anybody of the model's name may have."""
    store.flush()
    places = store.rows(
        "select coalesce(place, 'nobody knows whom (version 0.1)'), count(*) from scores "
        "join completions on key = scores.completion left join models using (who) "
        "where scores.run = ? and metric = 'main' and stored is not null group by place order by place",
        (run,),
    )
    listed = ", ".join(f"{count:,} by {place}" for place, count in places)
    return [f"stored answers, which --eval-cache any took, were given: {listed}"] if places else []


def _elsewhere(store: Store, run: str, models: Sequence[ModelSpec]) -> list[str]:
    """Answers of models of the same names at other addresses, to questions that were asked anew."""
    places = store.rows(
        "select place, max(place = (select place from models where who = new.who)), count(distinct new.asked) "
        f"from {BESIDE} and old.who != new.who "
        "join models on models.who = old.who where new.run = ? "
        "and old.created < (select started from runs where id = new.run) "
        "and models.model != '' and models.model = (select model from models where who = new.who) group by place",
        (run,),
    )
    if not places:
        return []
    listed = "; ".join(
        f"{count:,} of these questions were answered before at {place}{' by another api or args' if here else ''}"
        for place, here, count in places
    )
    stays = all(here for _, here, _ in places) or all(spec.identity for spec in models)
    moves = "" if stays else '; with identity = "…" in its alias its address does not count'
    return [f"{listed}: if that is the same model, --eval-cache any uses those answers{moves}"]


def _first(store: Store, rules: Rules, models: Sequence[ModelSpec]) -> list[str]:
    """Answers of version 0.1, where something was asked, or nothing may be."""
    names = ", ".join("?" * len(models))
    ((count,),) = store.rows(
        f"select count(*) from completions where asked is null and model in ({names})", [spec.name for spec in models]
    )
    ((new,),) = store.rows("select count(*) from completions where run = ?", (rules.run,))
    if not count or not (new or rules.cache is Cache.ONLY):
        return []
    return [f"{count:,} stored answers are of version 0.1, which kept no address: --eval-cache any uses them"]
