"""Models in this process that see, with a tiny LLaVA which was taught colors and shapes (scripts/train_tiny_vision.py)."""

import asyncio
import base64
import io
import json
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
import transformers
from packaging.version import Version
from PIL import Image

from pytest_modeleval.models import vision
from pytest_modeleval.models.counting import token_counter
from pytest_modeleval.models.openai import OpenAIModel
from pytest_modeleval.models.spec import TINY, ModelSpec
from pytest_modeleval.models.transformers import TransformersModel
from pytest_modeleval.models.vision import picture_of
from pytest_modeleval.requests import Chat, LogLikelihood, Request
from pytest_modeleval.sample import Completion, LogLikelihoods, SampleError, StopRun
from tests.conftest import alias, run_alone, served
from tests.vision.shapes import COLORS, QUESTIONS, SEES, SHAPES, address, asked, drawn

pytestmark = pytest.mark.skipif(
    Version(transformers.__version__) < Version("5"), reason="the tiny model's files are those of transformers 5"
)
RED_SQUARE = drawn("red", "square", Random(1))
BLUE_CIRCLE = drawn("blue", "circle", Random(2))


def spec(folder: Path = SEES, **args: Any) -> ModelSpec:
    return ModelSpec("sees", "transformers", str(folder), args={"dtype": "float32", **args})


def chat(*parts: str | Image.Image, **generation: Any) -> Chat:
    """One message of texts and pictures."""
    content = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": address(part)}}
        for part in parts
    ]
    return sent(content, **generation)


def sent(content: Any, **generation: Any) -> Chat:
    settings = {"max_tokens": 8, "temperature": 0, **generation}
    return Chat([{"role": "user", "content": content}], generation=settings, sample_id="shapes[0]")


def ask_all(model: TransformersModel | OpenAIModel, requests: list[Request]) -> list[Completion]:
    async def all_at_once() -> list[Completion]:
        try:
            return await asyncio.gather(*(model.answer(request) for request in requests))
        finally:
            await model.close()

    return asyncio.run(all_at_once())


def ask(request: Request, folder: Path = SEES, **args: Any) -> Completion:
    return ask_all(TransformersModel(spec(folder, **args)), [request])[0]


# Of one picture and of two, at any place in the text, and without one.
MIXED: list[Request] = [
    *(chat(picture, question) for picture, question, _ in (asked(Random(seed)) for seed in range(12))),
    chat(RED_SQUARE, BLUE_CIRCLE, QUESTIONS["color"]),
    chat("look: ", BLUE_CIRCLE, " What color is it?"),
    chat(QUESTIONS["shape"]),
    sent(QUESTIONS["color"]),
]


def told(answers: list[Completion]) -> list[tuple[str, str | None, int | None, int | None]]:
    return [(each.text, each.finish_reason, each.prompt_tokens, each.completion_tokens) for each in answers]


def test_it_sees_colors_always_and_shapes_mostly() -> None:
    random = Random(5)
    shown = [(color, shape) for color in COLORS for shape in SHAPES for _ in range(4)]
    requests: list[Request] = [
        chat(drawn(*each, random), question) for each in shown for question in QUESTIONS.values()
    ]

    answers = [each.text for each in ask_all(TransformersModel(spec()), requests)]

    right = [given in both for given, both in zip(answers, (each for each in shown for _ in QUESTIONS), strict=True)]
    assert all(right[::2])
    assert 0.7 < sum(right[1::2]) / len(shown) < 1
    assert set(answers) == {*COLORS, *SHAPES}


def test_mixed_batches_answer_as_single_questions_do() -> None:
    together = ask_all(TransformersModel(spec(batch_size=16)), MIXED)
    small = ask_all(TransformersModel(spec(batch_size=3)), MIXED)
    alone = [ask(request) for request in MIXED]

    assert told(together) == told(small) == told(alone)
    assert {each.text for each in together} >= {*SHAPES, "blue"}


