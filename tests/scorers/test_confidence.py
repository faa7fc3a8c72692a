"""How sure a model says that it is."""

import pytest

from pytest_modeleval.scorers.confidence import stated_confidence


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Explanation: so.\nAnswer: 8\nConfidence: 85%", 0.85),
        ("**Confidence:** 85 %", 0.85),
        ("Confidence: 85", 0.85),
        ("confidence is about 70 percent", 0.7),
        ("My confidence of 12.5%", 0.125),
        ("Confidence: 0.9", 0.9),
        ("Confidence: 0.9%", 0.009),
        ("Confidence: 1", 0.01),
        ("Confidence: 100%", 1.0),
        ("Confidence: 0%", 0.0),
        ("Confidence: 20%. No: Confidence: 60%", 0.6),
        ('{"confidence": 40}', 0.4),
        ("Confidence: 101%", None),
        ("Confidence: 1000", None),
        ("Confidence: high", None),
        ("I am 90% sure", None),
        ("overconfidence: 5", None),
        ("", None),
    ],
)
def test_the_confidence_that_is_stated_last(text: str, confidence: float | None) -> None:
    assert stated_confidence(text) == (None if confidence is None else pytest.approx(confidence))
