"""Where an answer ends and a run-on begins: what a model that did not stop goes on to ask itself."""

import re
from collections.abc import Set
from itertools import islice

from pytest_modeleval.scorers.answers import markers

# What chat formats write between turns: ChatML, Llama 2 to 4, Mistral, Gemma, Phi, Command, DeepSeek, GLM, EXAONE,
# gpt-oss. Of the last, `<|end|>` before another message of the assistant's ends a thought only.
MARK = re.compile(
    r"<(?:\|(?i:im_(?:end|start)|eo[stm](?:_id)?|end_?of_?(?:turn(?:_token)?|text|sentence|message|solution)"
    r"|start_header_id|start_of_turn_token|return|call|user|human|assistant|system|observation|role_end"
    r"|end(?!\|>\s*<\|start\|>\s*assistant))\|>"
    r"|\uff5c(?:end▁of▁sentence|User)\uff5c>|/s>|(?:eos|eot|seed:eos)>|(?:start|end)_of_turn>|turn\|>)"
    r"|\[(?:/?INST\]|\|endofturn\|\]|EOS\])"
)
# What a format puts before an answer, where a server leaves it in the text.
_OPENED = re.compile(
    r"(?:\s|<s>|<bos>|\[/INST\]|<\|(?:begin_of_text|end_header_id|assistant|im_sep)\|>|<\uff5cAssistant\uff5c>"
    r"|(?:<\|im_start\|>|<\|start_header_id\|>)\s*assistant\b|<start_of_turn>\s*model\b)*"
)
# After an answer, a line with one of these begins what nobody asked: a label, as the lm-evaluation-harness stops at
# "Question:", "Q:" and "Problem:" (gsm8k, gsm8k_cot, minerva_math); what our own prompts ask for; a paragraph that is
# a question, or a numbered line. For lower case, as case-blind patterns take thrice as long.
_ASKED = re.compile(
    r"\n(?:[ \t>*_#\[(\"-]{0,8}(?:(?:next|new|another|follow-up|similar|practice|sample|bonus)[ \t])?"
    r"(?P<label>question|problem|exercise|example|q|input|instruction|prompt|query|passage|context|task|student|user|human|问题|問題|题目|題目|例题|例題|习题|問|问|用户|用戶"
    r"|pregunta|frage|вопрос|문제|質問)"
    r"[ \t]?(?P<number>\d{0,4})(?:[ \t*_\])\"]{0,5}[:\uff1a]|(?<=\d)[ \t*_\])]{0,5}(?:[.)]|$))"
    r"|(?:think|reason) step by step[.,]|answer from the \w+\.|end with (?:the|a line|\")|check the solution|请先分析"
    r"|[ \t]*(?:#{1,6}[ \t]+|\*\*)(?:question|problem|instruction|input|exercise)[ \t*_]*$"
    r"|[ \t#*]*(?:user|human|assistant|问题|問題|题目|題目)[ \t*_]*$|q\.[ \t]|\[(?:question|problem)\]"
    r"|(?P<question>(?:(?<=\n\n)[^\n]{12}|[*_]{0,2}(?P<place>\d{1,3})[.)][ \t*_])[^\n]{8,1988}[?？])[ \t*_]*$)",
    re.MULTILINE,
)
# A line of a list: who answers in one goes on with it.
_COUNTED = re.compile(r"\n[ \t*_]{0,9}\d{1,3}[.)][ \t]")
# Nobody reads a question once more so often.
MOST_ASKED = 100
# A value behind "the answer is" and the like, at most so long, and ended.
_VALUE = re.compile(r"[^\n]{1,80}?(?:[.。!](?=\s|$)|(?=\n|$))")
_HASHES = re.compile(r"####(?!#)[ \t]{0,3}[^\s\w]{0,4}[ \t]?\d+(?![.):][ \t]+\w|\d)")
_PICKED = re.compile(
    r"(?:\b(?i:choose|pick|select|go with)\b|选|選)\W{0,3}(?:(?i:option|choice)|择|擇|项|項)?\W{0,3}"
    r"[A-Z](?![A-Za-z])[^\w\n]{0,3}"
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s{0,9}\{\s{0,9}[^\s}]")
# A first line that is an answer as a whole: a letter, a number, up to three words.
_BARE = re.compile(
    r"\W{0,9}(?!(?:ok|okay|sure|certainly|let|first|step|here|solution|reasoning|analysis|question|problem|answer)\b)"
    r"(?:[a-z]|[-+]?\W{0,3}\d[\d.,/:]{0,20}|[^\W\d_]{2,20}(?: [^\W\d_]{1,20}){0,2})[^\w\n]{0,9}(?=\n)",
    re.IGNORECASE,
)
# Who looks at the question once more is not done.
_AGAIN = re.compile(r"\b(?:re-?read|again|look|restat|wait|check|recall|back to)[^\n]*\s*$", re.IGNORECASE)
_OF_ONESELF = re.compile(
    r"\b(?:i|me|my|we|us|our|let|wait|is (?:this|that|it)|check|verify|correct|right|mistake|answer|hmm|actually"
    r"|again)\b",
    re.IGNORECASE,
)


def before_run_on(text: str) -> str:
    """The text up to the end of the model's own turn.

    It ends at the first mark of a chat format, and where another question begins after a final answer was stated.
    Before that nothing is cut ("let me read it again. Question: …" is reasoning), and a correction stays.
    """
    if "<" in text or "[" in text:
        opened = _OPENED.match(text)
        mark = MARK.search(text, opened.end() if opened else 0)
        text = text[: mark.start()] if mark else text
    # One character for each; what is behind a line break there begins at its place in the text.
    lower = "\n" + text.replace("İ", "i").lower()
    # Most texts ask nothing.
    if not _ASKED.search(lower) or (answered := _answered(text)) is None:
        return text
    after = list(islice(_ASKED.finditer(lower, answered), MOST_ASKED))
    before = islice(_ASKED.finditer(lower, 0, answered + 1), MOST_ASKED if after else 0)
    counted = {asked["label"] for asked in before if asked["number"]}
    if _COUNTED.search(lower, 0, answered):
        counted.add(None)
    for asked in after:
        if not _is_own(asked, text[max(answered, asked.start() - 200) : asked.start()], counted):
            return text[: asked.start()].rstrip()
    return text


def _answered(text: str) -> int | None:
    """Where the first statement of a final answer ends; None without one."""
    stated = (_BARE.match(text), *(said.search(text) for said in (_HASHES, _BOX, _PICKED)))
    ends = [match.end() for match in stated if match]
    values = (_VALUE.match(text, marker.end()) for marker in islice(markers(text), MOST_ASKED))
    if value := next((value for value in values if value and re.search(r"\w", value[0])), None):
        ends.append(value.end())
    return min(ends, default=None)


def _is_own(asked: "re.Match[str]", before: str, counted: Set[str | None]) -> bool:
    """Whether the model asks in its own reasoning: it counts its questions, or looks at the one it has once more."""
    if (asked["number"] or asked["place"]) and asked["label"] in counted:
        return True
    if asked["question"]:
        return bool(_OF_ONESELF.search(asked["question"]))
    return bool(asked["label"] and _AGAIN.search(before))
