"""ToolBench-Static: the next step of an agent with tools (Qin et al. 2023, arXiv:2307.16789; arXiv:2401.07324)."""

import json

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.sample import Message
from pytest_modeleval.scorers.toolbench import reference_step, step_score

TOOLBENCH_STATIC = hub(
    modelscope="AI-ModelScope/ToolBench-Static",
    huggingface=None,
    config=["in_domain", "out_of_domain"],
    split="test",
    files={"in_domain": ["in_domain.json"], "out_of_domain": ["out_of_domain.json"]},
)


def message(given: Message) -> Message:
    own = {name: value for name, value in given.items() if name != "name"}
    # The results of tools, which the text protocol knows by no call.
    return {"role": "user", "content": json.dumps(own, ensure_ascii=False)} if own["role"] == "function" else own


def to_sample(row: Row) -> Sample:
    tools = {tool["name"] for tool in row["tools"]}
    reference_step(row["target"], tools)
    return Sample([*map(message, row["messages"])], row["target"], metadata={"tools": tools})


@benchmark(TOOLBENCH_STATIC, to_sample, tags=["tools", "en"])
def test_toolbench_static(sample: Sample, completion: Completion) -> None:
    assert step_score(completion, sample.target, sample.metadata["tools"])
