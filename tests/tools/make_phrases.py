"""Make the sentences of other languages than English from which generated replies are put together.

Run as `python -m tests.tools.make_phrases`. Kept as data for the reason that make_corpus gives.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from faker import Faker

SENTENCES: Final = 128
TARGET: Final = Path(__file__).parents[2] / "mockbatch" / "core" / "replies" / "phrases.py"

Template = Callable[[Faker], str]


def number(fake: Faker) -> str:
    return str(fake.random_int(12, 980))


def percent(fake: Faker) -> str:
    return str(fake.random_int(2, 96))


def day(fake: Faker) -> int:
    return int(fake.random_int(1, 28))


def one_of(fake: Faker, *options: str) -> str:
    return str(fake.random_element(options))


def german_month(fake: Faker) -> str:
    return one_of(fake, "Januar", "März", "April", "Juni", "August", "Oktober", "Dezember")


def german_topic(fake: Faker) -> str:
    return one_of(fake, "der Vertrag", "der Bericht", "die Rechnung", "das Angebot", "die Umfrage", "der Zeitplan")


def french_month(fake: Faker) -> str:
    return one_of(fake, "janvier", "mars", "avril", "juin", "août", "octobre", "décembre")


def french_topic(fake: Faker) -> str:
    return one_of(fake, "le contrat", "le rapport", "la facture", "l'offre", "le sondage", "le calendrier")


def spanish_month(fake: Faker) -> str:
    return one_of(fake, "enero", "marzo", "abril", "junio", "agosto", "octubre", "diciembre")


def spanish_topic(fake: Faker) -> str:
    return one_of(fake, "el contrato", "el informe", "la factura", "la oferta", "la encuesta", "el calendario")


def russian_month(fake: Faker) -> str:
    return one_of(fake, "января", "марта", "апреля", "июня", "августа", "октября", "декабря")


def russian_topic(fake: Faker) -> str:
    return one_of(fake, "договор", "отчёт", "счёт", "график", "опрос", "бюджет")


def chinese_topic(fake: Faker) -> str:
    return one_of(fake, "合同", "报告", "发票", "报价", "调查", "时间表")


def japanese_topic(fake: Faker) -> str:
    return one_of(fake, "契約書", "報告書", "請求書", "見積書", "調査", "日程")


def upper(text: str) -> str:
    return text[:1].upper() + text[1:]


TEMPLATES: Final[dict[str, tuple[str, tuple[Template, ...]]]] = {
    "de": (
        "de_DE",
        (
            lambda f: f"{f.last_name()} aus {f.city_name()} hat am {day(f)}. {german_month(f)} geantwortet.",
            lambda f: (
                f"{upper(german_topic(f))} betrifft {f.company()} und wurde am {day(f)}. {german_month(f)} geändert."
            ),
            lambda f: f"Der Umsatz in {f.city_name()} ist um {percent(f)} Prozent auf {number(f)} Einheiten gestiegen.",
            lambda f: f"Kurz gesagt: {german_topic(f)} gilt erst ab dem {day(f)}. {german_month(f)}.",
            lambda f: f"Insgesamt sind es {number(f)} Einträge, davon {percent(f)} noch offen.",
            lambda f: f"Bitte wenden Sie sich an {f.first_name()} {f.last_name()} in {f.city_name()}.",
            lambda f: (
                f"Nach {german_topic(f).replace('der ', 'dem ').replace('die ', 'der ').replace('das ', 'dem ')} "
                f"zu urteilen, fehlen noch {number(f)} Euro."
            ),
            lambda f: (
                f"{f.first_name()} und {f.first_name()} treffen sich am {day(f)}. {german_month(f)} in {f.city_name()}."
            ),
        ),
    ),
    "fr": (
        "fr_FR",
        (
            lambda f: f"{f.name()} habite à {f.city()} depuis le {day(f)} {french_month(f)}.",
            lambda f: (
                f"{upper(french_topic(f))} concerne {f.company()} et a été modifié le {day(f)} {french_month(f)}."
            ),
            lambda f: f"Les ventes à {f.city()} ont augmenté de {percent(f)} % pour atteindre {number(f)} unités.",
            lambda f: f"En bref, {french_topic(f)} ne s'applique qu'à partir du {day(f)} {french_month(f)}.",
            lambda f: f"Il y a {number(f)} lignes au total, dont {percent(f)} restent à traiter.",
            lambda f: f"Adressez-vous à {f.name()}, à {f.city()}.",
            lambda f: f"D'après ce que je vois, il manque encore {number(f)} euros.",
            lambda f: f"{f.first_name()} et {f.first_name()} se réunissent le {day(f)} {french_month(f)} à {f.city()}.",
        ),
    ),
    "es": (
        "es_ES",
        (
            lambda f: f"{f.first_name()} vive en {f.city()} desde el {day(f)} de {spanish_month(f)}.",
            lambda f: (
                f"{upper(spanish_topic(f))} afecta a {f.company()} y se modificó el {day(f)} de {spanish_month(f)}."
            ),
            lambda f: f"Las ventas en {f.city()} crecieron un {percent(f)} por ciento, hasta {number(f)} unidades.",
            lambda f: f"En resumen, {spanish_topic(f)} solo se aplica desde el {day(f)} de {spanish_month(f)}.",
            lambda f: f"Hay {number(f)} filas en total, y {percent(f)} siguen pendientes.",
            lambda f: f"Consulte a {f.first_name()} en la oficina de {f.city()}.",
            lambda f: f"Según los datos anteriores, todavía faltan {number(f)} euros.",
            lambda f: f"{f.first_name()} y {f.first_name()} se reúnen el {day(f)} de {spanish_month(f)} en {f.city()}.",
        ),
    ),
    "ru": (
        "ru_RU",
        (
            lambda f: f"{f.first_name_male()} живёт в другом городе с {day(f)} {russian_month(f)}.",
            lambda f: (
                f"{upper(russian_topic(f))} касается отдела номер {number(f)} и изменён {day(f)} {russian_month(f)}."
            ),
            lambda f: f"Продажи выросли на {percent(f)} процентов и составили {number(f)} единиц.",
            lambda f: f"Коротко говоря, {russian_topic(f)} действует только с {day(f)} {russian_month(f)}.",
            lambda f: f"Всего найдено строк: {number(f)}, из них не обработано: {percent(f)}.",
            lambda f: f"Ответ на этот вопрос знает {f.first_name()}, адрес: {f.city()}.",
            lambda f: f"Судя по данным выше, не хватает {number(f)} рублей.",
            lambda f: f"{f.first_name()} и {f.first_name()} встречаются {day(f)} {russian_month(f)}.",
        ),
    ),
    "zh": (
        "zh_CN",
        (
            lambda f: f"{f.name()}从{day(f)}日起住在{f.city()}。",
            lambda f: f"{chinese_topic(f)}涉及{f.company()}，最近一次修改是在{day(f)}日。",
            lambda f: f"{f.city()}的销量增长了百分之{percent(f)}，达到{number(f)}件。",
            lambda f: f"简而言之，{chinese_topic(f)}从{day(f)}日起才生效。",
            lambda f: f"一共有{number(f)}行数据，其中{percent(f)}行尚未处理。",
            lambda f: f"请联系{f.city()}的{f.name()}。",
            lambda f: f"根据以上数字，还缺少{number(f)}元。",
            lambda f: f"{f.name()}和{f.name()}将于{day(f)}日在{f.city()}见面。",
        ),
    ),
    "ja": (
        "ja_JP",
        (
            lambda f: f"{f.name()}さんは{day(f)}日から{f.city()}に住んでいます。",
            lambda f: f"{japanese_topic(f)}は{f.company()}に関するもので、{day(f)}日に変更されました。",
            lambda f: f"{f.city()}の売上は{percent(f)}パーセント増えて{number(f)}個になりました。",
            lambda f: f"要するに、{japanese_topic(f)}は{day(f)}日から有効です。",
            lambda f: f"全部で{number(f)}行あり、そのうち{percent(f)}行は未処理です。",
            lambda f: f"詳しくは{f.city()}の{f.name()}さんにお問い合わせください。",
            lambda f: f"上の数字によると、まだ{number(f)}円足りません。",
            lambda f: f"{f.name()}さんと{f.name()}さんは{day(f)}日に{f.city()}で会います。",
        ),
    ),
}


def sentences(language: str) -> Iterator[str]:
    """Distinct sentences without end, taking the templates in turn."""
    locale, templates = TEMPLATES[language]
    fake = Faker(locale)
    fake.seed_instance(7)
    seen: set[str] = set()
    while True:
        for template in templates:
            sentence = template(fake)
            if sentence.isprintable() and '"' not in sentence and "\\" not in sentence and sentence not in seen:
                seen.add(sentence)
                yield sentence


def as_module(corpora: dict[str, list[str]]) -> str:
    docstring = '"""Sentences of other languages than English, made by tests/tools/make_phrases.py."""'
    parts = (
        f'    "{language}": (\n' + "".join(f'        "{sentence}",\n' for sentence in corpus) + "    ),\n"
        for language, corpus in corpora.items()
    )
    return f"{docstring}\n\nPHRASES: dict[str, tuple[str, ...]] = {{\n{''.join(parts)}}}\n"


def main() -> None:
    corpora = {}
    for language in TEMPLATES:
        endless = sentences(language)
        corpora[language] = [next(endless) for _ in range(SENTENCES)]
    TARGET.write_text(as_module(corpora), encoding="utf-8", newline="\n")
    print(f"{len(corpora)} languages, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
