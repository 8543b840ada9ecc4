"""Make the corpus of sentences from which generated replies are put together.

Run as `python -m tests.tools.make_corpus`. Faker's output changes with its releases, so the result is kept as
data and is made again only on purpose.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

from faker import Faker

SENTENCES: Final = 1_024
SHORTEST: Final = 25
LONGEST: Final = 160
TARGET: Final = Path(__file__).parents[2] / "mockbatch" / "core" / "replies" / "corpus.py"

Template = Callable[[Faker], str]


def between(fake: Faker, first: date, last: date) -> str:
    """A date in a fixed range, because Faker's own default range ends today."""
    when = fake.date_between(first, last)
    return f"{when:%B} {when.day}, {when.year}"


def day(fake: Faker) -> str:
    return between(fake, date(2024, 1, 1), date(2026, 6, 30))


def later_day(fake: Faker) -> str:
    return between(fake, date(2026, 7, 1), date(2027, 12, 31))


def number(fake: Faker) -> str:
    return f"{fake.random_int(1_000, 98_000):,}"


def few(fake: Faker) -> str:
    return str(fake.random_int(3, 48))


def percent(fake: Faker) -> str:
    return f"{fake.random_int(2, 96)}.{fake.random_digit()} percent"


def money(fake: Faker) -> str:
    return f"${fake.random_int(900, 9_800):,}.{fake.random_int(0, 99):02d}"


def small_money(fake: Faker) -> str:
    return f"${fake.random_int(12, 890)}.{fake.random_int(0, 99):02d}"


def job(fake: Faker) -> str:
    """Faker lists jobs like an index ("engineer, agricultural"), so this turns them round."""
    return " ".join(reversed(str(fake.job()).lower().split(", ")))


def identifier(fake: Faker) -> str:
    return str(fake.random_element(("rows", "next_page", "retry_after", "user_id", "batch", "offset", "cursor")))


def label(fake: Faker) -> str:
    return str(fake.random_element(("billing", "returns", "shipping", "complaint", "feedback", "account access")))


def phrase(fake: Faker) -> str:
    return str(fake.catch_phrase()).lower()


def topic(fake: Faker) -> str:
    return str(
        fake.random_element(
            (
                "the refund policy",
                "the delivery schedule",
                "the service agreement",
                "the quarterly report",
                "the login problem",
                "the price change",
                "the warranty claim",
                "the migration plan",
                "the missing invoice",
                "the hiring plan",
                "the customer survey",
                "the error in the log",
                "the travel budget",
                "the release checklist",
                "the database query",
                "the lease agreement",
            )
        )
    )


def hedge(fake: Faker) -> str:
    return str(
        fake.random_element(
            (
                "Based on the text you shared",
                "From what I can see here",
                "As far as the document says",
                "Judging by the figures above",
                "On a second reading",
                "Taken together",
                "If I understand the question correctly",
                "Without more context",
            )
        )
    )


