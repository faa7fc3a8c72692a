"""C-Eval: 52 subjects of Chinese exams from middle school to profession (Huang et al. 2023, arXiv:2305.08322)."""

from pytest_modeleval import Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.items.prompts import CLOZE_ZH, MULTIPLE_CHOICE_ZH
from pytest_modeleval.scorers.choices import same_choice

# The groups of the official code (hkust-nlp/ceval, subject_mapping.json), which leaves clinical_medicine's open.
SUBJECTS = {
    "STEM": [
        "advanced_mathematics",
        "college_chemistry",
        "college_physics",
        "college_programming",
        "computer_architecture",
        "computer_network",
        "discrete_mathematics",
        "electrical_engineer",
        "high_school_biology",
        "high_school_chemistry",
        "high_school_mathematics",
        "high_school_physics",
        "metrology_engineer",
        "middle_school_biology",
        "middle_school_chemistry",
        "middle_school_mathematics",
        "middle_school_physics",
        "operating_system",
        "probability_and_statistics",
        "veterinary_medicine",
    ],
    "Social Science": [
        "business_administration",
        "college_economics",
        "education_science",
        "high_school_geography",
        "high_school_politics",
        "mao_zedong_thought",
        "marxism",
        "middle_school_geography",
        "middle_school_politics",
        "teacher_qualification",
    ],
    "Humanities": [
        "art_studies",
        "chinese_language_and_literature",
        "high_school_chinese",
        "high_school_history",
        "ideological_and_moral_cultivation",
        "law",
        "legal_professional",
        "logic",
        "middle_school_history",
        "modern_chinese_history",
        "professional_tour_guide",
    ],
    "Other": [
        "accountant",
        "basic_medicine",
        "civil_servant",
        "clinical_medicine",
        "environmental_impact_assessment_engineer",
        "fire_engineer",
        "physician",
        "plant_protection",
        "sports_science",
        "tax_accountant",
        "urban_and_rural_planner",
    ],
}
# The answers of the split "test" are not published.
CEVAL = hub(modelscope="evalscope/ceval", huggingface="ceval/ceval-exam", config=SUBJECTS, split="val")


def to_sample(row: Row) -> Sample:
    solution = f"{row['explanation']}\n答案\uff1a{row['answer']}".strip()
    return Sample(row, target=row["answer"], options=[row[letter] for letter in "ABCD"], solution=solution)


@benchmark(CEVAL, to_sample, prompt=MULTIPLE_CHOICE_ZH, cloze=CLOZE_ZH, tags=["knowledge", "zh"], shots=Shots(5, "dev"))
def test_ceval(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
