"""The requests by which `smoke` tells a healthy server: so easy that the smallest chat model answers them."""

from collections.abc import Mapping, Sequence
from typing import Any

# Room for a model that thinks first, and an end for one that never stops.
_ROOM = {"max_tokens": 2048}
_LINE = "Line {}: the sky is blue, the grass is green, the sun is yellow, and the birds sing in the trees."
# Lines of a long prompt, each of some twenty words.
_SHORTER, _LONGER = 70, 300
_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city's name"}},
            "required": ["city"],
        },
    },
}


def _asked(question: str, expected: str, **more: Any) -> dict[str, Any]:
    """A row: one question, or the ``messages`` in its place; ``times`` is how often it is asked."""
    row = {"messages": [_user(question)], "expected": expected, "generation": {}, "tools": [], "times": 1, **more}
    return {**row, "generation": {**_ROOM, **row["generation"]}}


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _told(*texts: str, expected: str, system: str | None = None) -> dict[str, Any]:
    """A row of a conversation, in which user and assistant take turns."""
    roles = ("user", "assistant") * len(texts)
    turns = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
    above = [{"role": "system", "content": system}] if system else []
    return _asked(texts[-1], expected, messages=[*above, *turns])


def _long(lines: int, word: str) -> dict[str, Any]:
    text = "\n".join(_LINE.format(number) for number in range(1, lines + 1))
    ask = "What is the secret word that stands in the first line of this message? Answer with the word alone."
    return _asked(f"The secret word is {word}.\n\n{text}\n\n{ask}", word)


# By what each row is about; a fault of the server's fails some rows of one kind.
ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "answer": [
        _asked("What is the capital of France? Answer with one word.", "Paris"),
        _asked("Which day comes after Monday? Answer with one word.", "Tuesday"),
        _asked("What is 2 + 3? Answer with the number alone.", "5"),
        _asked("Which animal says meow? Answer with one word.", "cat"),
        _asked("Say the word banana and nothing else.", "banana"),
    ],
    "stop": [
        _asked("Say hello in one short sentence.", "a sentence, and an end"),
        _asked("Name one fruit. Answer with one word.", "a fruit, and an end"),
        _asked("Which colour has snow? Answer with one word.", "a colour, and an end"),
        _asked("Write one short sentence about the sea.", "a sentence, and an end"),
    ],
    "thinking": [
        _asked("Is 9 more than 7? Answer with yes or no.", "an answer without thoughts"),
        _asked("Tom has two apples and eats one. How many has he left?", "an answer without thoughts"),
    ],
    "languages": [
        _asked(f"{request} {sentence}", sentence)
        for request, sentence in (
            ("Wiederhole diesen Satz:", "Das Wetter ist heute sehr schön."),
            ("Répète cette phrase :", "Le café est très bon à Besançon."),
            ("Repite esta frase:", "El niño come una manzana mañana."),
            ("Повтори это предложение:", "Сегодня очень хорошая погода."),
            ("请重复这句话\uff1a", "今天的天气非常好。"),
            ("次の文を繰り返してください\uff1a", "今日はとても天気がいいです。"),
            ("다음 문장을 그대로 반복하세요:", "오늘은 날씨가 아주 좋습니다."),
            ("كرر هذه الجملة:", "الطقس اليوم جميل جدا."),
            ("इस वाक्य को दोहराएँ:", "आज मौसम बहुत अच्छा है।"),
        )
    ],
    "long_prompt": [_long(_SHORTER, "tulip"), _long(_LONGER, "rocket")],
    "system": [
        _told("What is my name?", system="The user's name is Anna.", expected="Anna"),
        _told("When does the shop open?", system="You work in a shop. It opens at 9 o'clock.", expected="9"),
    ],
    "turns": [
        _told("My dog is called Rex.", "How nice!", "What is my dog called?", expected="Rex"),
        _told("Choose a colour.", "I choose green.", "Which colour did you choose?", expected="green"),
    ],
    "json": [
        _asked(f"Answer with this JSON object and nothing else: {text}", text)
        for text in ('{"name": "Anna", "age": 30}', '{"city": "Rome", "rivers": ["Tiber"]}')
    ],
    "tool_call": [
        _asked(f"What is the weather in {city}? Use the tool.", f'get_weather("{city}")', tools=[_WEATHER])
        for city in ("Paris", "Tokyo")
    ],
    "repeats": [
        _asked(question, "the same each time", times=3, generation={"temperature": 0, "max_tokens": 64})
        for question in ("Write a short poem about an animal of your choice.", "Tell me about any country you like.")
    ],
    "max_tokens": [
        _asked(question, "at most 16 tokens", generation={"max_tokens": 16})
        for question in ("Count from 1 to 100, one number a line.", "Write a long story about a ship.")
    ],
    "stop_strings": [
        _asked("Count from 1 to 9, separated by commas.", "nothing from 5 on", generation={"stop": ["5"]}),
        _asked("Write the alphabet in capital letters, separated by spaces.", "no X", generation={"stop": ["X"]}),
    ],
    "usage": [_asked("Say hello.", "prompt and answer counted in tokens")],
}
SIZES = {check: len(rows) for check, rows in ROWS.items()}


def row(check: str, index: int) -> dict[str, Any]:
    """A row of a check."""
    return {"check": check, **ROWS[check][index]}
