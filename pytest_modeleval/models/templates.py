"""A conversation as a model in this process is given it: by its chat template, and by its processor where it sees."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from jinja2 import TemplateError
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from pytest_modeleval.calls import calls_of
from pytest_modeleval.foreign import reason
from pytest_modeleval.models.vision import picture_of, refuse_other_torchvision, why_blind
from pytest_modeleval.requests import Chat, Json, Message
from pytest_modeleval.sample import Refused, SampleError, StopRun

# Parts of a content that no model in this process is given.
_UNHEARD = ("input_audio", "audio_url", "video_url")
# What a processor calls the marks that stand for a picture or another medium in its texts.
_MARKS = ("image_token", "boi_token", "video_token", "audio_token")


@dataclass(frozen=True, eq=False, slots=True)
class Prompt:
    """The tokens of a conversation; of one with pictures, which stand among them, also its text and their addresses."""

    tokens: Sequence[int]
    text: str = ""
    pictures: Sequence[str] = ()


class Prompts:
    """Makes the prompts of one model; ``blind`` says why it gets no pictures, where it does not."""

    def __init__(self, name: str, tokenizer: Any, processor: Any = None, *, blind: str = "", in_parts: bool = False):
        self.tokenizer = tokenizer
        self.processor = processor
        self._name = name
        self._blind = blind
        # The templates of models that see go through a content's parts, and pass over a text that is none.
        self._in_parts = in_parts
        # A processor is nowhere said to be of use to two threads at a time.
        self._lock = threading.Lock()

    def prompt(self, request: Chat, template_arguments: Mapping[str, Any]) -> Prompt:
        """The prompt by the chat template, or the plain text where the model has none.

        `StopRun` for a picture where the model does not see, and for sound and film; `SampleError` for a picture that
        cannot be read, and for a text that pretends to be one.
        """
        pictures = [
            address
            for message in request.messages
            for address in self._pictures(message, request.sample_id or "a message")
        ]
        if self.tokenizer.chat_template is None:
            if pictures:
                raise StopRun(
                    f"{self._name} has no chat template to say where pictures stand: set chat_template in args of its "
                    "alias"
                )
            text = "\n\n".join(_text_of(message) for message in request.messages)
            return Prompt(list(self.tokenizer(text).input_ids))
        if self.processor is None:
            return Prompt(list(self._rendered(request, template_arguments, tokenize=True)))
        self._refuse_marks(request)
        text = self._rendered(request, template_arguments, tokenize=False)
        try:
            tokens = self._processed([text], [pictures])["input_ids"][0].tolist()
        except SampleError:
            raise
        except Exception as error:  # noqa: BLE001 - each processor has its own errors for what it does not take
            raise Refused(f"the model's processor refuses it: {reason(error)}") from None
        return Prompt(tokens, text, pictures)

    def padded(self, prompts: Sequence[Prompt], model: Any) -> Any:
        """The model's inputs of one batch, padded on the left; either all or none of the prompts have pictures."""
        if not prompts[0].pictures:
            tokens = {"input_ids": [list(each.tokens) for each in prompts]}
            return self.tokenizer.pad(tokens, return_tensors="pt").to(model.device)
        texts, pictures = [each.text for each in prompts], [each.pictures for each in prompts]
        # The pictures' numbers are those of the model's own type; ids stay whole.
        return self._processed(texts, pictures).to(model.device, model.dtype)

    def _rendered(self, request: Chat, template_arguments: Mapping[str, Any], *, tokenize: bool) -> Any:
        extra = request.generation.get("extra_body", {}).get("chat_template_kwargs", {})
        content = _parts_of if self._in_parts else _text_of
        messages = [{**_with_calls(message), "content": content(message)} for message in request.messages]
        # The template writes the special tokens itself: rendering and tokenizing in one call adds no second BOS.
        try:
            return self.tokenizer.apply_chat_template(
                messages,
                tools=list(request.tools) or None,
                add_generation_prompt=True,
                tokenize=tokenize,
                return_dict=False,
                **{**template_arguments, **extra},
            )
        except TemplateError as error:
            raise Refused(f"the chat template refuses these messages: {error}") from None

    def _processed(self, texts: Sequence[str], pictures: Sequence[Sequence[str]]) -> Any:
        """The processor's inputs of texts with their pictures."""
        bos = self.tokenizer.bos_token
        # As transformers itself does: a template that writes no BOS leaves it to the tokenizer.
        settings = {"add_special_tokens": False} if bos and texts[0].startswith(bos) else {}
        images = [[picture_of(address) for address in each] for each in pictures]
        shown = images if any(images) else None
        with self._lock:
            # A single text is padded too, to nothing: a tokenizer that is told otherwise each time fails other threads.
            return self.processor(text=list(texts), images=shown, padding=True, return_tensors="pt", **settings)

    def _pictures(self, message: Message, sample: str) -> list[str]:
        """The addresses of a message's pictures."""
        content = message.get("content")
        parts = [] if content is None or isinstance(content, str) else content
        found = []
        for part in parts:
            kind = part.get("type")
            if kind == "image_url":
                shown = part.get("image_url")
                found.append(str(shown.get("url") if isinstance(shown, Mapping) else shown))
            elif kind in _UNHEARD:
                raise StopRun(
                    f"{self._name} is given texts and pictures alone, as a model in this process, and {sample} has a "
                    f"part of type {kind!r}: serve it, and give its base_url"
                )
            elif kind != "text":
                raise SampleError(f"a model in this process takes no content part of type {kind!r}")
        if found and self._blind:
            raise StopRun(f"{self._name} does not see: {self._blind}, and {sample} has a picture")
        return found

    def _refuse_marks(self, request: Chat) -> None:
        """`SampleError` for a text with what stands for a picture: the model would look for one more than there are."""
        marks = [mark for name in _MARKS if isinstance(mark := getattr(self.processor, name, None), str) and mark]
        for message in request.messages:
            text = _text_of(message)
            if written := next((mark for mark in marks if mark in text), None):
                raise Refused(f"the text has {written}, by which this model is shown a picture or a film")