TEMPLATES: Final[tuple[Template, ...]] = (
    lambda f: f"{hedge(f)}, {topic(f)} concerns {f.company()} and was last changed on {day(f)}.",
    lambda f: f"{hedge(f)}, the amount due is {money(f)}, of which {small_money(f)} has already been paid.",
    lambda f: f"The short answer is that {topic(f)} does not apply to orders placed before {day(f)}.",
    lambda f: f"{f.name()} joined {f.company()} in {f.city()} on {day(f)} as {job(f)}.",
    lambda f: f"There are {few(f)} open items in {topic(f)}, and {f.first_name()} owns the most urgent one.",
    lambda f: f"Sales in {f.city()} grew by {percent(f)} to {number(f)} units, mostly because of repeat buyers.",
    lambda f: f"I would start with {topic(f)}, then {f.bs()}, and only after that look at the cost.",
    lambda f: f"The main risk is that {f.company()} cannot deliver to {f.city()} before {later_day(f)}.",
    lambda f: f"To {f.bs()}, the team in {f.city()} asked for {few(f)} more days and a budget of {money(f)}.",
    lambda f: f"Yes, that is possible: {f.first_name()} can change {topic(f)} from the settings page.",
    lambda f: f"No, the document does not mention {topic(f)}; it only lists {few(f)} contacts in {f.city()}.",
    lambda f: f"The product is described as the {phrase(f)}, which suits a company of about {number(f)} people.",
    lambda f: f"Here is a summary of {topic(f)}, written for {f.name()} at {f.company()}.",
    lambda f: f"Please note that the address in {f.city()}, {f.state()} differs from the one on the order.",
    lambda f: f"This message is about {topic(f)}, so I would label it as {label(f)} with high confidence.",
    lambda f: f"The meeting with {f.name()} moved from {day(f)} to {later_day(f)} at the request of {f.company()}.",
    lambda f: f"In other words, roughly {percent(f)} of the {number(f)} requests could be answered at once.",
    lambda f: f"One way to {f.bs()} is to keep {topic(f)} as it is and to measure the effect for {few(f)} weeks.",
    lambda f: f"The note attached to {topic(f)} reads: {f.sentence(nb_words=f.random_int(4, 9))}",
    lambda f: f"{f.first_name()} and {f.first_name()} agree on {topic(f)}, but not on who should {f.bs()}.",
    lambda f: f"Three things stand out: the date of {day(f)}, the total of {money(f)}, and the missing signature.",
    lambda f: f"I could not find {topic(f)} in the attachment; could you send it again, {f.first_name()}?",
    lambda f: f"Compared with {f.company()}, the offer from {f.company()} is {small_money(f)} cheaper per month.",
    lambda f: f"The function returns early when {identifier(f)} is empty, which explains {topic(f)}.",
    lambda f: f"Line {few(f)} is the cause: the counter starts at one, so the last of {number(f)} rows is lost.",
    lambda f: (
        f"Overall the tone is {f.random_element(('friendly', 'neutral', 'impatient', 'formal'))}, "
        f"and {f.name()} expects an answer by {later_day(f)}."
    ),
    lambda f: f"A subject line that would fit is: {f.sentence(nb_words=f.random_int(3, 6))}",
    lambda f: f"Nothing in {topic(f)} requires action today, so it can wait until {later_day(f)}.",
    lambda f: f"Please reply to {f.name()} by {later_day(f)}.",
    lambda f: f"The total comes to {money(f)}.",
    lambda f: f"{f.first_name()} lives in {f.city()}, not in {f.city()}.",
    lambda f: f"I counted {number(f)} rows and {few(f)} gaps.",
    lambda f: f"Ask {f.company()} about {topic(f)}.",
    lambda f: f"{f.sentence(nb_words=f.random_int(5, 9))[:-1]}, according to {f.last_name()}.",
)


def is_usable(sentence: str) -> bool:
    return (
        SHORTEST <= len(sentence) <= LONGEST
        and sentence.isascii()
        and sentence.isprintable()
        and '"' not in sentence
        and "\\" not in sentence
    )


def sentences() -> Iterator[str]:
    """Distinct usable sentences without end, taking the templates in turn."""
    fake = Faker("en_US")
    fake.seed_instance(7)
    seen: set[str] = set()
    while True:
        for template in TEMPLATES:
            sentence = template(fake)
            if is_usable(sentence) and sentence not in seen:
                seen.add(sentence)
                yield sentence


def as_module(corpus: list[str]) -> str:
    lines = "".join(f'    "{sentence}",\n' for sentence in corpus)
    docstring = '"""Sentences that generated replies are put together from, made by tests/tools/make_corpus.py."""'
    return f"{docstring}\n\nSENTENCES: tuple[str, ...] = (\n{lines})\n"


def main() -> None:
    endless = sentences()
    corpus = [next(endless) for _ in range(SENTENCES)]
    TARGET.write_text(as_module(corpus), encoding="ascii", newline="\n")
    print(f"{len(corpus)} sentences, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
