"""Prompts out of files, traces and named datasets."""

import base64
import io
import json
import random
import tarfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.hub import NoData
from pytest_modeleval.perf.prompts.agents import Filled
from pytest_modeleval.perf.prompts.bodies import Bodies
from pytest_modeleval.perf.prompts.files import Listed, read_prompts
from pytest_modeleval.perf.prompts.images import Images
from pytest_modeleval.perf.prompts.images import given as given_image
from pytest_modeleval.perf.prompts.lengths import read_lengths
from pytest_modeleval.perf.prompts.named import NAMED, open_named
from pytest_modeleval.perf.prompts.prompt import Prompt
from pytest_modeleval.perf.prompts.trace import Trace, read_trace
from pytest_modeleval.perf.prompts.words import Writer, learn, taught
from tests.perf.prompting import Counter_, bodies, sent, write


def test_a_files_lines_are_texts_messages_and_bodies(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "prompts.txt",
        'What is love?\n\n[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]\n'
        '{"messages": [{"role": "user", "content": "Ho"}], "temperature": 0.5, "model": "other", "stream": false}\n'
        "[1, 2] is a list\n",
    )
    found = bodies(read_prompts(path), output=read_lengths("", "16"))

    common = {"model": "m", "max_tokens": 16, "stream": True, "stream_options": {"include_usage": True}}
    assert found == [
        {**common, "messages": [{"role": "user", "content": "What is love?"}]},
        {**common, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        {**common, "messages": [{"role": "user", "content": "Ho"}], "temperature": 0.5},
        {**common, "messages": [{"role": "user", "content": "[1, 2] is a list"}]},
    ]


SHARED = json.dumps(
    [
        {
            "id": "a",
            "conversations": [
                {"from": "system", "value": "Be kind."},
                {"from": "human", "value": "Who?"},
                {"from": "gpt", "value": "Me."},
                {"from": "human", "value": "Why?"},
                {"from": "gpt", "value": "So."},
            ],
        }
    ]
)


def test_a_conversation_is_asked_turn_by_turn_with_the_models_own_answers(tmp_path: Path) -> None:
    path = write(tmp_path, "shared.json", SHARED)
    (first,) = Bodies("m").requests(read_prompts(path), random.Random(1))
    start, later = Bodies("m").requests(read_prompts(path, turns=5), random.Random(1))

    system, who = {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Who?"}
    assert json.loads(sent(first))["messages"] == json.loads(sent(start))["messages"] == [system, who]
    assert first.conversation == ""
    assert start.conversation == later.conversation != ""
    assert json.loads(sent(later, "You."))["messages"] == [
        system,
        who,
        {"role": "assistant", "content": "You."},
        {"role": "user", "content": "Why?"},
    ]


def test_conversations_of_pairs_are_read_too(tmp_path: Path) -> None:
    path = write(
        tmp_path, "pairs.jsonl", '{"conversation": [{"human": "Who?", "assistant": "Me."}, {"human": "Why?"}]}\n'
    )

    assert [prompt.turns for prompt in read_prompts(path, turns=2)] == [["Who?", "Why?"]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.jsonl", "{", r"p.jsonl, line 1 is not JSON"),
        ("p.jsonl", "7\n", r"p.jsonl, line 1 is no prompt: a text, a list of messages, a body"),
        ("p.jsonl", '{"question": "x"}\n', r"line 1 is no prompt"),
        ("p.jsonl", '""\n', r"line 1 is no prompt"),
        ("p.jsonl", '[{"role": "user"}]\n', r"line 1: .* is no message"),
        ("p.jsonl", '[{"role": "assistant", "content": "x"}]\n', r"nobody asks in this conversation"),
        ("p.jsonl", '[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]\n', r"the last message is not the user's"),
        ("p.jsonl", '{"messages": "["}\n', r"line 1: its messages are no JSON"),
        ("p.jsonl", '{"messages": "7"}\n', r"line 1: its messages are no list, but '7'"),
        ("p.txt", "\n\n", r"p.txt has no prompts: it is empty"),
        ("p.json", "{}", r"p.json is a JSON list of prompts or conversations, not a dict"),
        ("p.json", "[", r"p.json is not JSON"),
        ("p.jsonl", "[" * 100_000, r"line 1 is not JSON"),
    ],
)  # fmt: skip
def test_lines_that_are_no_prompts_are_said(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(pytest.UsageError, match=message):
        read_prompts(write(tmp_path, name, content))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match=r"cannot read the prompts in .*nothing.txt"):
        read_prompts(tmp_path / "nothing.txt")


def test_real_conversations_are_read(real_data: Path) -> None:
    prompts = read_prompts(real_data / "sharegpt_like" / "dummy_conversation.json", turns=4)

    assert len(prompts) == 500
    assert max(len(prompt.turns) for prompt in prompts) > 1
    assert all(isinstance(turn, str) for prompt in prompts for turn in prompt.turns)


def test_listed_prompts_are_all_asked_before_one_is_asked_again() -> None:
    listed = Listed([Prompt([str(number)]) for number in range(5)])
    asked = [prompt.turns[0] for prompt in islice(listed.prompts(random.Random(1)), 10)]

    assert sorted(map(str, asked[:5])) == sorted(map(str, asked[5:])) == list("01234")


MOONCAKE = (
    '{"timestamp": 27482, "input_length": 64, "output_length": 52, "hash_ids": [46]}\n'
    '{"timestamp": 30535, "input_length": 72, "output_length": 26, "hash_ids": [46]}\n'
)
AZURE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,64,44\n2023-11-16 18:17:04.0319600,72,109\n"
)
OURS = (
    '{"timestamp": 7.5, "body": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}}\n'
    '{"timestamp": 5.0, "prompt": "Ho", "output_tokens": 4}\n'
)


@pytest.mark.parametrize(
    ("name", "content", "times", "lengths", "outputs"),
    [
        ("mooncake.jsonl", MOONCAKE, [0.0, 3.053], [64, 72], [52, 26]),
        ("azure.csv", AZURE, [0.0, 0.052], [64, 72], [44, 109]),
        ("ours.jsonl", OURS, [0.0, 2.5], [None, None], [4, 3]),
    ],
)
def test_traces_are_replayed(
    tmp_path: Path, name: str, content: str, times: list[float], lengths: list[int | None], outputs: list[int]
) -> None:
    count = Counter_(lambda word: 1)
    trace = Trace(read_trace(write(tmp_path, name, content)), lambda: Writer(learn(count)))
    requests = list(Bodies("m").requests(trace.prompts(random.Random(1)), random.Random(1)))

    assert [request.at for request in requests] == pytest.approx(times)
    assert [request.input_tokens for request in requests] == lengths
    assert [request.max_tokens for request in requests] == outputs
    said = [json.loads(sent(request))["messages"][0]["content"] for request in requests]
    assert all(length is None or count(text) == length for text, length in zip(said, lengths, strict=True))


def test_a_trace_may_be_replayed_faster(tmp_path: Path) -> None:
    entries = read_trace(write(tmp_path, "t.jsonl", MOONCAKE), speed=2.0)

    assert [entry.at for entry in entries] == pytest.approx([0.0, 3.053 / 2])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.jsonl", "", r"t.jsonl has no requests: it is empty"),
        ("t.jsonl", "[1]\n", r"line 1 is no request of a trace"),
        ("t.jsonl", '{"prompt": "x"}\n', r"line 1 has no timestamp: seconds or a date and time"),
        ("t.jsonl", '{"timestamp": "soon", "prompt": "x"}\n', r"has no timestamp: .* not 'soon'"),
        ("t.jsonl", '{"timestamp": 1e300, "prompt": "x"}\n', r"has no timestamp"),
        ("t.jsonl", '{"timestamp": 1}\n', r"has no body, messages or prompt, and no input_length"),
        ("t.jsonl", '{"timestamp": 1, "input_length": 0}\n', r"a length is a whole number of at least 1, not 0"),
        ("t.jsonl", '{"timestamp": 1, "input_length": 1e999}\n', r"a length is a whole number"),
        ("t.csv", "TIMESTAMP,ContextTokens\nnever,5\n", r"line 2 has no timestamp"),
    ],
)
def test_traces_that_are_none_are_said(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(pytest.UsageError, match=message):
        read_trace(write(tmp_path, name, content))


def test_a_traces_headers_are_sent_but_for_keys(tmp_path: Path) -> None:
    headers = {"X-Session": "s 1", "Authorization": "Bearer secret", "content-length": 9, "x-level": 2}
    asked: list[dict[str, Any]] = [{"prompt": "a"}, {"body": {}}]
    rows = [{"timestamp": at, **row, "headers": headers} for at, row in enumerate(asked)]
    entries = read_trace(write(tmp_path, "t.jsonl", "\n".join(map(json.dumps, rows))))
    requests = list(Bodies("m").requests(entries, random.Random(1)))

    assert [request.head for request in requests] == [b"X-Session: s 1\r\nx-level: 2\r\n"] * 2


@pytest.mark.parametrize(
    "headers", [{"a b": "c"}, {"a": "b\r\nc: d"}, {"": "b"}, {"a": "ü"}, {"a\n": "b"}, {"é": "b"}], ids=str
)
def test_a_traces_header_that_cannot_be_sent_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    path = write(tmp_path, "t.jsonl", json.dumps({"timestamp": 0, "prompt": "a", "headers": headers}))
    with pytest.raises(pytest.UsageError, match=r"t.jsonl, line 1: the header .* cannot be sent: one line of ASCII"):
        read_trace(path)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "p.jsonl"
    path.write_bytes(content)
    for read in (read_prompts, read_trace):
        try:
            assert read(path)
        except pytest.UsageError as error:
            assert str(path) in str(error)  # noqa: PT017


TALK = [{"human": "Who?", "assistant": "Me."}, {"human": "Why?", "assistant": "So."}]


@pytest.mark.parametrize(
    ("name", "file", "rows", "asked"),
    [
        ("openqa", "open_qa.jsonl", [{"question": "什么是爱？", "human_answers": ["?"]}], ["什么是爱？"]),
        ("longalpaca", "LongAlpaca-12k.json", [{"instruction": "Read: …", "output": "?"}], ["Read: …"]),
        ("sharegpt_en", "common_en_70k.jsonl", [{"conversation": TALK}], ["Who?", "Why?"]),
        ("sharegpt_zh", "common_zh_70k.jsonl", [{"conversation": TALK}], ["Who?", "Why?"]),
    ],
)
def test_named_datasets_are_read(tmp_path: Path, name: str, file: str, rows: list[Any], asked: list[str]) -> None:
    folder = tmp_path / name
    folder.mkdir()
    lines = "\n".join(json.dumps(row) for row in rows)
    (folder / file).write_text(json.dumps(rows) if file.endswith(".json") else lines)
    source = open_named(name, Place(name, folder, tmp_path / ".modeleval" / "datasets.json"), turns=5)

    assert [prompt.turns for prompt in islice(source.prompts(random.Random(1)), 2)] == [asked, asked]
    known = ["openqa", "longalpaca", "sharegpt_en", "sharegpt_zh", "flickr8k", "kontext_bench"]
    assert list(NAMED) == [*known, "trie_agentic_coding", "trie_code_qa", "trie_office_work"]


LENGTHS_OF_A_RUN = {
    "input_prompt_length": 300,
    "num_turns": 2,
    "assistant_response_length": [85, 46],
    "tool_call_output_length": [64, 3],
    "tool_call_latency": [0.25, 1],
    "final_assistant_response_length": 16,
}


@pytest.mark.parametrize(("turns", "kept"), [(1, 3), (2, 2), (9, 3)], ids=["whole", "first two", "no more"])
@pytest.mark.parametrize("name", ["trie_agentic_coding", "trie_code_qa", "trie_office_work"])
def test_an_agents_run_is_filled_to_its_lengths(tmp_path: Path, name: str, turns: int, kept: int) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / f"{name.removeprefix('trie_')}_8k.jsonl").write_text(json.dumps(LENGTHS_OF_A_RUN) + "\n")
    named = open_named(name, Place(name, folder, tmp_path / ".modeleval" / "datasets.json"), turns=turns)
    count = Counter_(lambda word: 1)
    source = Filled(named, lambda: taught(count, always=True))
    first, second = islice(source.prompts(random.Random(1)), 2)
    requests = list(Bodies("m").requests([first], random.Random(1)))

    assert [count(str(first.turns[0])), *(len(str(turn).split()) for turn in first.turns[1:])] == [300, 64, 3][:kept]
    assert first.turns != second.turns
    assert [request.max_tokens for request in requests] == [85, 46, 16][:kept]
    assert [request.pause for request in requests] == [0, 0.25, 1][:kept]
    assert callable(requests[-1].body)
    last = json.loads(requests[-1].body(["said"] * (kept - 1)))
    assert last["max_tokens"] == [85, 46, 16][kept - 1]
    assert len(last["messages"]) == 2 * kept - 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"input_prompt_length": "8k"},
            r"p.jsonl, line 1: input_prompt_length is of numbers of at least 0, not \['8k'\]",
        ),
        ({"tool_call_latency": None}, r"tool_call_latency is of numbers of at least 0, not None"),
        ({"tool_call_latency": [-1, 1]}, r"tool_call_latency is of numbers of at least 0, not \[-1, 1\]"),
        ({"final_assistant_response_length": True}, r"final_assistant_response_length is of numbers"),
        ({"tool_call_output_length": [1]}, r"tool_call_latency are of 1, 2 and 2 turns"),
    ],
    ids=["text", "none", "negative", "boolean", "too few"],
)
def test_an_agents_run_without_its_lengths_is_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(pytest.UsageError, match=message):
        read_prompts(write(tmp_path, "p.jsonl", json.dumps(LENGTHS_OF_A_RUN | changed)))


