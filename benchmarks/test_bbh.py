"""BIG-Bench Hard: 27 tasks in which models were behind people (Suzgun et al. 2022, arXiv:2210.09261)."""

import re

from pytest_modeleval import Cloze, Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.texts import literal, same_text

TASKS = {
    "letter": [
        "date_understanding",
        "disambiguation_qa",
        "geometric_shapes",
        "hyperbaton",
        "logical_deduction_five_objects",
        "logical_deduction_seven_objects",
        "logical_deduction_three_objects",
        "movie_recommendation",
        "penguins_in_a_table",
        "reasoning_about_colored_objects",
        "ruin_names",
        "salient_translation_error_detection",
        "snarks",
        "temporal_sequences",
        "tracking_shuffled_objects_five_objects",
        "tracking_shuffled_objects_seven_objects",
        "tracking_shuffled_objects_three_objects",
    ],
    "free": [
        "boolean_expressions",
        "causal_judgement",
        "dyck_languages",
        "formal_fallacies",
        "multistep_arithmetic_two",
        "navigate",
        "object_counting",
        "sports_understanding",
        "web_of_lies",
        "word_sorting",
    ],
}
BBH = hub(modelscope="evalscope/bbh", huggingface="lukaemon/bbh", config=TASKS, split="test")

PROMPT = '{input}\n\nThink step by step, then end with "So the answer is" and the answer alone.'

# The letters are weighed, without any reasoning before them: the options stand in the question.
CLOZE = Cloze("{input}\nA:", " ({letter})")


def to_sample(row: Row) -> Sample:
    # Three rows of the letter tasks name the text of a torn option instead of a letter.
    letter = re.fullmatch(r"\(([A-Z])\)", row["target"])
    options = re.findall(r"^\([A-Z]\) (.*)", row["input"], re.MULTILINE) if letter else []
    return Sample(row, letter[1] if letter else row["target"], options, solution=row.get("solution", ""))


# The examples are the authors' own: `cot-prompts` of suzgunmirac/BIG-Bench-Hard, beside the data.
@benchmark(BBH, to_sample, prompt=PROMPT, cloze=CLOZE, tags=["reasoning", "en"], shots=Shots(3, "cot-prompts"))
def test_bbh(sample: Sample, completion: Completion) -> None:
    if sample.options:
        assert same_choice(completion, sample.target, sample.options)
    else:
        assert same_text(completion, [sample.target], normalise=literal)