def test_a_picture_stands_where_its_part_does_and_counts_as_its_tokens() -> None:
    model = TransformersModel(spec())
    before, between = model.prompt(chat(RED_SQUARE, "red")).tokens, model.prompt(chat("re", RED_SQUARE, "d")).tokens
    plain = model.prompt(sent("red")).tokens
    asyncio.run(model.close())

    mark = model._tokenizer.convert_tokens_to_ids("<image>")
    assert len(before) == len(plain) + 16
    assert [list(tokens).count(mark) for tokens in (before, between, plain)] == [16, 16, 0]
    assert model._tokenizer.decode(between).replace("<image>" * 16, "|") == (
        "<|im_start|>user\nre|d<|im_end|>\n<|im_start|>assistant\n"
    )
    assert token_counter(spec())(chat(RED_SQUARE, "red")) == len(before)  # type: ignore[misc]


def test_settings_are_those_of_other_models() -> None:
    cut, stopped, half = ask_all(
        TransformersModel(spec()),
        [
            chat(RED_SQUARE, QUESTIONS["color"], max_tokens=1),
            chat(RED_SQUARE, QUESTIONS["color"], stop=["d"]),
            chat(BLUE_CIRCLE, QUESTIONS["color"]),
        ],
    )

    assert (cut.finish_reason, cut.completion_tokens) == ("length", 1)
    assert (stopped.text, stopped.finish_reason) == ("re", "stop")
    assert (half.text, half.finish_reason) == ("blue", "stop")
    assert ask(chat(BLUE_CIRCLE, QUESTIONS["color"]), dtype="bfloat16").text == "blue"


def test_its_log_likelihoods_are_those_of_texts() -> None:
    weighed = ask(LogLikelihood([], [("It is", " red"), ("It is", " a blue circle")]))

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(SEES)
    automatic: Any = transformers.AutoModelForImageTextToText
    model = automatic.from_pretrained(SEES).eval()
    sums = []
    for continuation in (" red", " a blue circle"):
        ids, start = tokenizer(f"It is{continuation}").input_ids, len(tokenizer("It is").input_ids)
        with torch.no_grad():
            logprobs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        sums.append(sum(float(logprobs[place - 1, ids[place]]) for place in range(start, len(ids))))
    assert isinstance(weighed, LogLikelihoods)
    assert weighed.choice_logprobs == pytest.approx(sums, rel=1e-4)


def test_tools_without_a_place_in_its_template_end_the_run() -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    request = Chat(chat(RED_SQUARE, "?").messages, [tool], sample_id="shapes[0]")

    with pytest.raises(StopRun, match="its chat template has no place for tools"):
        ask(request)


# Begins the answer with a thought.
THINKS = """\
{%- for message in messages %}<|im_start|>{{ message.role }}
{% for part in message.content %}{{ "<image>" if part.type == "image" else part.text }}{% endfor %}<|im_end|>
{% endfor -%}
<|im_start|>assistant
<think>
"""


def test_a_thought_about_a_picture_is_one() -> None:
    answer = ask(chat(RED_SQUARE, QUESTIONS["color"], max_tokens=3), chat_template=THINKS)

    assert (answer.text, answer.finish_reason) == ("", "length")
    assert answer.thinking


AUDIO = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
VIDEO = {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}


@pytest.mark.parametrize("folder", [SEES, TINY], ids=["sees", "blind"])
@pytest.mark.parametrize("part", [AUDIO, VIDEO])
def test_sound_and_film_end_the_run(folder: Path, part: Any) -> None:
    with pytest.raises(
        StopRun,
        match=f"sees is given texts and pictures alone, .* and shapes\\[0\\] has a part of type '{part['type']}'",
    ):
        ask(sent([{"type": "text", "text": "?"}, part]), folder)