def load_prompts(name: str, place: str, where: Mapping[str, Any], *, sees: bool) -> Prompts:
    """What makes the prompts of a model in a folder or on a hub, ``sees`` where it is one of images and texts.

    Errors are those of transformers, and `pytest.UsageError` where its libraries do not fit together. Without its
    processor such a model reads texts.
    """
    refuse_other_torchvision(torch.__version__)
    if not sees:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **where)
        return _ready(Prompts(name, tokenizer, blind="it is a model of texts alone"))
    try:
        automatic: Any = transformers.AutoProcessor
        processor = automatic.from_pretrained(place, **where)
        tokenizer = processor.tokenizer
    except Exception as error:  # noqa: BLE001 - what it lacks shows as any error, and its texts can be read without it
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **where)
        return _ready(Prompts(name, tokenizer, blind=why_blind(error, torch.__version__), in_parts=True))
    tokenizer.chat_template = processor.chat_template or tokenizer.chat_template
    return _ready(Prompts(name, tokenizer, processor, in_parts=True))


def is_of_pictures(place: str, where: Mapping[str, Any]) -> bool:
    """Whether transformers opens it as a model of images and texts that goes on with a prompt."""
    try:
        config: Any = transformers.AutoConfig.from_pretrained(place, **where)
    except (OSError, ValueError, ImportError, KeyError):
        # An adapter alone has none; what else is wrong is said where the model is loaded.
        return False
    return config.model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES and not config.is_encoder_decoder


def _ready(prompts: Prompts) -> Prompts:
    prompts.tokenizer.padding_side = "left"
    if prompts.tokenizer.pad_token_id is None:
        prompts.tokenizer.pad_token = prompts.tokenizer.eos_token
    return prompts


def _text_of(message: Message) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content if "text" in part)


def _parts_of(message: Message) -> list[Json]:
    content = message.get("content") or []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [{"type": "image"} if part["type"] == "image_url" else part for part in content]


def _with_calls(message: Message) -> dict[str, Any]:
    """The message with its calls' arguments as tables, as transformers' chat templates take them."""
    calls = message.get("tool_calls")
    return {**message, "tool_calls": [_with_values(call) for call in calls]} if calls else dict(message)


def _with_values(call: Json) -> Json:
    (read,) = calls_of([call])
    try:
        values: object = read.values
    except ValueError:
        values = read.arguments
    return {**call, "id": read.id, "type": "function", "function": {"name": read.name, "arguments": values}}
