"""PLawBench: Chinese legal practice, marked by lawyers' rubrics (skylenage/PLawbench)."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from pytest_modeleval import (
    Aggregate,
    Completion,
    Judge,
    Judging,
    Rating,
    Row,
    Rubric,
    Sample,
    SampleError,
    Score,
    benchmark,
    hub,
)
from pytest_modeleval.statistics.aggregates import mean_of_means

TASKS = {
    "consultation": ["legal_consultation"],
    "case analysis": ["case_analysis"],
    "drafting": ["plaintiff_statement", "defendant_statement"],
}
PLAWBENCH = hub(modelscope="evalscope/PLawBench", huggingface=None, split="test", by="task", subsets=TASKS)

PROMPT = "{instruction}\n\n{question}"
INSTRUCTIONS = {
    "case_analysis": """\
你是一名熟悉中国现行法律和司法实践的执业律师。请分析下面的案例并回答问题。回答依次分为四个部分，各用以下标题：
【结论】对问题作出明确的判断
【案件事实】与结论有关的关键事实，不作假设
【推理过程】如何由事实和法律逐步得出结论
【法条依据】所依据的现行法律、司法解释及其条款和原文""",
    "legal_qa": """\
你是一名熟悉中国现行法律和司法实践的执业律师。下面是当事人的陈述，其中可能有遗漏、隐瞒或与事实不符之处。请向当事人提问，以查明全部事实：\
先问最影响案件走向的问题，再问细节；措辞中立，不作诱导；问可以核实、可以取证的内容；对前后矛盾和可能被隐去的不利事实要追问。\
只输出10至25个带编号的简短问题，不要输出其他内容。""",
    "document_generation": """\
你是一名熟悉中国现行法律和法律文书写作的执业律师。请根据当事人提供的材料，撰写其所需要的法律文书（起诉状或答辩状等），采用中国大陆通行的格式，\
引用真实有效的法条，篇幅2500至3000字。当事人的说法未必正确，也未必合法，请加以辨别。只输出文书正文。""",
}
# What the parts of a case analysis are called in its rubric, and the metrics of them.
PARTS = {
    "结论得分": "conclusion",
    "案情简述得分": "fact",
    "分析过程得分": "reasoning",
    "法条依据得分": "law",
}
MARKING = """\
下面给出一项法律任务、评分细则和某人的回答。请只依据评分细则打分：逐项检查回答中是否有相同或实质相同的内容，写到的得分，没有写到的不得分，写到一部分的\
酌情给部分分，细则要求扣分的扣分。各项互不影响；不要推测回答没有写出的内容，也不要评价细则本身。{only}最后给出所得的总分，最低0分，最高{points}分。

任务：
{question}

回答：
{answer}

评分细则（满分{points}分）：
{marks}"""
FIRST_QUESTIONS = "只看回答中的前25个问题，其余的不计。"


def marking(points: float) -> Rubric:
    return Rubric(MARKING, Rating(0, points), instead_of="PLawBench's grader")


def parts_of(row: Row) -> Mapping[str, tuple[str, float]]:
    """The marks and points of each part of the row's rubric by its metric; all is one part but in a case analysis."""
    if row["judge_type"] != "case_analysis":
        return {"main": (row["rubrics"], number(row["max_points"], row.where))}
    parts: dict[str, tuple[str, float]] = {}
    try:
        for part in json.loads(row["rubrics"]):
            # What is no part of the four counts officially for nothing.
            if metric := PARTS.get(part["tags"]):
                marks, points = parts.get(metric, ("", 0.0))
                parts[metric] = f"{marks}\n{part['criterion']}".strip(), points + number(part["points"], row.where)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise SampleError(f"{row.where}: the rubric is no list of a case analysis's parts: {error!r:.100}") from None
    if not parts:
        raise SampleError(f"{row.where}: the rubric has none of the parts {', '.join(PARTS)}")
    return parts


def number(points: Any, where: str) -> float:
    try:
        found = float(points)
    except (TypeError, ValueError):
        found = 0.0
    if not 0 < found < 1e6:
        raise SampleError(f"{where}: {str(points)[:40]!r} are no points that can be had")
    return found


def to_sample(row: Row) -> Sample:
    kind, parts = row["judge_type"], parts_of(row)
    if kind not in INSTRUCTIONS:
        raise SampleError(f"{row.where}: the judge_type {kind!r} is none of {', '.join(INSTRUCTIONS)}")
    question = f"案例：{row['context']}\n\n问题：{row['question']}" if kind == "case_analysis" else row["question"]
    only = FIRST_QUESTIONS if kind == "legal_qa" else ""
    metadata: Mapping[str, Any] = {"parts": parts, "only": only, "task": row["task"]}
    target = "\n\n".join(marks for marks, _ in parts.values())
    return Sample({"instruction": INSTRUCTIONS[kind], "question": question}, target, metadata=metadata)


def calls(sample: Sample) -> int:
    return len(sample.metadata["parts"])


# The paper's overall score is about the mean of its three tasks', whose sizes are 18, 250 and 12.
OVERALL = {"main": Aggregate(mean_of_means, tuple(TASKS))}


@benchmark(PLAWBENCH, to_sample, prompt=PROMPT, tags=["law", "zh"], judging=Judging(calls=calls), aggregates=OVERALL)
async def test_plawbench(sample: Sample, completion: Completion, judge: Judge) -> None:
    parts, told = sample.metadata["parts"], {"question": sample.asked, "only": sample.metadata["only"]}
    asked = [
        judge.ask(marking(points), completion, name=name, marks=marks, points=f"{points:g}", **told)
        for name, (marks, points) in parts.items()
    ]
    got = [verdict.value for verdict in await asyncio.gather(*asked)]
    for (name, (_, points)), value in zip(parts.items(), got, strict=True):
        if name != "main":
            Score(value / points, True, name=name, measured=True)
    possible = sum(points for _, points in parts.values())
    share = sum(got) / possible
    task = next(task for task, subsets in TASKS.items() if sample.metadata["task"] in subsets)
    Score(share, True, name=task, measured=True)
    assert Score(share, True, f"{sum(got):g} of {possible:g} points", sample.target, measured=True)
