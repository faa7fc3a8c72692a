"""Does a text follow an instruction? The 25 that IFEval checks by program (Zhou et al. 2023, arXiv:2311.07911).

Each does what the official checker does (google-research, instruction_following_eval/instructions.py), surprises
included, in time that grows with the text's length alone. Parameters have the names of the dataset's ``kwargs``.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from pytest_modeleval.scorers.language import capitals_in, language_of, sentences_in

# Of a text whose sentences are counted.
_BEGINNING = 5_000
RELATIONS = ("less than", "at least")
# The official code's postscripts are looser than their markers; the text is in lower case.
_POSTSCRIPTS = {"P.S.": re.compile(r"p\.\s?s\."), "P.P.S": re.compile(r"p\.\s?p\.\s?s")}
_ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
# The mark may be followed by the end of its line, which takes the next line along, but not by a second asterisk.
_ASTERISK_BULLET = re.compile(r"^[^\S\n]*\*[^*].*$", re.MULTILINE)
_HIGHLIGHT = re.compile(r"\*[^\n*]*\*")
_DOUBLE_HIGHLIGHT = re.compile(r"\*\*([^\n*]*)\*\*")


def _holds(number: int, relation: str, threshold: int) -> bool:
    return number < threshold if relation == "less than" else number >= threshold


def has_keywords(text: str, *, keywords: Sequence[str]) -> bool:
    """Every keyword occurs, also inside a longer word."""
    return all(re.search(re.escape(keyword), text, re.IGNORECASE) for keyword in keywords)


def has_keyword_often(text: str, *, keyword: str, frequency: int, relation: str) -> bool:
    """The keyword occurs as often as asked, counted inside longer words too."""
    return _holds(len(re.findall(re.escape(keyword), text, re.IGNORECASE)), relation, frequency)


def has_no_forbidden_word(text: str, *, forbidden_words: Sequence[str]) -> bool:
    """None of the words occurs as a whole word."""
    return not any(re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in forbidden_words)


def has_letter_often(text: str, *, letter: str, let_frequency: int, let_relation: str) -> bool:
    """The letter, or other single character, occurs as often as asked, in either case."""
    return _holds(text.lower().count(letter.lower()), let_relation, let_frequency)


def is_in_language(text: str, *, language: str) -> bool:
    """The text is in the language; a text of no language passes, as in the official code."""
    return language_of(text) in (language, None)


def has_sentences(text: str, *, num_sentences: int, relation: str) -> bool:
    """The number of sentences is as asked."""
    found = len(sentences_in(text[:_BEGINNING]))
    # What the beginning has too many of, or enough, is decided.
    if found <= num_sentences and len(text) > _BEGINNING:
        found = len(sentences_in(text))
    return _holds(found, relation, num_sentences)


def has_words(text: str, *, num_words: int, relation: str) -> bool:
    r"""The number of words (``\w+``) is as asked.

    By Python's own patterns, as in NLTK when the paper appeared; since NLTK 3.10 a vowel sign no longer ends a word.
    """
    return _holds(len(re.findall(r"\w+", text)), relation, num_words)


def has_paragraphs(text: str, *, num_paragraphs: int) -> bool:
    """``***`` separates exactly so many paragraphs; one before the first or behind the last mark may be empty."""
    parts = [part.strip() for part in text.split("***")]
    return all(parts[1:-1]) and sum(map(bool, parts)) == num_paragraphs


def has_first_word(text: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """There are exactly so many paragraphs, and the nth begins with the word; empty lines separate them.

    Empty paragraphs are not counted, but take a place, as in the official code.
    """
    paragraphs = [paragraph.strip() for paragraph in text.split("\n\n")]
    if sum(map(bool, paragraphs)) != num_paragraphs or not (nth := paragraphs[nth_paragraph - 1]):
        return False
    word = nth.split()[0].lstrip("'").lstrip('"')
    return re.split(r"[.,?!'\"]", word, maxsplit=1)[0].lower() == first_word.lower()


def has_placeholders(text: str, *, num_placeholders: int) -> bool:
    """At least so many placeholders in square brackets, such as ``[address]``."""
    return sum(map(_brackets, text.split("\n"))) >= num_placeholders


def _brackets(line: str) -> int:
    """How often ``[`` is followed by the next ``]``; a pattern would look to the line's end from every ``[``."""
    number = position = 0
    while (opened := line.find("[", position)) >= 0 and (closed := line.find("]", opened)) >= 0:
        number, position = number + 1, closed + 1
    return number