def test_an_agents_run_needs_an_endpoint_for_conversations(tmp_path: Path) -> None:
    prompts = Filled(
        Listed(read_prompts(write(tmp_path, "p.jsonl", json.dumps(LENGTHS_OF_A_RUN)))),
        lambda: taught(Counter_(lambda word: 1), always=True),
    )
    with pytest.raises(
        pytest.UsageError, match="conversations need --perf-endpoint chat or responses, not completions"
    ):
        next(Bodies("m", "completions").requests(prompts.prompts(random.Random(1)), random.Random(1)))


def drawn_image(kind: str) -> bytes:
    return Images(8, 8, format=kind).image(random.Random(1))


def made_flickr8k(folder: Path) -> None:
    (folder / "test").mkdir(parents=True)
    with tarfile.open(folder / "test" / "0.tar", "w") as archive:
        for name, content in {"s0.jpg": drawn_image("jpeg"), "s0.txt": b"A dog.\nTwo dogs."}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def made_kontext_bench(folder: Path) -> None:
    (folder / "test" / "images").mkdir(parents=True)
    (folder / "test" / "images" / "0000.jpg").write_bytes(drawn_image("jpeg"))
    row = {
        "file_name": "images/0000.jpg",
        "instruction": "A dog.\nTwo dogs.",
        "category": "Instruction Editing - Local",
    }
    (folder / "test" / "metadata.jsonl").write_text(json.dumps(row) + "\n")


