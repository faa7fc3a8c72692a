"""What the page of `--eval-write` costs: time, memory and size to write it, and how soon it answers in a browser.

    pip install playwright
    python bench/html_report.py [--samples 2000 20000] [--keep DIR]

Needs chromium. Samples are made up: five-shot questions of some 2,500 characters with a thought and an answer, 57
subsets, a fifth of them wrong. A filter's time is from the event of the control to the frame that shows its rows, by
the browser's clock, the median and the slowest of five.
"""

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
import tracemalloc
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from pytest_modeleval.asking.asker import Answer
from pytest_modeleval.asking.trial import Trial
from pytest_modeleval.history.past import Past
from pytest_modeleval.record import RIGHT, WRONG, Record
from pytest_modeleval.reports.first_screen import FirstScreen, Scores
from pytest_modeleval.reports.page import write_page
from pytest_modeleval.results.results import Results
from pytest_modeleval.results.verdicts import score_rows
from pytest_modeleval.sample import Completion, Sample, Score
from pytest_modeleval.store.messages import sample_rows
from pytest_modeleval.store.store import Question, Store

SEED = 20260101
WORDS = (
    "which",
    "of",
    "these",
    "number",
    "rivers",
    "mountain",
    "sum",
    "theory",
    "price",
    "is",
    "the",
    "kept",
    "likely",
)
FILTERS = {
    "outcome wrong": "outcome.value = 'wrong'; outcome.dispatchEvent(new Event('change'))",
    "text, rare": "text.value = 'question 777 '; text.dispatchEvent(new Event('input'))",
    "text, in none": "text.value = 'zzzz'; text.dispatchEvent(new Event('input'))",
    "text, in all": "text.value = 'the'; text.dispatchEvent(new Event('input'))",
    "subset": "subset.value = 'subject_07'; subset.dispatchEvent(new Event('change'))",
    "sort by question": "table.tHead.querySelectorAll('button')[2].click()",
}
TIMED = """async (action) => {
  const [outcome, text, subset] = ["outcome", "text", "subset"].map((id) => document.getElementById(id));
  const before = performance.now();
  eval(action);
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - before;
}"""


def sentence(random_: random.Random, words: int) -> str:
    """Made-up words."""
    return " ".join(random_.choice(WORDS) for _ in range(words)).capitalize() + "."


def sampled(random_: random.Random, number: int) -> tuple[Sample, Completion]:
    """A question with its examples, and an answer with a thought."""
    turns = [{"role": "user", "content": f"question {number} example {n} {sentence(random_, 60)}"} for n in range(5)]
    prompt = [*turns, {"role": "user", "content": f"question {number} {sentence(random_, 60)}"}]
    text = f"{sentence(random_, 80)}\nANSWER: A"
    return Sample(prompt, "A"), Completion(text, sentence(random_, 200), prompt_tokens=600, completion_tokens=300)


def fill(folder: Path, samples: int) -> tuple[str, Results]:
    """A store with a run of so many samples."""
    random_ = random.Random(SEED)
    run, results = uuid4().hex, Results()
    with closing(Store(folder)) as store:
        store.begin_run(run, {})
        for number in range(samples):
            sample, completion = sampled(random_, number)
            outcome = WRONG if random_.random() < 0.2 else RIGHT
            score = Score(float(outcome == RIGHT), outcome == RIGHT, "A" if outcome == RIGHT else "B", "A")
            record = Record(
                "m", "quiz", f"subject_{number % 57:02}", "", number, 0, outcome, [("main", score.value, 1.0)]
            )
            results.add(record)
            question = Question(f"{number:032x}", "0" * 32, run)
            store.save_completion(question, "m", completion)
            row, messages = sample_rows(sample.messages, sample.target, "quiz")
            trial = Trial(sample, [Answer(completion, question.key)], [score])
            node = f"test_quiz.py::test_quiz[{record.subset}-{number:05}]"
            store.save([*messages, row, *score_rows(run, node, record, trial, row.hash, "")])
    return run, results


def write(samples: int, page: Path, *, traced: bool) -> tuple[float, float]:
    """Seconds to write the page of so many samples, and the most memory it took on the way in MB."""
    with tempfile.TemporaryDirectory() as name:
        run, results = fill(Path(name), samples)
        with closing(Past(Path(name))) as past:
            screen = FirstScreen([Scores(past.run(run), results.rows())])
        if traced:
            tracemalloc.start()
        started = time.perf_counter()
        written = write_page(page, Path(name), screen)
        seconds = time.perf_counter() - started
        peak = tracemalloc.get_traced_memory()[1] / 1e6 if traced else 0.0
        tracemalloc.stop()
    assert written == samples
    return seconds, peak


def browse(page_file: Path) -> dict[str, tuple[float, float]]:
    """Milliseconds until the page stands, and each filter's median and slowest."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or sys.exit("there is no chromium")
    with sync_playwright() as playwright:
        # The page's policy forbids the `eval` by which it is given these actions.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 800}).new_page()
        started = time.perf_counter()
        page.goto(page_file.as_uri())
        opened = (time.perf_counter() - started) * 1000
        page.click("#to-samples")
        found = {"open": (opened, opened)}
        first = page.evaluate(TIMED, FILTERS["text, rare"])
        found["first search, at once"] = (first, first)
        for name, action in FILTERS.items():
            times = []
            for _ in range(5):
                page.click("#reset")
                page.wait_for_timeout(50)
                times.append(page.evaluate(TIMED, action))
            found[name] = statistics.median(times), max(times)
        opening = [page.evaluate(TIMED, f"openAt({at}); dialog.close()") for at in range(5)]
        found["open a sample"] = statistics.median(opening), max(opening)
        browser.close()
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[2000, 20_000])
    parser.add_argument("--keep", type=Path, help="folder to leave the pages in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        for samples in arguments.samples:
            page = (folder / f"{samples}.html").absolute()
            seconds, _ = write(samples, page, traced=False)
            _, peak = write(samples, page, traced=True)
            size = page.stat().st_size
            print(
                f"{samples:,} samples: written in {seconds:.2f} s ({seconds / samples * 1e6:.0f} µs a sample), "
                f"{size / 1e6:.1f} MB ({size / samples / 1e3:.1f} kB a sample), at most {peak:.1f} MB of memory"
            )
            for what, (median, slowest) in browse(page).items():
                print(f"  {what:24} {median:7.0f} ms   slowest {slowest:7.0f} ms")


if __name__ == "__main__":
    main()
