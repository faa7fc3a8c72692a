"""BERTScore: the formula by hand on a small model, and what is said where the library or its weights are missing."""

import math
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import StopRun
from pytest_modeleval.scorers.similarity import _scorer, bert_score


@pytest.fixture(autouse=True)
def _anew() -> None:
    _scorer.cache_clear()


def test_without_the_library_a_line_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bert_score", None)

    with pytest.raises(StopRun, match=r"^BERTScore needs bert-score: pip install 'pytest-modeleval\[bert\]'$"):
        bert_score("a", "b")


def test_without_the_weights_a_line_says_so(tmp_path: Path) -> None:
    pytest.importorskip("bert_score")

    with pytest.raises(StopRun, match=r"^BERTScore needs the weights of .*/away, which are not to be had: .+$"):
        bert_score("a", "b", model=str(tmp_path / "away"), layers=1)


def test_each_word_meets_the_nearest_of_the_other_text(tmp_path: Path) -> None:
    """Precision is the mean over the text's words of the greatest cosine with a token of the reference, recall the same
    of the reference's words, of the vectors of a layer; [CLS] and [SEP] are met, and are no words.
    """
    pytest.importorskip("bert_score")
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "they", "persist", "in", "giving", "up", "never"]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary))
    words = transformers.BertTokenizer(str(tmp_path / "vocab.txt"), model_max_length=64)
    words.save_pretrained(tmp_path)
    size = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
    model = transformers.BertModel(transformers.BertConfig(vocab_size=len(vocabulary), **size)).eval()
    model.save_pretrained(tmp_path)

    def vectors(text: str) -> Any:
        with torch.no_grad():
            found = model(**words(text, return_tensors="pt"), output_hidden_states=True).hidden_states[2][0]
        return torch.nn.functional.normalize(found, dim=-1)

    one, other = vectors("they persist"), vectors("never giving up")
    precision = float((one[1:-1] @ other.T).max(1).values.mean())
    recall = float((other[1:-1] @ one.T).max(1).values.mean())

    found = bert_score("they persist", "never giving up", model=str(tmp_path), layers=2)
    same = bert_score("they persist", "they persist", model=str(tmp_path), layers=2)

    assert (found.name, found.measured) == ("bert_f1", True)
    assert math.isclose(found.value, 2 * precision * recall / (precision + recall), abs_tol=1e-5)
    assert same.value == pytest.approx(1)
