"""Model benchmarks as pytest suites: what a benchmark file imports."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_modeleval.agents.conversation import AgentLimits, Conversation, OverLimit
    from pytest_modeleval.agents.react import react, react_sync
    from pytest_modeleval.agents.sessions import python_tool, session_tools
    from pytest_modeleval.agents.tool import Tool, ToolError, tool
    from pytest_modeleval.api import Evaluated, evaluate
    from pytest_modeleval.calls import ToolCall, answer_message, result_message
    from pytest_modeleval.datasets import Row
    from pytest_modeleval.datasets.generated import generated
    from pytest_modeleval.datasets.hub import hub
    from pytest_modeleval.items.declare import Shots, benchmark
    from pytest_modeleval.items.prompts import Cloze
    from pytest_modeleval.items.settings import Setting
    from pytest_modeleval.judging.rubric import Judging, Labels, Preference, Rating, Rubric
    from pytest_modeleval.judging.types import Judge, SyncJudge
    from pytest_modeleval.judging.verdict import Battle, Verdict, Vote
    from pytest_modeleval.perf.measured import Measured
    from pytest_modeleval.perf.reports.section import Loads
    from pytest_modeleval.perf.speed import Speed
    from pytest_modeleval.perf.verdict.search import Found, Knee
    from pytest_modeleval.requests import Chat, Embed, LogLikelihood, Paint, Rerank
    from pytest_modeleval.results.finished import FinishedRun
    from pytest_modeleval.sample import (
        Completion,
        Embeddings,
        JudgeError,
        LogLikelihoods,
        Model,
        NotScored,
        Pictures,
        Ranking,
        Sample,
        SampleError,
        Score,
        SyncModel,
    )
    from pytest_modeleval.sandbox.program import (
        Limits,
        Outcome,
        Program,
        Sandbox,
        SandboxError,
        Session,
        SyncSandbox,
        SyncSession,
    )
    from pytest_modeleval.statistics.aggregates import Aggregate

__all__ = [
    "AgentLimits",
    "Aggregate",
    "Battle",
    "Chat",
    "Cloze",
    "Completion",
    "Conversation",
    "Embed",
    "Embeddings",
    "Evaluated",
    "FinishedRun",
    "Found",
    "Judge",
    "JudgeError",
    "Judging",
    "Knee",
    "Labels",
    "Limits",
    "Loads",
    "LogLikelihood",
    "LogLikelihoods",
    "Measured",
    "Model",
    "NotScored",
    "Outcome",
    "OverLimit",
    "Paint",
    "Pictures",
    "Preference",
    "Program",
    "Ranking",
    "Rating",
    "Rerank",
    "Row",
    "Rubric",
    "Sample",
    "SampleError",
    "Sandbox",
    "SandboxError",
    "Score",
    "Session",
    "Setting",
    "Shots",
    "Speed",
    "SyncJudge",
    "SyncModel",
    "SyncSandbox",
    "SyncSession",
    "Tool",
    "ToolCall",
    "ToolError",
    "Verdict",
    "Vote",
    "answer_message",
    "benchmark",
    "evaluate",
    "generated",
    "hub",
    "python_tool",
    "react",
    "react_sync",
    "result_message",
    "session_tools",
    "tool",
]

# Imported when first asked for: pytest imports this package at every start, and a run without a model needs none.
_MODULES = {
    "AgentLimits": "agents.conversation",
    "Aggregate": "statistics.aggregates",
    "Battle": "judging.verdict",
    "Chat": "requests",
    "Cloze": "items.prompts",
    "Completion": "sample",
    "Conversation": "agents.conversation",
    "Embed": "requests",
    "Embeddings": "sample",
    "Evaluated": "api",
    "FinishedRun": "results.finished",
    "Found": "perf.verdict.search",
    "Judge": "judging.types",
    "JudgeError": "sample",
    "Judging": "judging.rubric",
    "Knee": "perf.verdict.search",
    "Labels": "judging.rubric",
    "Limits": "sandbox.program",
    "Loads": "perf.reports.section",
    "LogLikelihood": "requests",
    "LogLikelihoods": "sample",
    "Measured": "perf.measured",
    "Model": "sample",
    "NotScored": "sample",
    "Outcome": "sandbox.program",
    "OverLimit": "agents.conversation",
    "Paint": "requests",
    "Pictures": "sample",
    "Preference": "judging.rubric",
    "Program": "sandbox.program",
    "Ranking": "sample",
    "Rating": "judging.rubric",
    "Rerank": "requests",
    "Row": "datasets",
    "Rubric": "judging.rubric",
    "Sample": "sample",
    "SampleError": "sample",
    "Sandbox": "sandbox.program",
    "SandboxError": "sandbox.program",
    "Score": "sample",
    "Session": "sandbox.program",
    "Setting": "items.settings",
    "Shots": "items.declare",
    "Speed": "perf.speed",
    "SyncJudge": "judging.types",
    "SyncModel": "sample",
    "SyncSandbox": "sandbox.program",
    "SyncSession": "sandbox.program",
    "Tool": "agents.tool",
    "ToolCall": "calls",
    "ToolError": "agents.tool",
    "Verdict": "judging.verdict",
    "Vote": "judging.verdict",
    "answer_message": "calls",
    "benchmark": "items.declare",
    "evaluate": "api",
    "generated": "datasets.generated",
    "hub": "datasets.hub",
    "python_tool": "agents.sessions",
    "react": "agents.react",
    "react_sync": "agents.react",
    "result_message": "calls",
    "session_tools": "agents.sessions",
    "tool": "agents.tool",
}


def __getattr__(name: str) -> object:
    """One of the public names."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
