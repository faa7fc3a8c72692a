"""Data, style and script in a page of their own: nothing in it comes from elsewhere, and no foreign text is markup."""

import base64
import hashlib
import json
from collections.abc import Iterable

# What every page begins with; its own part begins with its title.
_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{policy}}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
"""


def parts(page: str, style: str, script: str) -> tuple[str, str]:
    """A page before and after its data, which stands for ``{{data}}``; its policy lets nothing else run or load."""
    policy = f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}"
    policy += "; base-uri 'none'; form-action 'none'"
    page = _HEAD + page
    for name, text in {"policy": policy, "style": style, "script": script}.items():
        page = page.replace(f"{{{{{name}}}}}", text)
    head, _, tail = page.partition("{{data}}")
    return head, tail


def element(attribute: str, texts: Iterable[str]) -> str:
    """Data as an element that is no script to a browser."""
    return f'<script type="application/json" {attribute}>{"".join(texts)}</script>'


def embedded(value: object) -> str:
    """The value as JSON that no HTML parser takes for the end of its element, or for a comment's beginning."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        # JSON has no word for what Python writes as NaN and -Infinity.
        finite = json.loads(json.dumps(value), parse_constant=str)
        text = json.dumps(finite, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
