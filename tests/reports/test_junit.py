"""JUnit XML: a sample's figures as properties."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from pytest_modeleval.record import PROPERTY
from tests.conftest import ANSWERS, FaultyServer, answer, run, send


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_it_carries_score_tokens_and_latency(
    project: pytest.Pytester, faulty: FaultyServer, more: tuple[str, ...]
) -> None:
    def fault(handler: Any, body: dict[str, Any]) -> None:
        if "easy 0" in str(body):
            return send(handler, 400, {"error": {"message": "blocked", "code": "content_filter"}})
        text = "41" if "easy 1" in str(body) else "42"
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 7, "completion_tokens": 3}
        return send(handler, 200, {"choices": [choice], "usage": usage})

    faulty.fault = fault
    run(project, "--model", "faulty", "--junitxml", "junit.xml", *more, "test_answers.py")

    found = {
        case.attrib["name"]: {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
        for case in ET.parse(project.path / "junit.xml").iter("testcase")
    }
    right, wrong = found["test_answers[easy-00002]"], found["test_answers[easy-00001]"]
    assert len(found) == 10
    assert PROPERTY not in right
    assert 0 < float(right.pop("latency")) < 60
    answers = {"new_answers": "1", "stored_answers": "0"}
    assert right == {"score": "1", "prompt_tokens": "7", "completion_tokens": "3", **answers}
    assert (wrong["score"], wrong["mistake"]) == ("0", "wrong answer")
    assert found["test_answers[easy-00000]"] == {"mistake": "filtered"}


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_scorer_that_raises_is_an_error_and_no_failure(
    project: pytest.Pytester, faulty: FaultyServer, processes: tuple[str, ...]
) -> None:
    faulty.fault = answer("41")
    project.makepyfile(
        test_answers=ANSWERS.replace("    assert", "    if 'hard' in sample.asked: raise KeyError('hm')\n    assert")
    )

    result = run(project, "--model", "faulty", "--junitxml", "out.xml", *processes, "test_answers.py")

    result.assert_outcomes(failed=6, errors=4)
    suite = ET.parse(project.path / "out.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("10", "6", "4")
    assert "KeyError" in str(suite.findall("testcase/error")[0].get("message"))
