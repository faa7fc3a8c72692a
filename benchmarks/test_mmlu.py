"""MMLU: 57 subjects from school to profession, four options each (Hendrycks et al. 2020, arXiv:2009.03300)."""

from pytest_modeleval import Cloze, Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.sample import label_in
from pytest_modeleval.scorers.choices import same_choice

# The four groups of the official code (hendrycks/test, categories.py), where anatomy counts as health.
SUBJECTS = {
    "STEM": [
        "abstract_algebra",
        "astronomy",
        "college_biology",
        "college_chemistry",
        "college_computer_science",
        "college_mathematics",
        "college_physics",
        "computer_security",
        "conceptual_physics",
        "electrical_engineering",
        "elementary_mathematics",
        "high_school_biology",
        "high_school_chemistry",
        "high_school_computer_science",
        "high_school_mathematics",
        "high_school_physics",
        "high_school_statistics",
        "machine_learning",
    ],
    "Humanities": [
        "formal_logic",
        "high_school_european_history",
        "high_school_us_history",
        "high_school_world_history",
        "international_law",
        "jurisprudence",
        "logical_fallacies",
        "moral_disputes",
        "moral_scenarios",
        "philosophy",
        "prehistory",
        "professional_law",
        "world_religions",
    ],
    "Social Science": [
        "econometrics",
        "high_school_geography",
        "high_school_government_and_politics",
        "high_school_macroeconomics",
        "high_school_microeconomics",
        "high_school_psychology",
        "human_sexuality",
        "professional_psychology",
        "public_relations",
        "security_studies",
        "sociology",
        "us_foreign_policy",
    ],
    "Other": [
        "anatomy",
        "business_ethics",
        "clinical_knowledge",
        "college_medicine",
        "global_facts",
        "human_aging",
        "management",
        "marketing",
        "medical_genetics",
        "miscellaneous",
        "nutrition",
        "professional_accounting",
        "professional_medicine",
        "virology",
    ],
}
MMLU = hub(modelscope="cais/mmlu", huggingface="cais/mmlu", config=SUBJECTS, split="test")

PROMPT = "A question about {topic} with one right option.\n\n" + MULTIPLE_CHOICE

# The official evaluation weighs the letters, not the options' texts (hendrycks/test, evaluate.py).
CLOZE = Cloze(
    "{question}\n{options}\nAnswer:",
    " {letter}",
    opening="The following are multiple choice questions (with answers) about {topic}.",
)


def to_sample(row: Row) -> Sample:
    fields = {**row, "topic": row["subject"].replace("_", " ")}
    return Sample(fields, target="ABCD"[label_in(row["answer"], range(4))], options=row["choices"])


@benchmark(MMLU, to_sample, prompt=PROMPT, cloze=CLOZE, tags=["knowledge", "en"], shots=Shots(5, "dev"))
def test_mmlu(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
