"""One call that a text writes as Java or JavaScript does, ``f(a="x", b=5L)``: its name, and each argument's source.

In place of the two grammars of tree-sitter that BFCL's prompt mode needs (``model_handler/parser``).
"""

import re
from collections.abc import Sequence

from pytest_modeleval.scorers.bfcl.calls import LONGEST, Call

_IDENTIFIER = r"[A-Za-z_$][\w$]*"
_CALLED = re.compile(rf"\s*({_IDENTIFIER}(?:\s*\.\s*{_IDENTIFIER})*)\s*\(")
_NAMED = re.compile(rf"({_IDENTIFIER})\s*=(?![=>])\s*")
_NAME = re.compile(rf"{_IDENTIFIER}(?:\.class)?")
_STRING = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"
# What counts where parts end: a text in quotes, a quote that does not end, brackets, those of types, a comma.
_TOKEN = re.compile(rf"{_STRING}|(?P<type>\bnew\s+[\w.]+\s*<)|[\"'`()\[\]{{}}<>,]", re.DOTALL)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_LITERALS = {"java": ("true", "false", "null", "this"), "javascript": ("false", "null", "this", "undefined")}
# What an expression is made of.
_PIECE = re.compile(
    rf"\s+|(?P<operand>{_STRING}|0[xX][\da-fA-F]+[lL]?\b|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[lLfFdDn]?(?![\w.]))"
    rf"|(?P<word>(?:new|typeof|void|await|async|function|instanceof|in)\b)|(?P<name>{_IDENTIFIER})"
    rf"|(?P<member>\??\.\s*{_IDENTIFIER})|(?P<open>[(\[{{])|(?P<operator>->|=>|\.\.\.|[-+*/%&|^!~<>=?:,]+)",
    re.DOTALL,
)
_SPACES = re.compile(rf"{_STRING}|\s+", re.DOTALL)
_UNARY = re.compile(r"[-+!~]+|\.\.\.")


def read_source_call(text: str, language: str) -> list[Call]:
    """The one call that a text in java or javascript consists of: each argument's source, a string without quotes.

    ValueError where it is anything else, or an argument comes twice. Brackets and backticks around it are none of it.
    """
    text = text.strip("`\n ").removeprefix("[").removesuffix("]").strip().removesuffix(";").rstrip()
    called = _CALLED.match(text) if len(text) <= LONGEST else None
    if called is None:
        raise ValueError("no call, or too long")
    arguments: dict[str, str] = {}
    parts = _parts(text, called.end())
    # JavaScript lets a comma stand after the last.
    parts = parts[:-1] if parts and not parts[-1] and language == "javascript" else parts
    for source in parts:
        named = _NAMED.match(source)
        value = source[named.end() :] if named else source
        if not _is_expression(value, language):
            raise ValueError("an argument that is no expression")
        if not named and (not _NAME.fullmatch(value) or value in _LITERALS[language]):
            # As there; a variable without a name is an argument that no function has.
            continue
        name = named[1] if named else ""
        if name in arguments:
            raise ValueError("an argument twice")
        arguments[name] = value[1:-1] if _is_string(value) else _on_one_line(value, language)
    return [(re.sub(r"\s", "", called[1]), arguments)]


def _parts(text: str, begin: int) -> list[str]:
    """What stands between the commas up to the parenthesis that closes the text; ValueError where none does."""
    ends = _ends(text, begin, ",")
    if text[ends[-1]] != ")" or text[ends[-1] + 1 :].strip():
        raise ValueError("no call alone")
    parts = [text[at:end].strip() for at, end in zip([begin, *(end + 1 for end in ends)], ends, strict=False)]
    return parts if parts != [""] else []


def _ends(text: str, begin: int, separator: str) -> Sequence[int]:
    """Where the separators stand up to the bracket that closes what begins there, and that; ValueError for none."""
    closing: list[str] = []
    found: list[int] = []
    for token in _TOKEN.finditer(text, begin):
        sign = token[0]
        if token["type"]:
            closing.append(">")
        elif sign == "<" or (sign == ">" and closing[-1:] != [">"]):
            # Of types within types, and else a sign of order.
            closing.extend(">" if sign == "<" and closing[-1:] == [">"] else ())
        elif sign in _CLOSING:
            closing.append(_CLOSING[sign])
        elif sign in ("'", '"', "`"):
            break
        elif sign == separator and not closing:
            found.append(token.start())
        elif sign in (">", ")", "]", "}"):
            if not closing:
                return [*found, token.start()]
            if closing.pop() != sign:
                break
    raise ValueError("brackets or quotes that do not end")


def _is_expression(source: str, language: str) -> bool:
    """Whether operands and operators take turns; what stands in brackets is not looked at."""
    at, has_operand, before = 0, False, ""
    while at < len(source):
        piece = _PIECE.match(source, at)
        if piece is None:
            return False
        at, kind = piece.end(), piece.lastgroup or ""
        if kind == "open":
            literal = language == "javascript" or before in ("->", "=>") or piece[0] == "("
            if not has_operand and not literal:
                return False
            at = _ends(source, at, "")[-1] + 1
            has_operand = True
        elif kind in ("operand", "name"):
            if has_operand:
                return False
            has_operand = True
        elif kind == "member" and not has_operand:
            return False
        elif kind == "operator":
            if not has_operand and not _UNARY.fullmatch(piece[0]):
                return False
            has_operand = False
        elif kind == "word":
            has_operand = False
        before = piece[0] if kind else before
    return has_operand


def _on_one_line(source: str, language: str) -> str:
    """The grammar for Java gives what it read without line ends, the one for JavaScript the source."""
    return _SPACES.sub(lambda found: found[0] if found[0].strip() else " ", source) if language == "java" else source


def _is_string(source: str) -> bool:
    return len(source) > 1 and source[0] in "\"'" and source[-1] == source[0]
