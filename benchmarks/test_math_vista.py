"""MathVista: mathematics in charts, figures and photographs (Lu et al. 2023, arXiv:2310.02255)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import EITHER, answered
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.mathvista import mathvista_official, same_value

MATH_VISTA = hub(modelscope="evalscope/MathVista", huggingface="AI4Math/MathVista", split="testmini")

WANTED = {"integer": "a whole number", "float": "a number with {} after the point", "list": "a list such as [1, 2, 3]"}


def to_sample(row: Row) -> Sample:
    kind, options, digits = row["answer_type"], row["choices"] or [], int(row["precision"] or 0)
    unit = f" (in {row['unit']})" if row["unit"] else ""
    wanted = WANTED.get(kind, "").format("one digit" if digits == 1 else f"{digits} digits")
    otherwise = f"Reason step by step. End with a line that says ANSWER: and {wanted}."
    fields = {"question": row["question"] + unit, "answered": answered(options, otherwise)}
    target = "ABCDEFGHIJ"[options.index(row["answer"])] if options else row["answer"]
    metadata = {"answer": row["answer"], "kind": kind, "precision": digits}
    return Sample(fields, target, options, metadata=metadata, pictures=[row["decoded_image"]])


@benchmark(MATH_VISTA, to_sample, prompt=EITHER, tags=["math", "vision", "en", "zh"])
def test_math_vista(sample: Sample, completion: Completion) -> None:
    answer, kind, precision = (sample.metadata[name] for name in ("answer", "kind", "precision"))
    mathvista_official(completion, answer, sample.options, kind, precision)
    if sample.options:
        assert same_choice(completion, sample.target, sample.options)
    else:
        assert same_value(completion, sample.target, kind, precision)