def made_parquet(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    (folder / "data").mkdir(parents=True)
    row = {"jpg": {"bytes": drawn_image("jpeg"), "path": "s0.jpg"}, "txt": "A dog.\nTwo dogs."}
    parquet.write_table(pyarrow.Table.from_pylist([row]), folder / "data" / "test-00000-of-00001.parquet")


@pytest.mark.parametrize(
    ("name", "made"),
    [("flickr8k", made_flickr8k), ("flickr8k", made_parquet), ("kontext_bench", made_kontext_bench)],
    ids=["flickr8k", "flickr8k as parquet", "kontext_bench"],
)
def test_datasets_with_images_are_read(tmp_path: Path, name: str, made: Callable[[Path], None]) -> None:
    made(tmp_path / name)
    source = open_named(name, Place(name, tmp_path / name, tmp_path / ".modeleval" / "datasets.json"))
    (body,) = bodies(list(islice(source.prompts(random.Random(1)), 1)), stream=False)

    ((image, text),) = (message["content"] for message in body["messages"])
    head, _, data = image["image_url"]["url"].partition(",")
    assert (head, base64.b64decode(data)) == ("data:image/jpeg;base64", drawn_image("jpeg"))
    assert text == {"type": "text", "text": "A dog.\nTwo dogs."}


@pytest.mark.parametrize("image", [None, "https://example.org/a.png", b"no image", {"path": "a.png"}, 7])
def test_what_is_no_image_is_said(image: object) -> None:
    with pytest.raises(pytest.UsageError, match="row 3 has no image: "):
        given_image(image, "a", "row 3")


TRACE = [
    {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}], "prompt_tokens": 9},
    {"messages": [{"role": "user", "content": "b"}, {"role": "user", "content": "c"}], "output_tokens": 5},
    {"messages": [{"role": "user", "content": "d"}, {"role": "user", "content": [{"type": "text", "text": "e"}]}]},
]
RUN = {"messages": json.dumps([{"role": "user", "content": "a"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "b"}])}  # fmt: skip
PARTS = [{"type": "text", "text": "d"}, {"type": "text", "text": "e"}]


