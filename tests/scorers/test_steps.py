"""The first paragraph of a thought with a right answer."""

import re
import time

import pytest

from pytest_modeleval.scorers.steps import count_switches, rule_for, steps_of


def first(target: str, *paragraphs: str, options: tuple[str, ...] = (), any_of: bool = False) -> int | None:
    rule = rule_for(target, options, any_of=any_of)
    assert rule is not None
    return rule(paragraphs)


@pytest.mark.parametrize(
    ("target", "paragraph"),
    [
        ("18", "So she makes 9 * 2 = 18 dollars a day."),
        ("18", r"That is \boxed{18}."),
        ("18", "The answer is 18."),
        ("18", "Add them all up and there are 18"),
        ("18", "16 - 3 - 4 = 9 eggs, 9 * 2 = $18, which is what she makes in 1 day"),
        ("1,234", "so 1000 + 234 = 1234, less 7"),
        ("0.5", "1 - 1/2 = 1/2 of it, and 3 remain"),
        ("-3", "x = \u22123 and then 7"),
        (r"\frac{1}{2}", "hence $x = 0.5$ and $y = 3$"),
        (r"\frac{1}{2}", r"The probability is \frac12."),
        (r"\frac{\sqrt{3}}{2}", r"so $\sin 60 = \frac{\sqrt 3}{2}$, fine"),
        (r"\frac{\sqrt{3}}{2}", r"so $h = \sqrt{3}/2$, fine"),
        ("x^2+2x+1", "we get $(x+1)^2$ here"),
        (r"(3, \frac{\pi}{2})", r"thus $(r,\theta) = \left( 3, \frac{\pi}{2} \right)$"),
        ("1,-2", "The solutions are $-2, 1$"),
        ("Evelyn", "The answer is Evelyn."),
        ("New York City", "So the answer is: New York City. Let me check."),
        ("Paris", "Paris"),
        ("Yes", "So the answer is yes."),
        ("No", r"\boxed{\text{no}}"),
        ("x", "hence it is $x$"),
    ],
)
def test_it_is_found_however_it_is_said(target: str, paragraph: str) -> None:
    others = ("I have 7 of them, 7 = 7.", "Let $y = 4$, and think.")

    assert first(target, *others, paragraph, "18 and again 0.5") == 2


@pytest.mark.parametrize(
    ("target", "paragraph"),
    [
        ("18", "There are 18 eggs and 7 are broken"),
        ("18", "That is 180 = 180, or 1.8"),
        ("3", "x = 3.5"),
        ("3", "that is = 3 * 6 = 18 eggs"),
        ("3", "that is = 3 - 2 = 1"),
        (r"\frac{1}{2}", "x = 12"),
        ("1,2", "so 1.2 it is"),
        ("Paris", "Paris is nice, but London has more people"),
    ],
)
def test_another_value_is_not_found(target: str, paragraph: str) -> None:
    assert first(target, paragraph) is None


def test_letters_need_the_options() -> None:
    options = ("Paris", "Rome", "Oslo")

    assert first("B", "Is it A? No.", "So the answer is B.", "B", options=options) == 1
    assert first("B", "Rome is large.", "Therefore the capital has to be Rome", options=options) == 1
    assert first("AC", "The answer is A.", "The answers are A and C", options=options) == 1
    assert first("AC", "The answer is C.", "The answers are A and C", options=options, any_of=True) == 0


@pytest.mark.parametrize("target", ["", "  ", "a text " * 20])
def test_some_targets_have_no_rule(target: str) -> None:
    assert rule_for(target) is None
    assert rule_for("E", ("one", "two")) is None


def test_paragraphs_stand_between_empty_lines_and_the_last_ends_with_the_text() -> None:
    text = "\nOne\nmore.\n \n\n\nTwo: but wait!\n\nThree.\n\nAlternatively, four\n\n"
    steps = steps_of(text)

    assert steps.paragraphs == ["One\nmore.", "Two: but wait!", "Three.", "Alternatively, four\n\n"]
    assert [steps.end(number) for number in range(4)] == [text.index(".\n") + 1, 29, 37, len(text)]
    # A thought is the paragraphs from one that switches to the next that does.
    assert [text[: steps.end_of_thought(n)].rsplit(maxsplit=1)[1] for n in range(4)] == [
        *("more.", "Three.", "Three.", "four"),
    ]
    assert steps_of(" \n\n").paragraphs == []


def test_switches_are_counted_in_any_case_and_as_often_as_they_stand() -> None:
    text = "Alternatively, ALTERNATIVELY. But wait, let me reconsider: another way, another approach, another method,"

    assert count_switches(f"{text} another angle, another thing; but then, wait") == 8


HOSTILE = {
    "one paragraph of numbers": "1 " * 500_000,
    "a paragraph a number": "".join(f"{n}\n\n" for n in range(120_000)),
    "equals signs": "=" * 1_000_000,
    "equations": "x=1," * 250_000,
    "spaces": " " * 500_000 + "\n" + " \t" * 250_000,
    "line breaks": "\n \n" * 330_000,
    "boxes": r"\boxed{" * 140_000,
    "dollars": "$x$" * 330_000,
    "statements": "the answer is " * 70_000,
    "a switch a paragraph": "but wait\n\n" * 100_000,
    "roots": "".join(rf"$\sqrt{{{n}}}$ " for n in range(100_000)),
    "braces": "{" * 500_000 + "}" * 500_000,
}


@pytest.mark.parametrize("target", ["42", r"\sqrt{2}+1", "some words here", "B"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_long_text_of_anything_is_read_in_linear_time(text: str, target: str) -> None:
    options = ("one", "two") if target == "B" else ()

    def seconds(text: str) -> float:
        rule = rule_for(target, options)
        assert rule is not None
        started = time.process_time()
        steps = steps_of(text)
        rule(steps.paragraphs)
        count_switches(text)
        [steps.end_of_thought(number) for number in (0, len(steps.places) // 2)] if steps.places else []
        return time.process_time() - started

    quarter = seconds(text[: len(text) // 4])
    # Were it quadratic, the whole megabyte would take less than 5 s: the machine is shared.
    assert quarter < 5 / 16 or quarter < 6 * seconds(text[: len(text) // 16]), re.sub(r"\s+", " ", text[:40])
