r"""Expressions in answers.

The pairs are those of the official graders where the comment says so: hendrycks/math `math_equivalence.py` (is_equiv and
its normalisations), openai/prm800k `grader.py` (tests of the same), Minerva (Lewkowycz et al. 2022, arXiv:2206.14858,
appendix D.1), and math-verify's README and tests.
"""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_modeleval.sample import Completion, SampleError
from pytest_modeleval.scorers import symbolic
from pytest_modeleval.scorers.maths import boxed_target, final_expression, same_expression

RIGHT = [
    # hendrycks/math: fractions, roots, leading zeros, units, degrees, percent, dollars, spacing, "x =".
    (r"\frac{1}{2}", r"\dfrac{1}{2}"),
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
    ("7", r"\boxed{3+4=7}"),
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
    # Where the answer stands.
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
]  # fmt: skip

WRONG = [
    # A tolerance or a percent in disguise would accept these.
    ("18", "1800"),
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
    ("5", r"The answer is 5? No: \boxed{6}"),
    ("5", r"First \boxed{5}, no: \boxed{3}."),
    # Nonsense, and what looks like code.
    ("5", r"\frac{5}"),
    ("5", "__import__('os').getpid()"),
    ("5", r"\operatorname{exec}(5)"),
    ("2", r"\frac{1}{0}"),
    ("2", r"\boxed{((((2}"),
]  # fmt: skip


def label(pair: tuple[str, str]) -> str:
    return " | ".join(pair)


@pytest.mark.parametrize(("gold", "answer"), RIGHT, ids=map(label, RIGHT))
def test_these_are_right(gold: str, answer: str) -> None:
    score = same_expression(answer, gold)

    assert score, score


@pytest.mark.parametrize(("gold", "answer"), RIGHT, ids=map(label, RIGHT))
def test_these_are_right_in_a_box(gold: str, answer: str) -> None:
    score = same_expression(answer if "boxed" in answer else rf"Hence 17 and so $\boxed{{{gold}}}$.", gold)

    assert score, score


@pytest.mark.parametrize(("gold", "answer"), WRONG, ids=map(label, WRONG))
def test_these_are_wrong(gold: str, answer: str) -> None:
    assert not same_expression(answer, gold)
