"""ProcessBench: find the first wrong step of a mathematical solution (Zheng et al. 2024, arXiv:2412.06559)."""

from pytest_modeleval import Completion, Row, Sample, Score, benchmark, hub
from pytest_modeleval.sample import label_in
from pytest_modeleval.scorers.answers import boxed
from pytest_modeleval.scorers.run_on import before_run_on
from pytest_modeleval.scorers.texts import literal, same_text

PROCESS_BENCH = hub(
    modelscope="Qwen/ProcessBench",
    huggingface="Qwen/ProcessBench",
    split=["gsm8k", "math", "olympiadbench", "omnimath"],
)

PROMPT = """\
A problem, and a solution to it whose paragraphs are numbered from 0:

{problem}

{paragraphs}

Check the solution paragraph by paragraph. Put the number of the first paragraph with an error in \\boxed{{}}, \
or -1 if there is no error."""

NO_ERROR = "-1"


def to_sample(row: Row) -> Sample:
    paragraphs = [f"<paragraph_{i}>\n{step}\n</paragraph_{i}>" for i, step in enumerate(row["steps"])]
    label = label_in(row["label"], range(-1, len(paragraphs)))
    return Sample({**row, "paragraphs": "\n\n".join(paragraphs)}, target=str(label))


@benchmark(PROCESS_BENCH, to_sample, prompt=PROMPT, tags=["math", "en"], harmonic={"f1": ("error_acc", "correct_acc")})
def test_process_bench(sample: Sample, completion: Completion) -> None:
    score = same_text(boxed(before_run_on(completion.text)) or "", [sample.target], normalise=literal)
    kind = "correct_acc" if sample.target == NO_ERROR else "error_acc"
    assert Score(score.value, score.passed, score.got, score.expected, name=kind)
