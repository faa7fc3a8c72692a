"""Datasets of prompts on the hubs, by the names that load tests know them by."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pytest_modeleval.datasets import Place, Rows
from pytest_modeleval.datasets.hub import Hub, hub
from pytest_modeleval.perf.prompts.files import prompt_of
from pytest_modeleval.perf.prompts.images import given
from pytest_modeleval.perf.prompts.prompt import Prompt

_TRIE = partial(hub, modelscope="evalscope/trie-workloads", huggingface=None)
# Name: the dataset, the field with the question or the conversation ("" for the whole row), and that with an image.
NAMED: dict[str, tuple[Hub, str, str]] = {
    # HC3-Chinese's open questions: short ones. Its copy on Hugging Face is a loading script.
    "openqa": (hub(modelscope="AI-ModelScope/HC3-Chinese", huggingface=None, split="open_qa"), "question", ""),
    # Questions about whole papers and books, most of them longer than 6,000 tokens.
    "longalpaca": (
        hub(modelscope="AI-ModelScope/LongAlpaca-12k", huggingface="Yukang/LongAlpaca-12k", split="LongAlpaca-12k"),
        "instruction",
        "",
    ),
    "sharegpt_en": (hub(modelscope="swift/sharegpt", huggingface=None, split="common_en_70k"), "conversation", ""),
    "sharegpt_zh": (hub(modelscope="swift/sharegpt", huggingface=None, split="common_zh_70k"), "conversation", ""),
    # A thousand photographs with five captions each.
    "flickr8k": (
        hub(modelscope="clip-benchmark/wds_flickr8k", huggingface="clip-benchmark/wds_flickr8k"),
        "txt",
        "jpg",
    ),
    # A thousand images with an instruction how to change each (arXiv:2506.15742).
    "kontext_bench": (
        hub(modelscope="black-forest-labs/kontext-bench", huggingface="black-forest-labs/kontext-bench"),
        "instruction",
        "image",
    ),
    # Lengths of agents' runs in production, about 8,000 of each: 8 to 15 turns, 5 to 12, and 18 to 41.
    "trie_agentic_coding": (_TRIE(split="agentic_coding_8k"), "", ""),
    "trie_code_qa": (_TRIE(split="code_qa_8k"), "", ""),
    "trie_office_work": (_TRIE(split="office_work_8k"), "", ""),
}


@dataclass(frozen=True)
class Named:
    """The rows of a hub's dataset, in an order drawn anew each time, again when all were asked."""

    rows: Rows
    subset: str
    field: str
    image: str = ""
    turns: int = 1

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.rows.count(self.subset)

    def prompts(self, draw: random.Random) -> Iterator[Prompt]:
        """Prompts without end."""
        count = self.size
        while True:
            for index in draw.sample(range(count), count):
                row = self.rows.row(self.subset, index)
                if self.image:
                    yield Prompt([given(row[self.image], str(row[self.field]), row.where)])
                else:
                    yield prompt_of(row[self.field] if self.field else row, row.where, turns=self.turns)


def open_named(name: str, place: Place, *, turns: int = 1) -> Named:
    """The dataset of a name in `NAMED`, fetched if need be."""
    dataset, field, image = NAMED[name]
    (subset,) = dataset.subsets
    return Named(dataset.open(place, [subset], None), subset, field, image, turns)
