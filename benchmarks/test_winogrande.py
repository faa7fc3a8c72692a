"""WinoGrande: which of two names or things does a blank stand for? (Sakaguchi et al. 2019, arXiv:1907.10641)"""

from pytest_modeleval import Cloze, Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.sample import label_in
from pytest_modeleval.scorers.choices import same_choice

WINOGRANDE = hub(modelscope="AI-ModelScope/winogrande_val", huggingface="allenai/winogrande", split="validation")

PROMPT = "Which option does the blank _ in this sentence stand for?\n\n" + MULTIPLE_CHOICE

# What is weighed is the same text after each option: "partial evaluation" (Trinh & Le 2018, arXiv:1806.02847).
CLOZE = Cloze("{before}{option}", "{after}")


def to_sample(row: Row) -> Sample:
    before, _, after = row["sentence"].partition("_")
    fields = {"question": row["sentence"], "before": before, "after": after.rstrip()}
    return Sample(
        fields, target="AB"[label_in(row["answer"], range(1, 3)) - 1], options=[row["option1"], row["option2"]]
    )


@benchmark(WINOGRANDE, to_sample, prompt=PROMPT, cloze=CLOZE, tags=["commonsense", "en"])
def test_winogrande(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