def test_a_picture_for_a_model_of_texts_ends_the_run() -> None:
    with pytest.raises(
        StopRun, match=r"sees does not see: it is a model of texts alone, and shapes\[0\] has a picture"
    ):
        ask(chat(RED_SQUARE, "?"), TINY)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://127.0.0.1:9/a.png", "a picture is at http://127.0.0.1:9/a.png, which is not fetched"),
        ("file:///etc/passwd", "a picture is at file:///etc/passwd, which is not fetched"),
        ("/etc/passwd", "a picture is at /etc/passwd, which is not fetched"),
        (
            "data:image/png;base64,QUJD",
            "a picture cannot be read; its address begins with 'data:image/png;base64,QUJD'",
        ),
        ("data:image/png;base64,A", "a picture cannot be read: "),
        (address(RED_SQUARE)[:-80], "a picture cannot be read: "),
        (None, "a picture is at None, which is not fetched: give it as a data: address"),
    ],
)
def test_what_is_no_picture_is_that_samples_error_alone(given: str | None, expected: str) -> None:
    wrong = sent([{"type": "image_url", "image_url": {"url": given}}, {"type": "text", "text": "?"}])
    model = TransformersModel(spec())

    async def both() -> tuple[Completion | BaseException, Completion | BaseException]:
        right = chat(BLUE_CIRCLE, QUESTIONS["color"])
        try:
            return await asyncio.gather(model.answer(wrong), model.answer(right), return_exceptions=True)
        finally:
            await model.close()

    error, answer = asyncio.run(both())

    assert isinstance(error, SampleError)
    assert str(error).startswith(expected)
    assert isinstance(answer, Completion)
    assert answer.text == "blue"


@pytest.mark.parametrize("parts", [["the tag <image>"], [RED_SQUARE, "<image>?"]])
def test_a_text_that_pretends_to_be_a_picture_is_that_samples_error(parts: list[Any]) -> None:
    with pytest.raises(SampleError, match="the text has <image>, by which this model is shown a picture or a film"):
        ask(chat(*parts))


@pytest.mark.skipif(Version(transformers.__version__) < Version("5.18"), reason="refused before transformers 5.18")
def test_continuous_batching_takes_no_picture() -> None:
    with pytest.raises(StopRun, match="sees: batching = 'continuous' takes no pictures: leave it at 'static'"):
        ask(chat(RED_SQUARE, "?"), batching="continuous")


def test_a_model_without_a_chat_template_has_no_place_for_pictures(tmp_path: Path) -> None:
    folder = shutil.copytree(SEES, tmp_path / "base")
    (folder / "chat_template.jinja").unlink()

    with pytest.raises(
        StopRun, match="sees has no chat template to say where pictures stand: set chat_template in arg"
    ):
        ask(chat(RED_SQUARE, "?"), folder)
    assert ask(sent("It is", stop=[]), folder).completion_tokens


