"""What scoring costs: 10,000 gsm8k answers and 5,000 maths answers, against what they are built on called directly.

python bench/scoring.py DIR     where DIR/gsm8k and DIR/math_500 are copies of the datasets
"""

import argparse
import gzip
import json
import random
import re
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from pytest_modeleval.scorers.maths import same_expression
from pytest_modeleval.scorers.numbers import same_number
from pytest_modeleval.scorers.symbolic import symbolically_same, the_process

Pairs = Sequence[tuple[str, str]]


def rows(folder: Path) -> Iterator[dict[str, str]]:
    """The rows of the folder's test split."""
    path = next(path for path in folder.rglob("test.jsonl*") if path.is_file())
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def gsm8k(folder: Path) -> Pairs:
    """Solutions as answers, each tenth with another question's number."""
    solutions = [row["answer"] for row in rows(folder / "gsm8k")]
    targets = [solution.rpartition("####")[2].strip() for solution in solutions]
    pairs = [(text, targets[i if i % 10 else i - 1]) for i, text in enumerate(solutions)]
    return list(islice(cycle(pairs), 10_000))


# A target in another spelling: the first that applies, so that all kinds of pairs occur.
SPELLED: Sequence[Callable[[str], str]] = [
    lambda gold: gold,
    lambda gold: gold.replace(r"\frac", r"\dfrac").replace("(", r"\left(").replace(")", r"\right)"),
    lambda gold: re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"\1/\2", gold),
    lambda gold: re.sub(r"(\d*) ?\\sqrt\{?(\d+)\}?", lambda m: rf"\sqrt{{{int(m[1] or 1) ** 2 * int(m[2])}}}", gold),
    lambda gold: " + ".join(reversed(gold.split(" + "))),
    lambda gold: f"{gold} + 0" if re.search(r"[a-z]", gold) else f"{gold}.0",
    lambda gold: f"{gold}+1" if re.search(r"[a-z]", gold) else f"1{gold}",
]


def maths(folder: Path) -> Pairs:
    """MATH-500's solutions, its targets boxed in other spellings, and other problems' targets."""
    found = list(rows(folder / "math_500"))
    golds = [row["answer"] for row in found]
    pairs = [(row["solution"], row["answer"]) for row in found]
    pairs += [(rf"So $\boxed{{{spell(gold)}}}$.", gold) for spell in SPELLED for gold in golds]
    pairs += [(rf"So $\boxed{{{golds[i - shift]}}}$.", gold) for shift in (1, 2) for i, gold in enumerate(golds)]
    random.Random(0).shuffle(pairs)
    return list(islice(cycle(pairs), 5_000))


def cpu() -> float:
    """CPU seconds of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measured(name: str, pairs: Pairs, score: Callable[[str, str], object]) -> float:
    """The CPU seconds of scoring all pairs, and a line about it."""
    started, before = time.perf_counter(), cpu()
    right = sum(bool(score(*pair)) for pair in pairs)
    the_process().close()
    wall, used = time.perf_counter() - started, cpu() - before
    print(f"{name:34} {len(pairs):6,} answers  {right:6,} right  {wall:7.2f} s wall  {used:7.2f} s CPU")
    return used


def last_number(text: str, target: str) -> bool:
    """The least that judging a number takes."""
    found = re.findall(r"-?[\d,]*\.?\d+", text)
    return bool(found) and found[-1].replace(",", "") == target.replace(",", "")


def math_verify_alone(text: str, target: str) -> bool:
    """math-verify as its README calls it."""
    from math_verify import parse, verify

    return bool(verify(parse(f"${target}$"), parse(text)))


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    ours = measured("same_number", gsm8k(data), same_number)
    bare = measured("the last number by one pattern", gsm8k(data), last_number)
    print(f"ratio {ours / bare:.1f}\n")
    ours = measured("same_expression", maths(data), same_expression)
    print(f"{symbolically_same.cache_info().misses:,} pairs were compared as formulas")
    alone = measured("math-verify alone", maths(data), math_verify_alone)
    print(f"ratio {ours / alone:.2f}")


if __name__ == "__main__":
    main()
