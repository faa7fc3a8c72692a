"""Pictures of prompts in reports."""

import base64
import csv
import hashlib
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pytest_modeleval.history.past import Past
from pytest_modeleval.reports import page
from pytest_modeleval.reports.pictures import described, described_part
from tests.conftest import FaultyServer, run

from .conftest import Open, wait_until

BENCHMARK = """
from pathlib import Path
from pytest_modeleval import Completion, Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 3})
PICTURE = Path(__file__).with_name("noise.png").read_bytes()

@benchmark(ROWS, lambda row: Sample(f"what is {row['n']}?", "42", pictures=[PICTURE]))
def test_seen(sample: Sample, completion: Completion) -> None:
    assert completion.text == sample.target
"""


def drawn(size: tuple[int, int] = (64, 48), kind: str = "PNG") -> bytes:
    written = io.BytesIO()
    Image.effect_noise(size, 90).save(written, kind)
    return written.getvalue()


def address(content: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


@pytest.fixture
def seen(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    project.makepyfile(test_seen=BENCHMARK)
    (project.path / "noise.png").write_bytes(drawn())
    return project


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "image_url", "image_url": {"url": address(drawn())}}, "[image: PNG 64 x 48, 3 kB]"),
        ({"type": "image_url", "image_url": address(drawn((9, 8), "JPEG"), "jpeg")}, "[image: JPEG 9 x 8, 1 kB]"),
        ({"type": "image_url", "image_url": {"url": address(b"x" * 2_000_000)}}, "[image: PNG, 2.0 MB]"),
        ({"type": "image_url", "image_url": {"url": "data:image/png,abc"}}, "[image: image/png,abc, which cannot be read]"),
        ({"type": "image_url", "image_url": {"url": "https://x.org/a.png"}}, "[image_url]"),
        ({"type": "image_url", "image_url": {"url": None}}, "[image_url]"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA"}}, "[input_audio]"),
    ],
)  # fmt: skip
def test_a_picture_is_a_line(part: dict[str, Any], expected: str) -> None:
    assert described_part(part) == expected


def test_the_digest_is_that_of_its_bytes() -> None:
    content = drawn()

    assert described(address(content), digest=True).endswith(f", sha256 {hashlib.sha256(content).hexdigest()[:16]}]")


def test_show_says_what_a_picture_is(seen: pytest.Pytester) -> None:
    run(seen, "--model", "faulty", "test_seen.py").assert_outcomes(passed=3)

    result = seen.run("modeleval", "show", "seen[main-00000]")

    result.stdout.fnmatch_lines(["   [[]image: PNG 64 x 48, 3 kB]", "   what is 0?"])
    assert "base64" not in result.stdout.str()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_row_a_sample_says_what_a_picture_is(seen: pytest.Pytester, ending: str) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    run(seen, "--model", "faulty", "test_seen.py", "--eval-write", f"rows.{ending}").assert_outcomes(passed=3)

    path = seen.path / f"rows.{ending}"
    if ending == "csv":
        rows: list[dict[str, Any]] = list(csv.DictReader(path.read_text().splitlines(keepends=True)))
    elif ending == "jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        rows = pyarrow.read_table(path).to_pylist()
    digest = hashlib.sha256((seen.path / "noise.png").read_bytes()).hexdigest()[:16]
    assert [row["asked"] for row in rows] == [
        f"[image: PNG 64 x 48, 3 kB, sha256 {digest}]\nwhat is {number}?" for number in range(3)
    ]


def test_a_page_holds_so_many_pictures(seen: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    run(seen, "--model", "faulty", "test_seen.py").assert_outcomes(passed=3)
    url = address((seen.path / "noise.png").read_bytes())

    for room, shown in ((10**9, 3), (2 * len(url), 2), (len(url) - 1, 0)):
        monkeypatch.setattr(page, "PICTURES", room)
        with closing(Past(seen.path / ".modeleval")) as past:
            runs = [each.id for each in past.runs()]
            details = "".join(entry.detail for entry in page._entries(past, runs))
        assert details.count(url) == shown
        assert details.count("[image: PNG 64 x 48, 3 kB] (left out: the page has too many)") == 3 - shown


def test_allure_shows_them(seen: pytest.Pytester) -> None:
    pytest.importorskip("allure_commons")
    run(seen, "--model", "faulty", "test_seen.py", "--alluredir", "allure").assert_outcomes(passed=3)

    url = address((seen.path / "noise.png").read_bytes())
    pages = [path.read_text() for path in Path(seen.path / "allure").glob("*.html")]
    assert sum(f'<img alt="image" src="{url}">' in text for text in pages) == 3


@pytest.mark.browser
def test_a_page_shows_pictures_and_says_what_the_others_are(seen: pytest.Pytester, open_page: Open) -> None:
    run(seen, "--model", "faulty", "test_seen.py", "--eval-write", "page.html").assert_outcomes(passed=3)

    shown = open_page(seen.path / "page.html")
    shown.get_by_role("button", name="Samples").click()
    shown.locator("#row-0").click()

    wait_until(shown, "document.querySelector('.message img').naturalWidth === 64")
    assert shown.locator(".message pre").first.inner_text() == "what is 0?"
