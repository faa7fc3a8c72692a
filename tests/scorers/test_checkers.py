"""IFEval's 25 instructions on texts that follow them and texts that do not, as the official code judges."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.checkers import CHECKERS
from pytest_modeleval.scorers.instructions import instructions

FEW = {"relation": "less than"}
MANY = {"relation": "at least"}
FIRST_WORD = {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Elm"}

# By instruction: arguments, texts that follow, texts that do not.
CASES: dict[str, list[tuple[dict[str, Any], list[str], list[str]]]] = {
    "change_case:capital_word_frequency": [
        (
            {"capital_frequency": 2, "capital_relation": "at least"},
            ["GO NOW", "A small TEST", "one STATE-OF-THE-ART, one U.S. law", "I think I do"],
            ["GO now", "STATE-OF-THE-ART", "Go Now Please", "123 456", "gO"],
        ),
        ({"capital_frequency": 2, "capital_relation": "less than"}, ["GO now", "none here", "42"], ["GO NOW"]),
    ],
    "change_case:english_capital": [
        (
            {},
            ["THIS IS THE WAY THAT WE SPEAK OF THE WEATHER.", "THE 3 CATS ARE HERE, AND THEY ARE ASLEEP NOW."],
            [
                "THIS IS THE WAY THAT WE SPEAK OF THE WEATHEr.",
                "this is the way that we speak",
                "ЭТО РУССКИЙ ТЕКСТ, А НЕ АНГЛИЙСКИЙ.",
                "123",
            ],
        )
    ],
    "change_case:english_lowercase": [
        (
            {},
            ["this is the way that we speak of the weather.", "the 3 cats are here, and they are asleep now."],
            [
                "This is the way that we speak of the weather.",
                "das ist ein deutscher satz und nicht ein englischer.",
                "123",
            ],
        )
    ],
    "combination:repeat_prompt": [
        (
            {"prompt_to_repeat": "Write a poem. "},
            ["Write a poem.\nRoses are red.", "  write a POEM. Roses", "Write a poem."],
            ['"Write a poem." Roses', "Sure! Write a poem. Roses", "Write a poem, roses"],
        )
    ],
    "combination:two_responses": [
        (
            {},
            ["one\n******\ntwo", "one******two", "******one******two******"],
            [
                "one",
                "one\n******\none",
                "one\n******\n one ",
                "one******two******three",
                "one******\n******two",
                "one *** two",
                "one******",
            ],
        )
    ],
    "detectable_content:number_placeholders": [
        (
            {"num_placeholders": 2},
            ["[name] of [street]", "[a][b][c]", "[][]", "[[a] [b]"],
            ["[name]", "[[a]]", "[one\n] and [two\n]", "(a) (b)", "]a[ ]b["],
        )
    ],
    "detectable_content:postscript": [
        (
            {"postscript_marker": "P.S."},
            ["Bye.\n\nP.S. I love you", "p.s. hi", "P. S. hi", "so it is p.s. in the middle", "P.P.S. too"],
            ["Bye", "PS: hi", "P.S hi"],
        ),
        (
            {"postscript_marker": "P.P.S"},
            ["P.P.S I love you", "p.p.s.", "P. P. S", "P.\nP.S"],
            ["P.S. hi", "PPS hi", "P.  P.S"],
        ),
        ({"postscript_marker": "Note+:"}, ["End. NOTE+: x"], ["Notee: x", "Note: x"]),
    ],
    "detectable_format:constrained_response": [
        (
            {},
            ["My answer is yes.", "I thought. My answer is no.", "  My answer is maybe. Or not."],
            ["my answer is yes.", "My answer is yes", "Yes.", "My answer is: no."],
        )
    ],
    "detectable_format:json_format": [
        (
            {},
            ['{"a": 1}', '```json\n{"a": [1, 2]}\n```', "```\n[]\n```", "```JSON\n3```", ' "text" ', "null"],
            [
                "{'a': 1}",
                '{"a": 1,}',
                'Here: {"a": 1}',
                '```json\n{"a": 1}\n```\nDone.',
                "``` json\n{}\n```",
                '{"a": 1} {"b": 2}',
                "[" * 100_000,
                "9" * 5_000,
                "text",
            ],
        )
    ],
    "detectable_format:multiple_sections": [
        (
            {"section_spliter": "Section", "num_sections": 2},
            ["Section 1\na\nSection 2\nb", "Section1 Section2", "NoSection 1, Section 2"],
            ["Section 1\na", "SECTION 1\nSECTION 2", "Section A\nSection B", "Section  1 Section  2"],
        ),
        ({"section_spliter": "Day", "num_sections": 1}, ["Day 1: go", "**Day 1**", "Day\n12"], ["day 1", "Day one"]),
    ],
    "detectable_format:number_bullet_lists": [
        (
            {"num_bullets": 2},
            ["* a\n* b", "- a\n- b", "Text:\n  * a\n\t- b\n", "*a\n*b", "---\n* a", "\n\n* a\n\n\n* b", "*\n* a\n* b"],
            ["* a", "* a\n* b\n* c", "** a\n** b", "1. a\n2. b", "a * b\nc - d", "• a\n• b", "*\n*"],
        )
    ],
    "detectable_format:number_highlighted_sections": [
        (
            {"num_highlights": 2},
            ["*a* and *b*", "**a** and **b**", "***a***", "*a* *b* *c*"],
            ["*a*", "**a**", "a * b", "**", "* * and * *", "*a\nb* and *c\nd*", "_a_ and _b_"],
        )
    ],
    "detectable_format:title": [
        (
            {},
            ["<<My title>>\nText", "Text <<t>> text", "<<<a>>>", "<< a > b >>", "<<\n<<a>>", "x>> <<a>>"],
            ["My title", "<title>", "<<>>", "<< >>", "<<a\nb>>", "<<>>>", ">>a<<", "<<a>"],
        )
    ],
    "keywords:existence": [
        (
            {"keywords": ["cat", "dog days"]},
            ["A cat in dog days", "CATALOGUE of Dog Days", "dog days; cat"],
            ["A cat and a dog", "dog days", "ca t dog days"],
        ),
        ({"keywords": ["C++"]}, ["in c++ or so"], ["in C", "in CCC"]),
    ],
    "keywords:forbidden_words": [
        (
            {"forbidden_words": ["die", "BC"]},
            ["a diet of abc", "dies, died", "44BCE"],
            ["Die!", "in 44 bc", "to-die-for", "(die)"],
        )
    ],
    "keywords:frequency": [
        ({"keyword": " peace ", "frequency": 2, **MANY}, ["Peace, peace", "peaceful PEACE"], ["peace", "pieces"]),
        ({"keyword": "peace", "frequency": 2, **FEW}, ["peace", "war"], ["peace and peaceful"]),
    ],
    "keywords:letter_frequency": [
        ({"letter": "E", "let_frequency": 2, "let_relation": "at least"}, ["Eve", "see"], ["end", "é è"]),
        ({"letter": "#", "let_frequency": 2, "let_relation": "at least"}, ["# a\n## b"], ["# a"]),
        ({"letter": "e", "let_frequency": 2, "let_relation": "less than"}, ["end", "so"], ["Eve"]),
    ],
    "language:response_language": [
        (
            {"language": "de"},
            ["Das ist ein deutscher Satz, und hier ist noch einer.", "123 456", "..."],
            ["This is an English sentence, and here is another.", "Это предложение на русском языке."],
        ),
        (
            {"language": "hi"},
            ["यह हिंदी में लिखा गया एक वाक्य है और यह लंबा है।"],
            ["हा एक मराठी मजकूर आहे आणि तो मोठा आहे.", "Namaste"],
        ),
    ],
    "length_constraints:number_sentences": [
        (
            {"num_sentences": 3, **MANY},
            ["One. Two! Three?", "First.\nSecond.\nThird.", "He left. She stayed. They met at 5 p.m. today."],
            ["One. Two!", "Mr. Who, Dr. No and Mrs. So.", "one\ntwo\nthree", "1.5 and 2.5 and 3.5"],
        ),
        ({"num_sentences": 3, **FEW}, ["One. Two!", "one"], ["One. Two. Three."]),
    ],
    "length_constraints:number_words": [
        (
            {"num_words": 3, **MANY},
            ["one two three", "it's so", "a-b-c", "一 二 三", "एक हिंदी"],
            ["one two", "snake_case_word one", "... !!"],
        ),
        ({"num_words": 3, **FEW}, ["one two", "!"], ["one two three"]),
    ],
    "length_constraints:number_paragraphs": [
        (
            {"num_paragraphs": 2},
            ["a\n***\nb", "a***b", "***\na\n***\nb\n***", "a\n\nb\n***\nc"],
            ["a", "a\n\nb", "a***b***c", "a\n***\n***\nb", "a******b", "a\n* * *\nb"],
        )
    ],
    "length_constraints:nth_paragraph_first_word": [
        (
            FIRST_WORD,
            ["One.\n\nElm trees", 'One.\n\n"elm\'s" tree', "a\n\nELM, b", "a\n\n elm\n\n"],
            [
                "Elm\n\nOne",
                "One.\nElm",
                "One\n\nElms",
                "a\n\nelm\n\nb",
                "elm",
                "a\n\n\n\nelm",
                "a\n\n(elm)",
                "a\n\n**Elm** b",
            ],
        )
    ],
    "punctuation:no_comma": [({}, ["None here.", "1;000", "a\uff0cb"], ["one, two", "1,000", ","])],
    "startend:end_checker": [
        (
            {"end_phrase": " Peace! "},
            ["So be it. Peace!", "peace!", '"In PEACE!"', "Peace!\n"],
            ["Peace! Bye.", "Peace", "peace.", "**Peace!**"],
        )
    ],
    "startend:quotation": [
        ({}, ['"Yes."', ' "a" and "b" ', '""'], ["Yes", '"', '"Yes', "'Yes'", "“Yes”", '"Yes".']),
    ],
}
TABLE = [
    pytest.param(name, arguments, text, followed, id=f"{name}-{'follows' if followed else 'fails'}-{text[:20]!r}")
    for name, cases in CASES.items()
    for arguments, right, wrong in cases
    for texts, followed in ((right, True), (wrong, False))
    for text in texts
]


def test_every_checker_has_cases() -> None:
    assert set(CASES) == set(CHECKERS)
    assert len(CHECKERS) == 25


@pytest.mark.parametrize(("name", "arguments", "text", "followed"), TABLE)
def test_a_text_follows_or_not(name: str, arguments: dict[str, Any], text: str, followed: bool) -> None:
    (instruction,) = instructions([name], [arguments])

    assert instruction.follows(text) is followed


ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=[]), max_size=60) | st.lists(
    st.sampled_from([*'*-<>[]".,#\n \t\0', "***", "\n\n", "P.S.", "Section 1", "GO", "\ud800", "٣", "9" * 5_000, "é"]),
    max_size=12,
).map("".join)


@pytest.mark.parametrize("name", CASES)
@given(text=ANY_TEXT)
def test_no_text_breaks_a_checker_and_the_verdict_stays(name: str, text: str) -> None:
    for arguments, _, _ in CASES[name]:
        (instruction,) = instructions([name], [arguments])
        verdict = instruction.follows(text)

        assert verdict in (True, False)
        assert instruction.follows(text) is verdict


@pytest.mark.parametrize("name", CASES)
def test_a_long_answer_takes_no_long_time(name: str) -> None:
    """A pattern that looks ahead from every character would need minutes for these."""
    (instruction,) = instructions([name], [CASES[name][0][0]])

    for piece in (" ", "\n", "*", "[", "<<", "a", "A. ", "p.", '"', "中", "Section ", "\n* "):
        assert instruction.follows(piece * (30_000 // len(piece))) in (True, False)
