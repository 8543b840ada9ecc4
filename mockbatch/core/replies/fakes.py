"""The Faker values available to templates: by name, with plain arguments, without access to Faker itself."""

from collections.abc import Callable
from threading import local
from typing import TYPE_CHECKING, Any

from mockbatch.core.replies.allowance import Allowance
from mockbatch.core.replies.draft import ReplyError

if TYPE_CHECKING:
    from faker import Faker

_STEPS = 110
_SLOW_STEPS = 220
_SLOW = frozenset(
    ["ascii_email", "company_email", "domain_name", "domain_word", "email", "hostname", "name_nonbinary", "uri", "url"]
)
"""Values that Faker composes from several others."""
_CHARACTERS = 2
"""Characters of a value per step: Faker builds texts word by word."""
_MOST = 100
_MOST_CHARACTERS = 10_000
_own = local()

_NUMBERS = frozenset(
    {"random_int", "pyint", "pyfloat", "pydecimal", "random_digit", "random_digit_not_null", "random_letter", "boolean",
     "pybool", "random_number", "randomize_nb_elements", "latitude", "longitude", "unix_time", "year", "month"}
)  # fmt: skip
_VALUES = _NUMBERS | frozenset(
    [
        "name",
        "first_name",
        "last_name",
        "first_name_female",
        "first_name_male",
        "first_name_nonbinary",
        "last_name_female",
        "last_name_male",
        "name_female",
        "name_male",
        "name_nonbinary",
        "prefix",
        "prefix_female",
        "prefix_male",
        "suffix",
        "suffix_female",
        "suffix_male",
        "address",
        "building_number",
        "city",
        "city_prefix",
        "city_suffix",
        "country",
        "country_code",
        "postcode",
        "zipcode",
        "state",
        "state_abbr",
        "street_address",
        "street_name",
        "street_suffix",
        "secondary_address",
        "postalcode",
        "current_country",
        "company",
        "company_suffix",
        "bs",
        "catch_phrase",
        "job",
        "phone_number",
        "country_calling_code",
        "msisdn",
        "email",
        "safe_email",
        "free_email",
        "company_email",
        "ascii_email",
        "ascii_safe_email",
        "user_name",
        "domain_name",
        "domain_word",
        "url",
        "uri",
        "hostname",
        "ipv4",
        "ipv4_private",
        "ipv4_public",
        "ipv6",
        "mac_address",
        "slug",
        "tld",
        "image_url",
        "user_agent",
        "http_method",
        "word",
        "words",
        "sentence",
        "sentences",
        "paragraph",
        "paragraphs",
        "text",
        "texts",
        "date",
        "date_object",
        "time",
        "date_time",
        "iso8601",
        "date_of_birth",
        "date_between",
        "date_this_year",
        "date_this_month",
        "date_this_decade",
        "date_this_century",
        "future_date",
        "past_date",
        "date_time_this_year",
        "day_of_month",
        "day_of_week",
        "month_name",
        "am_pm",
        "century",
        "timezone",
        "color",
        "color_name",
        "hex_color",
        "rgb_color",
        "safe_color_name",
        "currency",
        "currency_code",
        "currency_name",
        "pricetag",
        "cryptocurrency",
        "credit_card_number",
        "credit_card_provider",
        "credit_card_expire",
        "credit_card_security_code",
        "iban",
        "bban",
        "swift",
        "ssn",
        "ein",
        "uuid4",
        "md5",
        "sha1",
        "sha256",
        "password",
        "file_name",
        "file_extension",
        "file_path",
        "mime_type",
        "isbn10",
        "isbn13",
        "ean",
        "ean8",
        "ean13",
        "license_plate",
        "locale",
        "language_code",
        "language_name",
        "bothify",
        "numerify",
        "lexify",
        "hexify",
        "random_element",
        "emoji",
    ]
)


class Fake:
    """Faker seeded by the request. It is imported and seeded only when a template uses it."""

    __slots__ = ("_budget", "_faker", "_key")

    def __init__(self, key: int, allowance: Allowance) -> None:
        self._key, self._budget = key, allowance
        self._faker: Faker | None = None

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in _VALUES:
            raise KeyError(name)

        def value(*args: Any, **named: Any) -> Any:
            self._budget.spend(_SLOW_STEPS if name in _SLOW else _STEPS)
            for argument in (*args, *named.values()):
                self._check(name, argument)
            made = _data(getattr(self._seeded(), name)(*args, **named))
            self._budget.measure(made, _CHARACTERS)
            return made

        return value

    def _check(self, name: str, argument: Any) -> None:
        self._budget.measure(argument)
        if isinstance(argument, str):
            if len(argument) > _MOST_CHARACTERS:
                raise ReplyError(f"fake.{name}: a text of more than {_MOST_CHARACTERS:,} characters")
        elif isinstance(argument, int):
            most = 1 << 53 if name in _NUMBERS else _MOST_CHARACTERS if name == "text" else _MOST
            if name in ("random_number", "pyfloat", "pydecimal"):
                most = 15
            if abs(argument) > most:
                raise ReplyError(f"fake.{name}: {argument} is more than {most:,}")
        elif isinstance(argument, float | None):
            return
        elif isinstance(argument, list | tuple):
            if len(argument) > 1_000:
                raise ReplyError(f"fake.{name}: more than 1,000 elements")
        else:
            raise ReplyError(f"fake.{name}: an argument is a text, a number or a list")

    def _seeded(self) -> "Faker":
        if self._faker is None:
            self._faker = _faker()
            self._faker.seed_instance(self._key)
        return self._faker


def _data(value: Any) -> Any:
    """Return the value as plain data: anything else is converted to a string."""
    if isinstance(value, str | int | float | list | dict | None):
        return value
    return list(value) if isinstance(value, tuple | set) else str(value)


def _faker() -> "Faker":
    """Return the generator of this thread, because seeding and drawing are two steps."""
    if not hasattr(_own, "faker"):
        from faker import Faker

        _own.faker = Faker("en_US")
    faker: Faker = _own.faker
    return faker
