"""Which language a text is in, and its sentences and words as NLTK sees them."""

import functools
from collections.abc import Iterator
from typing import Any

from pytest_modeleval.sample import SampleError

_LONGEST = 20_000
_MISSING = "IFEval needs langdetect and nltk: pip install 'pytest-modeleval[ifeval]'"


@functools.cache
def _factory() -> tuple[Any, type[Exception]]:
    """langdetect with its 55 profiles, which take 0.4 s to read, and what it raises where it sees no language."""
    try:
        from langdetect import LangDetectException
        from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
    except ImportError:
        raise SampleError(_MISSING) from None
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    # Without a seed the same text can get two languages. This factory is our own: nobody else's detection is seeded.
    factory.set_seed(0)
    return factory, LangDetectException


@functools.cache
def _nltk() -> Any:
    """nltk with its English sentence model, which no package on PyPI carries."""
    try:
        import nltk
    except ImportError:
        raise SampleError(_MISSING) from None
    try:
        nltk.sent_tokenize("")
    except LookupError:
        raise SampleError(
            "nltk's English sentence model is not here: python -m nltk.downloader punkt_tab, "
            "or set NLTK_DATA to a folder with tokenizers/punkt_tab/english"
        ) from None
    return nltk


def known_languages() -> list[str]:
    """The codes of the languages that can be told apart."""
    return list(_factory()[0].get_lang_list())


def need_sentences() -> None:
    """Raise `SampleError` unless sentences can be split."""
    _nltk()


def language_of(text: str) -> str | None:
    """The language's code by langdetect (``en``, ``zh-cn``), None where it sees none, as in digits alone."""
    factory, unseen = _factory()
    detector = factory.create()
    # It reads 10,000 characters, but looks for addresses in all of them.
    detector.append(text[:100_000])
    try:
        return str(detector.detect())
    except unseen:
        return None


def sentences_in(text: str) -> list[str]:
    """The sentences of an English text, by nltk's punkt, of a long one those in its first 20,000 characters.

    Punkt takes 1.3 s for 100,000 characters of full stops, and IFEval asks of up to seven forms of an answer.
    """
    return list(_nltk().sent_tokenize(text[:_LONGEST]))


def capitals_in(text: str) -> Iterator[str]:
    """The words in capitals alone of an English text, by nltk's tokenizer: a hyphenated word is one."""
    # To find the sentences takes up to 0.2 s, to tokenize one 75 µs.
    for sentence in sentences_in(text) if any(map(str.isupper, text)) else ():
        if any(map(str.isupper, sentence)):
            yield from filter(str.isupper, _tokens(sentence))


@functools.lru_cache(maxsize=4096)
def _tokens(sentence: str) -> list[str]:
    return list(_nltk().word_tokenize(sentence, preserve_line=True))
