"""The line that says that a model only thinks, so far as its server tells."""

from pytest_modeleval.store.store import Store


def lines(store: Store, run: str) -> list[str]:
    """One line for each model all of whose new answers are a thought, ended by itself, with nothing behind it."""
    # An answer is stored with its text first, which ends the look at nearly all of them.
    is_thought = (
        'completion like \'{"text": "", %\' and case when json_valid(completion) then '
        "json_extract(completion, '$.thinking') != '' and json_extract(completion, '$.finish_reason') = 'stop' "
        "and json_array_length(completion, '$.tool_calls') = 0 else 0 end"
    )
    rows = store.rows(
        f"select model, count(*), sum({is_thought}) as thoughts from completions where run = ? "
        "group by model having thoughts = count(*)",
        (run,),
    )
    return [
        f"{model}: all {count:,} answers are a thought with nothing behind it: the answer field (content) is empty. If "
        "the answers stand in the thoughts, see to the server's reasoning parser (vLLM, SGLang: --reasoning-parser)"
        for model, count, _ in rows
    ]
