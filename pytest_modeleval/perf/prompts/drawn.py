"""Prompts of random words, and of random words with generated images."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_modeleval.perf.prompts.images import Images
from pytest_modeleval.perf.prompts.lengths import Lengths
from pytest_modeleval.perf.prompts.prompt import Content, Prompt
from pytest_modeleval.perf.prompts.words import Writer


@dataclass(frozen=True)
class Drawn:
    """Prompts of random words, fresh for each, after a shared prefix of so many tokens."""

    writer: Writer
    input: Lengths
    prefix: int = 0
    # None: one.
    turns: Lengths | None = None
    images: Images | None = None
    documents: int = 0

    def prompts(self, draw: random.Random) -> Iterator[Prompt]:
        """Prompts without end."""
        prefix = self.writer.words(self.prefix, draw)
        while True:
            tokens = self.input.draw(draw)
            texts = [self.writer.write(tokens, draw, prefix)]
            texts += [self.writer.write(self.input.draw(draw), draw) for _ in range(self._turns(draw) - 1)]
            documents = [self.writer.write(self.input.draw(draw), draw) for _ in range(self.documents)]
            # Nobody here knows what a server makes of an image.
            known = None if self.images or documents else tokens
            yield Prompt([self._content(text, draw) for text in texts], input_tokens=known, documents=documents)

    def _turns(self, draw: random.Random) -> int:
        return self.turns.draw(draw) if self.turns else 1

    def _content(self, text: str, draw: random.Random) -> Content:
        return self.images.beside(text, draw) if self.images else text