def has_postscript(text: str, *, postscript_marker: str) -> bool:
    """A postscript begins somewhere, in either case."""
    lower = text.lower()
    if pattern := _POSTSCRIPTS.get(postscript_marker):
        return bool(pattern.search(lower))
    return postscript_marker.lower() in lower


def has_bullets(text: str, *, num_bullets: int) -> bool:
    """Exactly so many lines begin with ``*`` or ``-``."""
    dashes = sum(line.lstrip().startswith("-") for line in text.split("\n"))
    return len(_ASTERISK_BULLET.findall(text)) + dashes == num_bullets


def has_constrained_answer(text: str) -> bool:
    """One of the three allowed answers occurs."""
    return any(answer in text for answer in _ANSWERS)


def has_highlights(text: str, *, num_highlights: int) -> bool:
    """At least so many highlighted parts, ``*one*`` or ``**two**``, as the official code counts both."""
    single = sum(bool(found.strip("*").strip()) for found in _HIGHLIGHT.findall(text))
    double = sum(bool(found.strip()) for found in _DOUBLE_HIGHLIGHT.findall(text))
    return single + double >= num_highlights


def has_sections(text: str, *, section_spliter: str, num_sections: int) -> bool:
    """At least so many headings such as ``Section 1``."""
    return len(re.findall(rf"{re.escape(section_spliter)}\s?\d+", text)) >= num_sections


def is_json(text: str) -> bool:
    """The whole text is JSON, in a fenced block or not."""
    text = text.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def has_title(text: str) -> bool:
    """A line holds a title such as ``<<poem of joy>>``."""
    return any(map(_title, text.split("\n")))


def _title(line: str) -> str:
    """What is between the line's first ``<<`` and its last ``>>``."""
    opened, closed = line.find("<<"), line.rfind(">>")
    return line[opened:closed].lstrip("<").rstrip(">").strip() if 0 <= opened < closed - 2 else ""


def has_two_responses(text: str) -> bool:
    """Two different responses, separated by ``******``."""
    parts = [part.strip() for part in text.split("******")]
    responses = [part for part in parts if part]
    return all(parts[1:-1]) and len(responses) == 2 and responses[0] != responses[1]


def repeats_prompt(text: str, *, prompt_to_repeat: str) -> bool:
    """The text begins with the request, in either case."""
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())


def has_end(text: str, *, end_phrase: str) -> bool:
    """The text ends with the phrase, in either case; quotation marks around the text do not count."""
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def has_capital_words(text: str, *, capital_frequency: int, capital_relation: str) -> bool:
    """The number of words in capitals alone is as asked."""
    found = islice(capitals_in(text), capital_frequency)
    return _holds(len(list(found)), capital_relation, capital_frequency)


def is_english_in_capitals(text: str) -> bool:
    """English without a small letter."""
    return text.isupper() and is_in_language(text, language="en")


def is_english_in_small_letters(text: str) -> bool:
    """English without a capital letter."""
    return text.islower() and is_in_language(text, language="en")


def has_no_comma(text: str) -> bool:
    """No comma."""
    return "," not in text


def is_quoted(text: str) -> bool:
    """Double quotation marks stand around the text."""
    text = text.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'


CHECKERS: Mapping[str, Callable[..., bool]] = {
    "change_case:capital_word_frequency": has_capital_words,
    "change_case:english_capital": is_english_in_capitals,
    "change_case:english_lowercase": is_english_in_small_letters,
    "combination:repeat_prompt": repeats_prompt,
    "combination:two_responses": has_two_responses,
    "detectable_content:number_placeholders": has_placeholders,
    "detectable_content:postscript": has_postscript,
    "detectable_format:constrained_response": has_constrained_answer,
    "detectable_format:json_format": is_json,
    "detectable_format:multiple_sections": has_sections,
    "detectable_format:number_bullet_lists": has_bullets,
    "detectable_format:number_highlighted_sections": has_highlights,
    "detectable_format:title": has_title,
    "keywords:existence": has_keywords,
    "keywords:forbidden_words": has_no_forbidden_word,
    "keywords:frequency": has_keyword_often,
    "keywords:letter_frequency": has_letter_often,
    "language:response_language": is_in_language,
    "length_constraints:nth_paragraph_first_word": has_first_word,
    "length_constraints:number_paragraphs": has_paragraphs,
    "length_constraints:number_sentences": has_sentences,
    "length_constraints:number_words": has_words,
    "punctuation:no_comma": has_no_comma,
    "startend:end_checker": has_end,
    "startend:quotation": is_quoted,
}
