"""CMMLU: 67 subjects in Chinese, 15 of them on China itself (Li et al. 2023, arXiv:2306.09212)."""

from pytest_modeleval import Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.items.declare import Rule
from pytest_modeleval.items.prompts import CLOZE_ZH, MULTIPLE_CHOICE_ZH
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.official import cmmlu_choice

# The groups of the official code (haonan-li/CMMLU, src/categories.py).
SUBJECTS = {
    "STEM": [
        "anatomy",
        "astronomy",
        "college_actuarial_science",
        "college_engineering_hydrology",
        "college_mathematics",
        "college_medical_statistics",
        "computer_science",
        "conceptual_physics",
        "electrical_engineering",
        "elementary_mathematics",
        "genetics",
        "high_school_biology",
        "high_school_chemistry",
        "high_school_mathematics",
        "high_school_physics",
        "machine_learning",
        "virology",
    ],
    "Humanities": [
        "arts",
        "chinese_history",
        "chinese_literature",
        "college_law",
        "global_facts",
        "international_law",
        "jurisprudence",
        "logical",
        "marxist_theory",
        "philosophy",
        "professional_law",
        "world_history",
        "world_religions",
    ],
    "Social Science": [
        "ancient_chinese",
        "business_ethics",
        "chinese_civil_service_exam",
        "chinese_food_culture",
        "chinese_foreign_policy",
        "chinese_teacher_qualification",
        "college_education",
        "economics",
        "education",
        "elementary_chinese",
        "ethnology",
        "high_school_geography",
        "high_school_politics",
        "journalism",
        "management",
        "marketing",
        "modern_chinese",
        "professional_accounting",
        "professional_psychology",
        "public_relations",
        "security_study",
        "sociology",
    ],
    "Other": [
        "agronomy",
        "chinese_driving_rule",
        "clinical_knowledge",
        "college_medicine",
        "computer_security",
        "construction_project_management",
        "elementary_commonsense",
        "elementary_information_and_technology",
        "food_science",
        "human_sexuality",
        "legal_and_moral_basis",
        "nutrition",
        "professional_medicine",
        "sports_science",
        "traditional_chinese_medicine",
    ],
}
# The fifth group there, whose subjects are in the others too: a line of its own in the table.
CHINA_SPECIFIC = {
    "ancient_chinese",
    "chinese_civil_service_exam",
    "chinese_driving_rule",
    "chinese_food_culture",
    "chinese_foreign_policy",
    "chinese_history",
    "chinese_literature",
    "chinese_teacher_qualification",
    "construction_project_management",
    "elementary_chinese",
    "elementary_commonsense",
    "ethnology",
    "high_school_politics",
    "modern_chinese",
    "traditional_chinese_medicine",
}
CMMLU = hub(modelscope="evalscope/cmmlu", huggingface="haonan-li/cmmlu", config=SUBJECTS, split="test")


def to_sample(row: Row) -> Sample:
    # They come with their letters: "(A) ".
    options = [
        choice.removeprefix(f"({letter})").strip() for letter, choice in zip("ABCD", row["choices"], strict=True)
    ]
    answer, about = row["answer"], {"china_specific": row["category"] in CHINA_SPECIFIC}
    return Sample(row, target=answer, options=options, solution=f"答案\uff1a{answer}", metadata=about)


@benchmark(
    CMMLU,
    to_sample,
    prompt=MULTIPLE_CHOICE_ZH,
    cloze=CLOZE_ZH,
    tags=["knowledge", "zh"],
    shots=Shots(0, "dev"),
    rules={"own": same_choice, "official": cmmlu_choice},
)
def test_cmmlu(sample: Sample, completion: Completion, rule: Rule) -> None:
    score = rule(completion, sample.target, sample.options)
    if sample.metadata["china_specific"]:
        rule(completion, sample.target, sample.options, name="china_specific")
    assert score
