"""Options of the server: registry, parsing, and origins of values."""

from mockbatch.config.display import readable
from mockbatch.config.options import OPTIONS, ConfigError, Option
from mockbatch.config.reading import (
    OWNER,
    SettingOrigin,
    check_sent,
    files_used,
    flag_of,
    overridden,
    resolve,
    texts_of,
    variable_of,
)
from mockbatch.config.settings import Config

__all__ = [
    "OPTIONS",
    "OWNER",
    "Config",
    "ConfigError",
    "Option",
    "SettingOrigin",
    "check_sent",
    "files_used",
    "flag_of",
    "overridden",
    "readable",
    "resolve",
    "texts_of",
    "variable_of",
]
