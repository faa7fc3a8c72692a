"""HallusionBench: figures, edited ones and illusions that mislead a model (Guan et al. 2023, arXiv:2310.14566)."""

from pytest_modeleval import Aggregate, Completion, Row, Sample, benchmark, hub
from pytest_modeleval.sample import label_in
from pytest_modeleval.scorers.yes_no import all_right, same_yes_no

# Its other questions, without a picture, are not asked.
HALLUSION_BENCH = hub(modelscope="lmms-lab/HallusionBench", huggingface="lmms-lab/HallusionBench", split="image")

PROMPT = "{question}\nAnswer yes or no.\nEnd with a line that says ANSWER: and that word alone."
# A figure is right where all questions about it are; a question where it is with every figure.
FIGURES = {"fAcc": Aggregate(all_right, ("main", "figure")), "qAcc": Aggregate(all_right, ("main", "question"))}


def to_sample(row: Row) -> Sample:
    target = ("no", "yes")[label_in(int(row["gt_answer"]), range(2))]
    topic = f"{row['category']} {row['subcategory']} {row['set_id']}"
    axes = {"figure": f"{topic} {row['figure_id']}", "question": f"{topic} {row['question_id']}"}
    return Sample(row, target, pictures=[row["image"]], axes=axes)


@benchmark(HALLUSION_BENCH, to_sample, prompt=PROMPT, tags=["vision", "en"], aggregates=FIGURES)
def test_hallusion_bench(sample: Sample, completion: Completion) -> None:
    assert same_yes_no(completion, sample.target)
