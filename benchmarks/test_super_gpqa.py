"""SuperGPQA: graduate questions of 72 fields in 13 disciplines, up to ten options (M-A-P 2025, arXiv:2502.14739)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.scorers.choices import same_choice

# The values of the columns `discipline` and `field`.
FIELDS = {
    "Agronomy": [
        "Animal Husbandry",
        "Aquaculture",
        "Crop Science",
        "Forestry",
        "Veterinary Medicine",
    ],
    "Economics": [
        "Applied Economics",
        "Theoretical Economics",
    ],
    "Education": [
        "Education",
        "Physical Education",
        "Psychology",
    ],
    "Engineering": [
        "Aeronautical and Astronautical Science and Technology",
        "Agricultural Engineering",
        "Architecture",
        "Chemical Engineering and Technology",
        "Civil Engineering",
        "Computer Science and Technology",
        "Control Science and Engineering",
        "Electrical Engineering",
        "Electronic Science and Technology",
        "Environmental Science and Engineering",
        "Food Science and Engineering",
        "Forestry Engineering",
        "Geological Resources and Geological Engineering",
        "Hydraulic Engineering",
        "Information and Communication Engineering",
        "Instrument Science and Technology",
        "Materials Science and Engineering",
        "Mechanical Engineering",
        "Mechanics",
        "Metallurgical Engineering",
        "Mining Engineering",
        "Naval Architecture and Ocean Engineering",
        "Nuclear Science and Technology",
        "Optical Engineering",
        "Petroleum and Natural Gas Engineering",
        "Power Engineering and Engineering Thermophysics",
        "Surveying and Mapping Science and Technology",
        "Textile Science and Engineering",
        "Transportation Engineering",
        "Weapon Science and Technology",
    ],
    "History": [
        "History",
    ],
    "Law": [
        "Law",
        "Political Science",
    ],
    "Literature and Arts": [
        "Art Studies",
        "Journalism and Communication",
        "Language and Literature",
        "Musicology",
    ],
    "Management": [
        "Business Administration",
        "Library, Information and Archival Management",
        "Management Science and Engineering",
        "Public Administration",
    ],
    "Medicine": [
        "Basic Medicine",
        "Clinical Medicine",
        "Pharmacy",
        "Public Health and Preventive Medicine",
        "Stomatology",
        "Traditional Chinese Medicine",
    ],
    "Military Science": [
        "Military Science",
    ],
    "Philosophy": [
        "Philosophy",
    ],
    "Science": [
        "Astronomy",
        "Atmospheric Science",
        "Biology",
        "Chemistry",
        "Geography",
        "Geology",
        "Geophysics",
        "Mathematics",
        "Oceanography",
        "Physical Oceanography",
        "Physics",
        "Systems Science",
    ],
    "Sociology": [
        "Sociology",
    ],
}
SUPER_GPQA = hub(modelscope="m-a-p/SuperGPQA", huggingface="m-a-p/SuperGPQA", split="train", by="field", subsets=FIELDS)


def to_sample(row: Row) -> Sample:
    return Sample(row, target=row["answer_letter"], options=row["options"])


@benchmark(SUPER_GPQA, to_sample, prompt=MULTIPLE_CHOICE, tags=["knowledge", "science", "en"])
def test_super_gpqa(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
