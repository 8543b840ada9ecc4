"""What a prompt wants of the text, and that it gets it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.replies.languages import LANGUAGES
from mockbatch.core.replies.phrases import PHRASES
from mockbatch.core.replies.prompt_hints import NO_HINTS, PromptHints, parse_hints
from mockbatch.core.replies.prose import prose
from mockbatch.core.replies.rng import Rng


def wish(prompt: str, **more: Any) -> PromptHints:
    return parse_hints({"messages": [{"role": "user", "content": prompt}], **more})


LANGUAGE: list[tuple[str, str]] = [
    ("What is the capital of France?", "en"),
    ("Was ist die Hauptstadt von Frankreich?", "de"),
    ("Quelle est la capitale de l'Allemagne ?", "fr"),
    ("¿Cuál es la capital de España?", "es"),
    ("法国的首都是哪里？", "zh"),
    ("フランスの首都はどこですか", "ja"),
    ("Какая столица Франции?", "ru"),
    ("Translate this into Japanese: good morning", "ja"),
    ("Explain in German what a café is.", "de"),
    ("Summarize this café review – it’s naïve", "en"),
    ("Antworte auf Englisch: was ist das?", "en"),
    ("The user wrote 你好 in the text, what is that?", "en"),
]


@pytest.mark.parametrize(("prompt", "language"), LANGUAGE)
def test_the_language_is_told(prompt: str, language: str) -> None:
    """By its letters, its frequent words, or by name."""
    assert wish(prompt).language == language


LENGTHS: list[tuple[str, str | None, int]] = [
    ("Summarize this in one sentence.", "sentences", 1),
    ("Write a 200-word story.", "words", 200),
    ("Use at most 50 words.", "words", 50),
    ("Give me three bullet points.", "items", 3),
    ("Write two short paragraphs", "paragraphs", 2),
    ("Keep it under 280 characters", "characters", 280),
    ("Fasse das in drei Sätzen zusammen", "sentences", 3),
    ("Résume ça en deux phrases", "sentences", 2),
    ("Responde en 20 palabras", "words", 20),
    ("用200字写一篇文章", "characters", 200),
    ("Напиши 30 слов об этом", "words", 30),
    ("Be brief: what is this?", "sentences", 1),
    ("Write a detailed essay", "paragraphs", 4),
    ("How many words has this text?", None, 0),
    ("Version 2.5 words", None, 0),
    ("Tell me about 5 cats", None, 0),
]


@pytest.mark.parametrize(("prompt", "unit", "count"), LENGTHS)
def test_the_length_is_told(prompt: str, unit: str | None, count: int) -> None:
    """In the units that people use."""
    found = wish(prompt)
    assert (found.unit, found.count) == (unit, count)


LABELS: list[tuple[str, tuple[str, ...]]] = [
    ("Answer yes or no: is it red?", ("yes", "no")),
    ("True or False? The sky is green.", ("True", "False")),
    ("Antworte mit Ja oder Nein.", ("Ja", "Nein")),
    ("Classify the sentiment as positive, negative or neutral: I love it", ("positive", "negative", "neutral")),
    ("Classify into one of: billing, shipping, other.", ("billing", "shipping", "other")),
    ("Reply with only 'spam' or 'ham'.", ("spam", "ham")),
    ("Choose one of the following: red, green, or dark blue.", ("red", "green", "dark blue")),
    ("Categories:\n- billing: about money\n- shipping: about parcels\nTicket: lost", ("billing", "shipping")),
    ("Labels: A | B | C\nText: foo", ("A", "B", "C")),
    ("Rate the review on a scale from 1 to 5", ("1", "2", "3", "4", "5")),
    ("Is this one of the best restaurants in town, or not?", ()),
    ("Answer the question: how are cats and dogs different from one another in daily life?", ()),
    ("Tell me of cats, dogs and mice", ()),
]


@pytest.mark.parametrize(("prompt", "labels"), LABELS)
def test_labels_are_told(prompt: str, labels: tuple[str, ...]) -> None:
    """Lists of answers to choose from, and nothing else with commas."""
    assert wish(prompt).labels == labels


def test_json_is_told_with_its_keys() -> None:
    """From an example, or from a list."""
    assert wish('Return JSON like {"label": "...", "score": 1}').keys == ("label", "score")
    assert wish("Respond in JSON with the keys `name`, `age` and `city`.").keys == ("name", "age", "city")
    assert wish("JSON only.") == PromptHints(json=True)


def test_the_system_prompt_counts_too() -> None:
    """Instructions stand there."""
    assert wish("Ticket: my parcel is lost", system="Answer with one of: billing, shipping.").labels
    assert wish("hello", system=[{"type": "text", "text": "Always reply in French."}]).language == "fr"


def test_long_prompts_are_read_at_their_ends() -> None:
    """Where the instructions are."""
    assert wish("Answer yes or no.\n" + "lorem ipsum " * 1000).labels == ("yes", "no")
    assert wish("lorem ipsum " * 1000 + "\nAnswer yes or no.").labels == ("yes", "no")


DOCUMENT = "He gave three examples of it and said yes or no in one sentence. " * 30


def test_documents_hold_no_instructions() -> None:
    """What is said before and after them counts; where nothing is, their ends do."""
    assert wish(f"Summarise it.\n\n{DOCUMENT}") == wish("Summarise it.")
    assert wish(f"{DOCUMENT}\n\nSummarise it.") == wish("Summarise it.")
    assert wish(f"{DOCUMENT}\n\nAnswer in three sentences.").count == 3
    assert wish(f"Hello.\n{'Be so kind. ' * 20}Answer in three sentences.\n\n{DOCUMENT}").count == 3
    assert wish(f"Answer in three sentences: {DOCUMENT}").count == 3


@pytest.mark.parametrize("prompt", ["", "hello", "request 17 .....", "Tell me more.", "import os\nprint(os.name)"])
def test_most_prompts_say_nothing(prompt: str) -> None:
    """And that is told by identity, which is quick."""
    assert wish(prompt) is NO_HINTS


@given(prompt=st.text(max_size=300))
def test_any_prompt_is_read(prompt: str) -> None:
    """Without an error, and what is wanted can be written."""
    assert isinstance(prose(Rng(1, "x"), wish(prompt)), str)


def written(wanted: PromptHints) -> list[str]:
    return [prose(Rng(key, "x"), wanted) for key in range(20)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_written_has_the_length(language: Any) -> None:
    """In every language."""
    spaced = language not in ("zh", "ja")
    for text in written(PromptHints(language, "words", 40)):
        assert (len(text.split()) if spaced else len(text)) == 40
    for text in written(PromptHints(language, "characters", 100)):
        assert 60 <= len(text) <= 100
    assert all(len(text.splitlines()) == 3 for text in written(PromptHints(language, "items", 3)))
    assert all(len(text.split("\n\n")) == 2 for text in written(PromptHints(language, "paragraphs", 2)))


def test_what_is_written_is_what_was_wanted() -> None:
    """A label, JSON with the keys, one word."""
    assert set(written(PromptHints(labels=("a", "b")))) == {"a", "b"}
    assert all(json.loads(text).keys() == {"x", "y"} for text in written(PromptHints(json=True, keys=("x", "y"))))
    assert all(len(text.split()) == 1 for text in written(PromptHints(unit="words", count=1)))


def test_the_phrases_are_complete() -> None:
    """128 sentences of each language, none twice, each of which its own prompt would be told by."""
    assert PHRASES.keys() == set(LANGUAGES) - {"en"}
    for language, phrases in PHRASES.items():
        assert len(set(phrases)) == len(phrases) == 128
        assert all(phrase.isprintable() and '"' not in phrase for phrase in phrases)
        assert wish(" ".join(phrases[:8])).language == language
