"""Every option once: what it is called, how it is read, where it came from."""

from mockbatch.config.options import OPTIONS, ConfigError, Option
from mockbatch.config.reading import Source, flag_of, overridden, resolve, texts_of, variable_of
from mockbatch.config.settings import Config
from mockbatch.config.shown import readable

__all__ = [
    "OPTIONS",
    "Config",
    "ConfigError",
    "Option",
    "Source",
    "flag_of",
    "overridden",
    "readable",
    "resolve",
    "texts_of",
    "variable_of",
]