@pytest.mark.parametrize(
    ("name", "content", "turns", "asked"),
    [
        ("trace.json", json.dumps([TRACE]), 1, ["a"]),
        ("trace.json", json.dumps([TRACE]), 2, ["a", "b\n\nc"]),
        ("trace.jsonl", json.dumps(TRACE), 9, ["a", "b\n\nc", PARTS]),
        ("run.jsonl", json.dumps(RUN), 9, ["a", "b"]),
    ],
    ids=["first turn", "two turns", "all turns", "messages as a text"],
)
def test_traces_of_agents_are_conversations(
    tmp_path: Path, name: str, content: str, turns: int, asked: list[object]
) -> None:
    (prompt,) = read_prompts(write(tmp_path, name, content), turns=turns)

    assert prompt.turns == asked
    assert [message["content"] for message in prompt.before] == (["s"] if name.startswith("trace") else [])


def test_a_named_dataset_that_is_nowhere_is_one_line(tmp_path: Path) -> None:
    place = Place("openqa", tmp_path / "none", tmp_path / ".modeleval" / "datasets.json", offline=True)

    with pytest.raises((pytest.UsageError, NoData), match="openqa has no default/open_qa of AI-ModelScope/HC3-Chinese"):
        open_named("openqa", place)


@pytest.mark.parametrize("name", ["prompts.txt", "prompts.jsonl"])
def test_a_line_feed_alone_ends_a_prompt_and_a_byte_order_mark_begins_none(tmp_path: Path, name: str) -> None:
    texts = ["one\u2028line", "two\x85lines\u2029more"]
    lines = [json.dumps(text, ensure_ascii=False) if name.endswith("jsonl") else text for text in texts]
    (tmp_path / name).write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())

    assert [list(prompt.turns) for prompt in read_prompts(tmp_path / name)] == [[text] for text in texts]
