"""`--eval-image-limit`: what is larger is scaled down, and nothing else is touched."""

import base64
import io
import random
from typing import Any

import pytest
from PIL import Image

from pytest_modeleval.items.image_limit import shrunk
from pytest_modeleval.options.images import ImageLimit, image_limit
from pytest_modeleval.sample import SampleError
from tests.conftest import FaultyServer, run


def noise(kind: str = "PNG", size: tuple[int, int] = (300, 200), mode: str = "RGB") -> bytes:
    made = Image.frombytes("RGB", size, random.Random(0).randbytes(3 * size[0] * size[1]))
    written = io.BytesIO()
    made.convert(mode).save(written, kind)
    return written.getvalue()


def looked_at(content: bytes) -> tuple[str, tuple[int, int]]:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return str(image.format), image.size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5MB", ImageLimit(5_000_000, None)),
        ("500kB", ImageLimit(500_000, None)),
        ("2048px", ImageLimit(None, 2048)),
        ("1.5mb, 2048PX", ImageLimit(1_500_000, 2048)),
        ("2048 px,5 MB", ImageLimit(5_000_000, 2048)),
    ],
)
def test_a_limit_is_read(text: str, expected: ImageLimit) -> None:
    assert image_limit("here", text) == expected
    assert image_limit("here", str(expected)) == expected


@pytest.mark.parametrize("text", ["5", "big", "5MB,6MB", "5MiB", "-5MB", "5MB,", "2048px,100px", "1e3px"])
def test_what_is_no_limit_is_one_line(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="here takes 5MB, 2048px or both, 5MB,2048px, not"):
        image_limit("here", text)


@pytest.mark.parametrize("text", ["0MB", "15px", "999kB,0px"])
def test_a_limit_that_nothing_meets_is_one_line(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="here takes at least 16px, and 1kB, not"):
        image_limit("here", text)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_longer_side_is_scaled_down_and_the_kind_stays(kind: str) -> None:
    found = shrunk(noise(kind), ImageLimit(side=150))

    assert found is not None
    assert found[0] == kind.lower()
    assert looked_at(found[1]) == (kind, (150, 100))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_pictures_of_every_mode_are_scaled_down(mode: str) -> None:
    if mode == "I;16":
        written = io.BytesIO()
        Image.new(mode, (300, 200), 40_000).save(written, "PNG")
        content = written.getvalue()
    else:
        content = noise(mode=mode)
    for limit in (ImageLimit(side=150), ImageLimit(size=2000), ImageLimit(2000, 150)):
        found = shrunk(content, limit)
        if found is not None:
            assert max(looked_at(found[1])[1]) <= (limit.side or 300)
            assert len(found[1]) <= (limit.size or len(found[1]))


def test_more_bytes_become_a_jpeg_of_as_good_a_quality_as_fits() -> None:
    content = noise()
    assert len(content) > 100_000

    kind, made = shrunk(content, ImageLimit(size=60_000)) or ("", b"")

    assert (kind, looked_at(made)) == ("jpeg", ("JPEG", (300, 200)))
    assert 40_000 < len(made) <= 60_000
    kind, made = shrunk(content, ImageLimit(size=5_000)) or ("", b"")
    assert looked_at(made)[1] < (300, 200)
    assert len(made) <= 5_000


def test_what_is_clear_becomes_white() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (300, 200), (0, 0, 0, 0)).save(written, "PNG", compress_level=0)

    _, made = shrunk(written.getvalue(), ImageLimit(size=10_000)) or ("", b"")

    with Image.open(io.BytesIO(made)) as image:
        assert image.getpixel((100, 100)) == (255, 255, 255)


@pytest.mark.parametrize("limit", [ImageLimit(side=300), ImageLimit(size=10**6), ImageLimit(10**6, 4000)])
def test_what_is_within_is_left_as_it_is(limit: ImageLimit) -> None:
    assert shrunk(noise(), limit) is None


def test_what_cannot_be_made_as_small_is_an_error() -> None:
    with pytest.raises(SampleError, match="cannot be made as small as"):
        shrunk(noise(size=(4000, 9)), ImageLimit(size=1000))
    with pytest.raises(SampleError, match="cannot be scaled down"):
        shrunk(noise()[:50_000], ImageLimit(size=1000))


SEEN = """
from pathlib import Path
from pytest_modeleval import Completion, Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 1})
PICTURE = Path(__file__).with_name("noise.png").read_bytes()

@benchmark(ROWS, lambda row: Sample("what?", "42", pictures=[PICTURE]))
def test_seen(sample: Sample, completion: Completion) -> None:
    assert completion.text == sample.target
"""


def sent(body: dict[str, Any]) -> tuple[str, tuple[int, int]]:
    return looked_at(base64.b64decode(body["messages"][0]["content"][0]["image_url"]["url"].partition(",")[2]))


def test_it_is_part_of_what_is_asked(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_seen=SEEN)
    (project.path / "noise.png").write_bytes(noise())

    run(project, "--model", "faulty", "test_seen.py").assert_outcomes(passed=1)
    result = run(project, "--model", "faulty", "--eval-image-limit", "150px", "test_seen.py")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["modeleval: pictures of more than 150px are scaled down"])
    run(project, "--model", "faulty", "--eval-image-limit", "4000px", "test_seen.py").assert_outcomes(passed=1)

    assert [sent(body) for body in faulty.asked] == [("PNG", (300, 200)), ("PNG", (150, 100))]


def test_it_is_a_key_of_the_settings_and_of_a_benchmark(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_seen=SEEN)
    (project.path / "noise.png").write_bytes(noise())
    command = ["--model", "faulty", "test_seen.py"]

    for setting in ("run.image_limit=150px", "seen.image_limit=100px"):
        run(project, *command, "--eval-set", setting).assert_outcomes(passed=1)

    assert [sent(body)[1] for body in faulty.asked] == [(150, 100), (100, 67)]
    wrong = run(project, *command, "--eval-image-limit", "huge")
    wrong.stderr.fnmatch_lines(["*--eval-image-limit takes 5MB, 2048px or both, 5MB,2048px, not 'huge'"])


def test_a_gate_does_not_compare_with_another(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_seen=SEEN)
    (project.path / "noise.png").write_bytes(noise())
    command = ["--model", "faulty", "test_seen.py"]

    run(project, *command, "--eval-save-baseline", "base.json").assert_outcomes(passed=1)
    result = run(project, *command, "--eval-baseline", "base.json", "--eval-image-limit", "150px")

    result.stderr.fnmatch_lines(["*seen: the baseline's prompt was *, this run's is *: they cannot be compared.*"])