def test_a_folder_without_its_processor_answers_texts(tmp_path: Path) -> None:
    folder = shutil.copytree(SEES, tmp_path / "half")
    (folder / "processor_config.json").unlink()

    assert told([ask(sent(QUESTIONS["color"]), folder)]) == told([ask(sent(QUESTIONS["color"]))])
    with pytest.raises(
        StopRun, match=r"sees does not see: its processor cannot be loaded: .*, and shapes\[0\] has a pict"
    ):
        ask(chat(RED_SQUARE, "?"), folder)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2-VL of random weights, whose processor needs torchvision for films."""
    folder = tmp_path_factory.mktemp("qwen")
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(SEES)
    tokenizer.save_pretrained(folder)
    text: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "vocab_size": len(tokenizer),
    }
    text |= {"num_attention_heads": 2, "num_key_value_heads": 1}
    text |= {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}}
    sight = {"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 14}
    config = transformers.Qwen2VLConfig(text_config=text, vision_config=sight, image_token_id=3)
    transformers.Qwen2VLForConditionalGeneration(config).save_pretrained(folder)
    kinds = {"processor_class": "Qwen2VLProcessor", "image_processor_type": "Qwen2VLImageProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(kinds))
    return folder


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed")
def test_a_model_whose_processor_needs_torchvision_says_how_to_install_it(qwen: Path) -> None:
    with pytest.raises(
        StopRun,
        match=r"sees does not see: its processor needs torchvision: pip install torchvision torch==[\d.]+( --index-url "
        r"https://download.pytorch.org/whl/\w+)?, and shapes\[0\] has a picture$",
    ):
        ask(chat(RED_SQUARE, "?"), qwen)
    assert ask(sent("What is it?"), qwen).completion_tokens


def test_without_pillow_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "find_spec", lambda name: None if name == "PIL" else find_spec(name))

    assert vision.why_blind(ImportError("needs PIL"), "2.13.0") == (
        "pictures need Pillow: pip install 'pytest-modeleval[images]'"
    )


def test_a_torchvision_of_another_build_is_one_line(
    project: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torchvision").mkdir()
    raised = 'raise RuntimeError("operator torchvision::nms does not exist")'
    (tmp_path / "torchvision" / "__init__.py").write_text(raised)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    result = run_alone(project, "--model", "tiny", "test_answers.py")

    result.stderr.fnmatch_lines(
        [
            "ERROR: torchvision * is of another build than torch * (operator torchvision::nms does not exist), and *: "
            "pip uninstall torchvision, and for models that need it then pip install torchvision torch==*"
        ]
    )
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def with_alpha(alpha: int) -> Image.Image:
    return Image.new("RGBA", (2, 1), (0, 0, 0, alpha))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (2, 1), 7), (7, 7, 7)),
        (with_alpha(255), (0, 0, 0)),
        (with_alpha(0), (255, 255, 255)),
        (with_alpha(51), (204, 204, 204)),
        (with_alpha(0).convert("LA"), (255, 255, 255)),
        (with_alpha(0).quantize(2), (255, 255, 255)),
    ],
    ids=["gray", "opaque", "clear", "a fifth", "gray and clear", "of a palette"],
)
def test_a_picture_is_given_in_its_colors_on_white(image: Image.Image, expected: tuple[int, int, int]) -> None:
    read = picture_of(address(image))

    assert (read.mode, read.size, read.getpixel((0, 0))) == ("RGB", (2, 1), expected)


def test_a_picture_is_given_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    written = io.BytesIO()
    Image.new("RGB", (3, 2)).save(written, "JPEG", exif=exif)

    assert picture_of(f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}").size == (2, 3)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """`transformers serve` with the tiny model."""
    pytest.importorskip("transformers.cli.transformers", reason="this transformers has no serve", exc_type=ImportError)
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(SEES), "--device", "cpu"]
    with served(command, tmp_path, 120) as url:
        yield url


def test_it_answers_as_its_server_does(server: str) -> None:
    there = ask_all(OpenAIModel(ModelSpec("served", "openai", str(SEES), base_url=server)), MIXED)
    here = ask_all(TransformersModel(spec()), MIXED)

    assert [(each.text, each.prompt_tokens) for each in there] == [(each.text, each.prompt_tokens) for each in here]


BENCHMARK = """
from random import Random
from pytest_modeleval import Completion, Sample, benchmark, generated
from tests.vision.shapes import COLORS, QUESTIONS, drawn, png

def row(subset, index):
    color = list(COLORS)[index]
    return {"color": color, "picture": png(drawn(color, "square", Random(index)))}

def to_sample(row):
    return Sample("What color is it? <image 1>", row["color"], pictures=[row["picture"]])

@benchmark(generated(row, {"colors": 6}), to_sample)
def test_colors(sample: Sample, completion: Completion) -> None:
    assert completion.text == sample.target
"""


def test_a_benchmark_of_pictures_is_asked_and_a_blind_model_ends_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_colors=BENCHMARK)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    alias(pytester, "sees", model=str(SEES), generation={"max_tokens": 8, "temperature": 0})

    run_alone(pytester, "--model", "sees", "test_colors.py").assert_outcomes(passed=6)
    blind = run_alone(pytester, "--model", "tiny", "test_colors.py")
    planned = run_alone(pytester, "--model", "sees", "--eval-plan", "--eval-cache", "off", "test_colors.py")
    refused = run_alone(pytester, "--model", "tiny", "--eval-plan", "test_colors.py")

    for each in (blind, refused):
        each.stderr.fnmatch_lines(
            ["ERROR: tiny does not see: it is a model of texts alone, and *colors* has a picture"]
        )
        assert "Traceback" not in each.stdout.str() + each.stderr.str()
    planned.stdout.fnmatch_lines(["sees * colors * 6 * 0 * 180 *"])
