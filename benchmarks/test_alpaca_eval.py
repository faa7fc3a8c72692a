"""AlpacaEval 2: answers to instructions beside GPT-4 Turbo's, as a judge sees them (arXiv:2404.04475)."""

from pytest_modeleval import Aggregate, Completion, Judge, Judging, Preference, Row, Rubric, Sample, benchmark, hub
from pytest_modeleval.judging.battles import alpaca_eval_lc, lengths, win_rate_lc, won

# The file is called so in both hubs' repositories.
ALPACA_EVAL = hub(
    modelscope="AI-ModelScope/alpaca_eval", huggingface="tatsu-lab/alpaca_eval", split="alpaca_eval_gpt4_baseline"
)

COMPARE = Rubric(
    """\
Two assistants, A and B, have carried out the same instruction. Find out whose answer people would like better.

Weigh whether an answer does what the instruction asks, is correct and complete, and is easy to read. Neither an \
answer's length nor its place is a merit.

The instruction:
{question}

The answer of A:
{first}

The answer of B:
{second}""",
    Preference(),
    instead_of="AlpacaEval's annotator prompt",
)


def to_sample(row: Row) -> Sample:
    return Sample(row["instruction"], target=row["output"], axes={"source": row["dataset"]})


AGGREGATES = {
    "win_rate_lc": Aggregate(win_rate_lc, of=("main", "length", "baseline_length")),
    # The authors' own, which is what they publish, where their file lies beside the rows.
    "main": Aggregate(alpaca_eval_lc, of=("main", "length", "baseline_length", "row"), file="df_gamed.csv"),
}


@benchmark(
    ALPACA_EVAL,
    to_sample,
    judging=Judging(pairs=True),
    aggregates=AGGREGATES,
    tags=["chat", "battles", "en"],
)
async def test_alpaca_eval(sample: Sample, completion: Completion, judge: Judge) -> None:
    lengths(completion, sample.target)
    battle = await judge.compare(COMPARE, completion, sample.target, question=sample.asked)
    won(battle, name="win_rate")
    assert won(battle)
