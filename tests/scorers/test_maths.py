r"""Expressions in answers.

The pairs are those of the official graders where the comment says so: hendrycks/math `math_equivalence.py` (is_equiv and
its normalisations), openai/prm800k `grader.py` (tests of the same), Minerva (Lewkowycz et al. 2022, arXiv:2206.14858,
appendix D.1), and math-verify's README and tests.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_modeleval.sample import Completion, SampleError
from pytest_modeleval.scorers import symbolic
from pytest_modeleval.scorers.formulas import formulas_in
from pytest_modeleval.scorers.maths import boxed_target, same_expression

RIGHT = [
    # hendrycks/math: fractions, roots, leading zeros, units, degrees, percent, dollars, spacing, "x =".
    (r"\frac{1}{2}", r"\dfrac{1}{2}"),
    (r"\frac{1}{2}", "\u00bd"),
    ("3.5", "3\u00bd"),
    (r"\frac34", r"\text{3/4}"),
    ("12", r"\textbf{12}"),
    ("12", r"\mathbf{12}"),
    ("12", r"\approx 12"),
    ("-3, 2", "2; -3"),
    ("(1, 2)", "(1; 2)"),
    (r"\frac{1}{2}", r"\tfrac12"),
    (r"\frac{1}{2}", r"\frac12"),
    (r"\frac{1}{2}", r"\frac1{2}"),
    (r"\frac{1}{2}", r"\frac{1}2"),
    (r"\frac{1}{2}", "1/2"),
    (r"\frac{1}{2}", "0.5"),
    (r"\frac{1}{2}", ".5"),
    ("0.5", r"\frac{1}{2}"),
    (r"\frac 59", r"\frac{5}{9}"),
    (r"\frac9{19}", "9/19"),
    (r"\frac43", r"\frac{4}{3}"),
    (r"\sqrt{3}", r"\sqrt3"),
    (r"11\sqrt2", r"11\sqrt{2}"),
    (r"70 \sqrt{2}", r"70\sqrt{2}"),
    (r"\left( \frac{3}{2}, -13 \right)", r"(\frac32,-13)"),
    (r"\$18.90", "18.90"),
    (r"\$36", "36"),
    (r"90^\circ", "90"),
    (r"90^\circ", r"90^{\circ}"),
    (r"90^\circ", "90°"),
    (r"90^\circ", "90 degrees"),
    (r"\frac{270}7\text{ degrees}", r"\frac{270}{7}^\circ"),
    (r"50\%", "50"),
    ("50", r"50\%"),
    ("50", "50%"),
    (r"50\%", "0.5"),
    ("0.5", r"50\%"),
    (r"12.5\%", r"12.50\%"),
    (r"12.5\%", "12.5 percent"),
    (r"5.4 \text{ cents}", "5.4"),
    (r"864 \mbox{ inches}^2", "864"),
    (r"15\mbox{ cm}^2", r"15\text{ cm}^2"),
    (r"15\mbox{ cm}^2", r"15 \mathrm{~cm}^{2}"),
    ("18", "18 inches"),
    ("18", "18 sq cm"),
    ("18", "18cm^2"),
    ("18", r"18\,\text{cm}"),
    ("18", r"18~\mathrm{m}^2"),
    ("5", r"5\text{ ft}"),
    (r"\frac{1}{3}", r"0.\overline{3}"),
    ("-1.16", r"-1.15\overline{9}"),
    (r"\sqrt{2}", r"\sqrt2 \approx 1.414"),
    ("1.41", r"x \approx 1.41"),
    ("x=5", "5"),
    ("5", "x = 5"),
    ("5", "k=5"),
    ("x=5", "x = 5.0"),
    ("y = 2x + 3", "y=3+2x"),
    ("y = -2x", "y = -2 \\cdot x"),
    ("10,\\!080", "10080"),
    ("10,\\!080", "10,080"),
    ("11,\\! 111,\\! 111,\\! 100", "11111111100"),
    ("58,500", "58500"),
    ("58500", "58{,}500"),
    (".0000672", "0.0000672"),
    (".0000672", r"6.72 \times 10^{-5}"),
    ("4.5e33", r"4.5 \times 10^{33}"),
    ("1.25", r"\frac{5}{4}"),
    ("5", "5."),
    ("5", "+5"),
    ("-5", "−5"),
    ("72", "٧٢"),
    ("72", "७२"),
    # Mixed numbers.
    (r"1\frac{4}{5}", r"\frac{9}{5}"),
    (r"1\frac{4}{5}", "1.8"),
    (r"137 \frac{1}{2}", "137.5"),
    (r"137 \frac{1}{2}", "137 1/2"),
    (r"-1\frac12", "-1.5"),
    # Tuples, intervals, sets.
    (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\pi/2)"),
    (r"\left( 3, \frac{\pi}{2} \right)", r"(3, \frac{1}{2}\pi)"),
    ("(3,4]", r"\left(3,4\right]"),
    (r"\left(\frac{3}{5},\frac{8}{3}\right]", "(0.6, 8/3]"),
    (r"(2,\infty)", r"(2, +\infty)"),
    (r"(2,\infty)", "x \\in (2,∞)"),
    (r"x \in [-2,7]", "[-2,7]"),
    (r"x \in [-2,7]", r"-2 \le x \le 7"),
    (r"(0,9) \cup (9,36)", r"(9,36) ∪ (0,9)"),
    (r"(0,9) \cup (9,36)", r"(0,36) \setminus \{9\}"),
    (r"(-\infty, 2) \cup (3, \infty)", r"\left(-\infty,2\right)\cup\left(3,\infty\right)"),
    ("1,-2", "-2, 1"),
    ("1,-2", r"\{-2,1\}"),
    ("1,-2", "1 and -2"),
    ("1,-2", r"x=1 \text{ or } x=-2"),
    ("1,-2", "x = 1, x = -2"),
    ("3, 5, 7", "7,5,3"),
    (r"1 \pm \sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"),
    (r"1 \pm \sqrt{19}", r"1 - \sqrt{19} \text{ and } 1 + \sqrt{19}"),
    (r"1 \pm \sqrt{19}", r"x = 1 \pm \sqrt{19}"),
    (r"\{1\pm\sqrt{5},-2\}", r"-2, 1+\sqrt5, 1-\sqrt5"),
    (r"\{5\}", "5"),
    (r"(x,y) = (1,2)", "(1,2)"),
    ("(1,-16,-4,43)", r"\left(1, -16, -4, 43\right)"),
    # Matrices.
    (r"\begin{pmatrix} -2 \\ -14 \\ -7 \end{pmatrix}", r"\begin{bmatrix}-2\\-14\\-7\end{bmatrix}"),
    (r"\begin{pmatrix} -1/3 \\ 2/3 \\ 5/3 \end{pmatrix}", r"\begin{pmatrix}-\frac13\\\frac23\\\frac53\\\end{pmatrix}"),
    (r"\begin{pmatrix} -1 & 0 \\ 0 & -1 \end{pmatrix}", r"\left[\begin{array}{cc}-1&0\\0&-1\end{array}\right]"),
    # Radicals, complex numbers, formulas.
    (r"3\sqrt{13}", r"\sqrt{117}"),
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"),
    (r"\sqrt{2}+\sqrt{3}", r"\sqrt{5+2\sqrt{6}}"),
    ("6 - 5i", "-5i+6"),
    ("-2 + 7i", "7i - 2"),
    ("3+4i", "(2+i)^2"),
    ("6 - 5i", r"6-5\mathrm{i}"),
    (r"3\mathbf{i}+4\mathbf{j}", r"4\mathbf{j}+3\mathbf{i}"),
    ("120", r"\binom{10}{3}"),
    ("3628800", "10!"),
    (r"\sqrt[3]{4}", "4^{1/3}"),
    (r"\sqrt{53}", "sqrt(53)"),
    ("3:4", r"\frac{3}{4}"),
    (r"(-\infty,\infty)", r"\mathbb{R}"),
    (r"(2,\infty)", "x > 2"),
    (r"y = -\frac{3}{4}x+2", "3x+4y=8"),
    ("2x+3", "f(x) = 2x+3"),
    (r"\frac{3}{4}", r"\frac{-3}{-4}"),
    (r"-\frac{3}{4}", r"\frac{3}{-4}"),
    (r"\emptyset", r"\varnothing"),
    ("2x+1", "1+2x"),
    ("p - q", "-q+p"),
    ("6r^2-4r-24", "2(3r^2-2r-12)"),
    ("(a+5)(b+2)", "ab+2a+5b+10"),
    ("x^5 - x^4 + x^3 - x^2 + x - 1", r"(x-1)(x^4+x^2+1)"),
    (r"\cot x", r"\frac{\cos x}{\sin x}"),
    (r"\frac{11+9a}{20}", r"\frac{9a}{20}+\frac{11}{20}"),
    ("5x - 7y + 11z + 4 = 0", "5x - 7y + 11z = -4"),
    ("5x - 7y + 11z + 4 = 0", "-5x + 7y - 11z - 4 = 0"),
    (r"\frac{20000}{\pi}", r"20000\pi^{-1}"),
    (r"\frac{e^{t}} {3}+c e^{-2 t}", r"c e^{-2t} + e^t/3"),
    (r"12\pi", r"12π"),
    (r"5", "2+3"),
    ("8", "2^3"),
    ("7", "3+4=7"),
    (r"\frac{1}{2}", r"\sin 30^\circ = \frac12"),
    # Words and letters.
    (r"\text{Evelyn}", "Evelyn"),
    (r"\text{Evelyn}", r"\textbf{evelyn}"),
    (r"\text{even}", r"\text{Even}."),
    (r"\text{(C)}", "C"),
    (r"\text{(C)}", "(C)"),
    (r"\text{(B)}", r"\textbf{(B)}\ 12"),
    ("2516_8", "2516_{8}"),
    ("4210_{5}", "4210_5"),
    # Braces that say what a power or an index takes.
    ("500", "10^{2}5"),
    ("144", "2^{4}3^{2}"),
    ("2", r"\log_{10}100"),
    (r"x \leq 2", "x <= 2"),
    (r"x \geq 2", "x >= 2"),
    ("20", r"\(20\)"),
    (r"\(20\)", "20"),
    ("20", r"\\(20\\)"),
    (r"\frac{1}{3}", r"0.\bar{3}"),
    (r"\frac{16}{99}", r"0.\dot{1}\dot{6}"),
    # Signs before a currency, and separators.
    ("-5", "-$5"),
    ("-5", r"-\$5"),
    ("-5", "- 5"),
    ("-5", "\u2212€5"),
    ("100000", "1,00,000"),
    ("1000", "1 000"),
    ("10000", r"10\ 000"),
    ("1,12,123", "123, 12, 1"),
    # Times of day and ratios.
    ("12:00", "12:00"),
    (r"1:03 \text{ PM}", r"\text{1:03 PM}"),
    (r"5:00\text{ p.m.}", "17:00"),
    (r"5:00\text{ p.m.}", "5:00"),
    ("2", "2:00 pm"),
    ("2", "2 pm"),
    ("3:2", "3/2"),
    ("3:2", r"\frac{3}{2}"),
    ("3:2", "6:4"),
    ("70", r"70\text{ pm}"),
]  # fmt: skip

# Where the answer stands.
FOUND = [
    ("-1/2", r"The answer is -$\frac{1}{2}$."),
    ("-5", "The answer is -US$5."),
    ("-5", "The answer is negative 5."),
    ("100000", "The answer is Rs. 1,00,000"),
    ("12", "The answer is 12, not 20."),
    ("20", "The answer is not 12 but 20."),
    ("5", r"First \boxed{3}, no: \boxed{5}."),
    (r"\frac{1}{2}", r"so $\boxed{\frac{1}{2}}$"),
    (r"\frac{1}{2}", r"Therefore the answer is $\frac12$."),
    ("1,-2", "The answers: answer is $1$ and $-2$."),
    ("42", "**Final Answer:** 42"),
    ("42", "ANSWER: 42"),
    ("3.5", "The answer is 3.5. I hope it helps."),
    ("42", "We add 40 and 2 and get 42"),
    ("42", "We add $40$ and $2$ to get $42$."),
    (r"\$32,\!348", r"The answer is $\$32,348$."),
    # A stated sentence gives its result.
    ("20", "Answer: After 2 hours the distance is 20 miles."),
    ("5", "The answer is: the only value of $x$ that satisfies the equation is $x = 5$."),
    ("1,-2", "The answer is that the solutions are $1$ and $-2$, as $x > -3$."),
    (r"\frac{4}{3}", "**Answer:**\n\n$$\n\\frac{4}{3}\n$$\n\nIt took 2 steps."),
    (r"\frac{4}{3}", "**Answer:**\n\\[ \\frac{4}{3} \\]\nThis took 3 steps."),
    (r"\frac{4}{3}", r"\text{Answer: } \frac{4}{3}"),
    (r"\frac{4}{3}", r"\boxed{\text{Answer: } \frac{4}{3}}"),
    ("4", "the regular ticket option is $15 + P. So P = 4."),
    ("11", "It costs $5 and $6, so it is $11."),
]  # fmt: skip

WRONG = [
    # A tolerance or a percent in disguise would accept these.
    ("18", "1800"),
    ("12", r"\textbf{13}"),
    ("12", r"\text{1}2\text{3}"),
    ("(1, 2)", "(2; 1)"),
    ("1800", "18"),
    ("10000", "10001"),
    ("10000", "10000.1"),
    ("0.5", "50"),
    ("50", "0.5"),
    (r"50\%", r"0.5\%"),
    (r"50\%", "5"),
    (r"\frac{1}{3}", "0.333333"),
    (".0000672", "0.0000671"),
    (r"10^{-20}\pi", r"10^{-21}\pi"),
    ("3.14159", r"\pi"),
    (r"\frac{1}{2}", "12"),
    (r"\frac{1}{2}", "2"),
    ("14/5", "1 4/5"),
    ("5", "-5"),
    ("5", "x"),
    ("x=5", "y=5"),
    ("x=5", "x=6"),
    ("72", "٧٣"),
    ("4.5e33", r"4.5 \times 10^{32}"),
    # Brackets, order, ends, members.
    ("(3,4]", "(3,4)"),
    ("(3,4]", "[3,4]"),
    ("(3,4)", "[3,4]"),
    ("(2,4)", "(4,2)"),
    ("(2,4)", "(2,4,6)"),
    ("(2,4)", r"\{2,4\}"),
    ("(2,4)", "2"),
    (r"(2,\infty)", r"(2,-\infty)"),
    ("1,-2", "1"),
    ("1,-2", "1,2"),
    ("1,-2", "1,-2,3"),
    ("3, 5, 7", "3,5"),
    ("357", "3,5,7"),
    (r"1 \pm \sqrt{19}", r"1 + \sqrt{19}"),
    (r"x \in [-2,7]", r"(-2,7)"),
    (r"x \in [-2,7]", r"-2 \le x < 7"),
    (r"(0,9) \cup (9,36)", "(0,36)"),
    (r"(0,9) \cup (9,36)", r"(0,9) \cup (9,36]"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 2 \\ 1 \end{pmatrix}"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 1 & 2 \end{pmatrix}"),
    # Formulas.
    (r"3\sqrt{13}", r"\sqrt{118}"),
    ("6 - 5i", "6 + 5i"),
    ("6 - 5i", "6 - 5"),
    (r"3\mathbf{i}+4\mathbf{j}", r"3\mathbf{i}+4"),
    ("5xy", "5"),
    ("5xy", "5ab"),
    ("5 xy", "5"),
    ("5m", "5"),
    ("2mg", "2"),
    (r"\frac{1}{3}", r"0.3\overline{0}"),
    ("3:4", "4:3"),
    (r"90^\circ", r"\frac{\pi}{2}"),
    ("x > 2", "x < 2"),
    ("x > 2", r"x \ge 2"),
    ("2x+1", "2x+2"),
    ("2x+1", "2y+1"),
    ("3R^2", "3r^2"),
    ("p - q", "q - p"),
    ("x", r"\sqrt{x^2}"),
    ("5x - 7y + 11z + 4 = 0", "5x - 7y + 11z + 5 = 0"),
    ("y = 2x + 3", "y = 2x - 3"),
    ("10^{40}", "10^{40}+1"),
    # Words, letters, bases.
    (r"\text{Evelyn}", "Navin"),
    (r"\text{Evelyn}", "12"),
    (r"\text{dog}", "god"),
    (r"\text{east}", "west"),
    (r"\text{(C)}", "(B)"),
    ("2516_8", "2516_9"),
    ("2516_8", "2516"),
    ("52_8", "42"),
    # No answer.
    ("5", ""),
    ("5", "   \n"),
    ("5", r"\boxed{}"),
    ("5", r"\boxed{ }"),
    ("12", r"so the answer is \boxed{12"),
    (r"\frac{1}{2}", r"\boxed{\frac{1}{2}"),
    ("5", "I do not know."),
    ("-4", "The answer is the set of all real numbers except $x=-4$ and $x=1$."),
    ("-4, 1", "The answer is all real numbers except $x=-4$ and $x=1$"),
    ("1/2", r"The answer is -$\frac{1}{2}$."),
    ("5", "The answer is negative 5."),
    ("1", "The domain is the set of all real numbers except $x=-4$ and $x=1$."),
    ("5", r"The answer is 5? No: \boxed{6}"),
    ("5", r"First \boxed{5}, no: \boxed{3}."),
    # Nonsense, and what looks like code.
    ("5", r"\frac{5}"),
    ("5", "__import__('os').getpid()"),
    ("5", r"\operatorname{exec}(5)"),
    ("2", r"\frac{1}{0}"),
    ("2", r"\boxed{((((2}"),
    # Times and ratios are no quotients.
    ("12:00", "1:00"),
    ("2:30", "1:15"),
    ("12:02", "12:01"),
    (r"11:00\text{ p.m.}", r"5:00\text{ p.m.}"),
    (r"5:00\text{ p.m.}", r"5:00\text{ a.m.}"),
    (r"5:15\text{ AM}", r"10:30\text{ AM}"),
    (r"5:00\text{ a.m.}", "17:00"),
    ("3", "3:1"),
    ("3:1", "3"),
    ("3:2", "2:3"),
    (r"\frac{1}{15}", "1:15"),
    # A division by zero equals nothing.
    ("2/0", "1/0"),
    ("1/0", "1/0"),
    (r"\frac{1}{0}", r"\frac{2}{0}"),
    (r"\frac{1}{0}", r"\frac{1}{1-1}"),
    (r"x + \frac{1}{1-1}", r"x + \frac{2}{1-1}"),
    ("2^{10}", "2^{1}0"),
    ("2^{1}0", "2^{10}"),
]  # fmt: skip


def label(pair: tuple[str, str]) -> str:
    return " | ".join(pair)


@pytest.mark.parametrize(("gold", "answer"), RIGHT, ids=map(label, RIGHT))
def test_these_are_right(gold: str, answer: str) -> None:
    score = same_expression(answer, gold)

    assert score, score


@pytest.mark.parametrize(("gold", "answer"), RIGHT, ids=map(label, RIGHT))
def test_these_are_right_in_a_box(gold: str, answer: str) -> None:
    score = same_expression(rf"For $x = 17$ we have $\boxed{{{answer}}}$, as 18 tells.", gold)

    assert score, score


@pytest.mark.parametrize(("gold", "answer"), FOUND, ids=map(label, FOUND))
def test_the_answer_is_found(gold: str, answer: str) -> None:
    score = same_expression(answer, gold)

    assert score, score


@pytest.mark.parametrize(("gold", "answer"), WRONG, ids=map(label, WRONG))
def test_these_are_wrong(gold: str, answer: str) -> None:
    assert not same_expression(answer, gold)


def test_formulas_side_by_side_are_two() -> None:
    assert [text for _, text in formulas_in("so $x$$y$ it is")] == ["x", "y"]


def test_the_thinking_is_not_looked_at() -> None:
    assert not same_expression(Completion(text="The answer is 70", thinking=r"\boxed{72}"), "72")


@pytest.mark.parametrize(
    ("answer", "gold", "why"),
    [
        ("", "5", "no answer, or one that was cut off"),
        (r"the answer is \boxed{5", "5", "no answer, or one that was cut off"),
        (r"\boxed{\text{}}", "5", "the answer is empty"),
        (rf"\boxed{{{'1+' * 600}1}}", "5", "longer than the 1000 characters of an expression"),
        (rf"\boxed{{{'(' * 21}1{')' * 21}}}", "5", "brackets nested more than 20 deep"),
        (rf"\boxed{{{'(' * 20}1{')' * 20}}}", "5", ""),
        (r"\boxed{\frac{1}}", "5", "the answer cannot be read as an expression"),
        ("6", "np.arcsin(10/13)", "the target is compared as text"),
    ],
)
def test_what_was_in_the_way_is_said(answer: str, gold: str, why: str) -> None:
    score = same_expression(answer, gold)

    assert (score.passed, score.why) == (False, why)


def test_a_target_that_is_no_expression_is_compared_as_text() -> None:
    assert same_expression(r"\boxed{np.arcsin( 10/13 )}", "np.arcsin(10/13)")


@pytest.mark.parametrize("gold", ["", "  ", "$$", r"\text{}"])
def test_an_empty_target_is_the_rows_mistake(gold: str) -> None:
    with pytest.raises(SampleError, match="holds no answer"):
        same_expression("5", gold)


def test_the_target_of_a_solution_is_its_last_box() -> None:
    assert boxed_target(r"so $\fbox{3}$, then $\boxed{\frac{1}{2}}$.") == r"\frac{1}{2}"
    with pytest.raises(SampleError, match=r"has no \\boxed\{\} with an answer: 'so it is 5'"):
        boxed_target("so it is 5")


# Properties.

SNIPPETS = [
    r"\boxed{", "}", "{", r"\frac", r"\sqrt", r"\text{", r"\left(", r"\right]", "$", r"\(", r"\)", "answer is ", "ANSWER:", "\n", " ",
    ",", "x", "1", "2.5", "10^", r"\begin{pmatrix}", r"\end{pmatrix}", r"\\", "&", r"\pm", r"\cup", "=", "<", r"\in", "%", r"\%", "_8",
    "\x00", "\ud800", "9" * 5000, "(", "]", "!", "|", "and", r"\sin", "i", "e", "\u0664", "{}", "%s", "__import__('os')",
]  # fmt: skip


@given(st.lists(st.sampled_from(SNIPPETS), max_size=12).map("".join) | st.text(max_size=100))
@settings(max_examples=150)
def test_no_text_breaks_it_and_the_verdict_stays(text: str) -> None:
    first = same_expression(text, "x^2+1")
    symbolic.symbolically_same.cache_clear()

    assert same_expression(text, "x^2+1").passed is first.passed


@given(
    st.sampled_from(
        ["", " ", "\n", "\t\n", r"\boxed{}", r"\boxed{ }", "$$", "$ $", r"\text{ }", "**", r"\boxed{\text{}}"]
    )
)
def test_an_empty_answer_never_passes(text: str) -> None:
    for gold in ("0", "5", "x", r"\text{a}", "()", r"\emptyset", r"\{\}"):
        assert not same_expression(text, gold)


@given(st.integers(), st.integers())
def test_two_integers_are_equal_only_if_they_are_one(one: int, other: int) -> None:
    assert same_expression(rf"\boxed{{{one}}}", f"{other:,}").passed is (one == other)
    assert not same_expression(rf"\boxed{{{one}}}", str(one + 1))
    assert not same_expression(f"The answer is {one + 10**20}.", str(one + 10**20 + 1))


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
def test_every_fraction_equals_its_spellings(above: int, below: int) -> None:
    for answer in (rf"\dfrac{{{above}}}{{{below}}}", f"{above}/{below}", rf"\frac{{{above * 3}}}{{{below * 3}}}"):
        assert same_expression(rf"\boxed{{{answer}}}", rf"\frac{{{above}}}{{{below}}}")


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{" * 20_000,
        r"\(" * 50_000,
        "$" * 100_001,
        "a" * 100_000,
        "answer is " * 20_000,
        "answer" + " " * 100_000,
        r"\boxed{5" + "a" * 900 + "!}",
        r"\boxed{5" + " 5" * 450 + "!}",
        r"\boxed{" + r"\text{" * 150 + "}",
        r"\boxed{" + "(" * 900 + "}",
        "9" * 100_000,
        r"\boxed{" + "9" * 900 + "}",
    ],
    ids=lambda text: f"{text[:12]}… {len(text)}",
)
def test_a_long_answer_takes_no_long_time(text: str) -> None:
    """A search that goes back for each place would need minutes for these."""
    assert not same_expression(text, "5")
