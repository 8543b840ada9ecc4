"""What the Python SDK of this environment can send and receive, as one JSON document.

A type is one of: {"any": true}, {"plain": "str"}, {"values": [...]}, {"list": type}, {"map": type}, {"object": name},
{"union": [types]}. Objects are listed by name under "objects": {key: {"required": bool, "type": type}}.
"""

import importlib
import json
import os
import pathlib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

import anthropic
import typing_extensions
from anthropic import BaseModel

ROOTS = {
    "create": "anthropic.types.message_create_params:MessageCreateParamsNonStreaming",
    "stream": "anthropic.types.message_create_params:MessageCreateParamsStreaming",
    "count": "anthropic.types.message_count_tokens_params:MessageCountTokensParams",
    "batch": "anthropic.types.messages.batch_create_params:BatchCreateParams",
    "beta create": "anthropic.types.beta.message_create_params:MessageCreateParamsNonStreaming",
    "beta stream": "anthropic.types.beta.message_create_params:MessageCreateParamsStreaming",
    "beta count": "anthropic.types.beta.message_count_tokens_params:MessageCountTokensParams",
    "beta batch": "anthropic.types.beta.messages.batch_create_params:BatchCreateParams",
    "betas": "anthropic.types.anthropic_beta_param:AnthropicBetaParam",
    "models": "anthropic.types.model_param:ModelParam",
    "Message": "anthropic.types:Message",
    "MessageDeltaUsage": "anthropic.types:MessageDeltaUsage",
    "RawMessageStreamEvent": "anthropic.types:RawMessageStreamEvent",
    "MessageTokensCount": "anthropic.types:MessageTokensCount",
    "MessageBatch": "anthropic.types.messages:MessageBatch",
    "DeletedMessageBatch": "anthropic.types.messages:DeletedMessageBatch",
    "MessageBatchIndividualResponse": "anthropic.types.messages:MessageBatchIndividualResponse",
    "ModelInfo": "anthropic.types:ModelInfo",
    "FileMetadata": "anthropic.types:FileMetadata",
    "DeletedFile": "anthropic.types:DeletedFile",
    "OrganizationRateLimit": "anthropic.types.organization:OrganizationRateLimit",
    "BetaMessage": "anthropic.types.beta:BetaMessage",
}
DEPRECATED = ("anthropic._data", "anthropic.resources.messages.messages", "anthropic.resources.messages")

_PLAIN = {str: "str", int: "int", float: "float", bool: "bool", type(None): "null"}
# read by the SDK and sent as base64
_FILES = (os.PathLike, typing.IO, pathlib.Path)
_LISTS = (list, set, Iterable, Sequence)


class Reflection:
    """The grammar of all types that were asked for, each object once."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}

    def of(self, annotation: Any) -> dict[str, Any]:
        annotation = _bare(annotation)
        origin, args = get_origin(annotation), get_args(annotation)
        if origin in (Union, types.UnionType):
            return {"union": [self.of(part) for part in args]}
        if origin is not None and "Literal" in str(origin):
            return {"values": list(args)}
        if annotation in _PLAIN:
            return {"plain": _PLAIN[annotation]}
        if origin in _FILES or annotation in _FILES:
            return {"plain": "str"}
        if origin in _LISTS or _is_sequence(annotation):
            return {"list": self.of(args[0])}
        if origin in (dict, Mapping):
            return {"map": self.of(args[1])}
        if isinstance(annotation, type) and (
            typing_extensions.is_typeddict(annotation) or issubclass(annotation, BaseModel)
        ):
            return {"object": self._object(annotation)}
        if getattr(annotation, "__name__", "") == "datetime":
            return {"plain": "str"}
        return {"any": True}

    def _object(self, kind: Any) -> str:
        name = f"{kind.__module__}:{kind.__qualname__}".removeprefix("anthropic.types.")
        if name not in self.objects:
            self.objects[name] = {}  # before its fields, which may hold it again
            self.objects[name] = dict(self._model(kind) if issubclass(kind, BaseModel) else self._typed_dict(kind))
        return name

    def _typed_dict(self, kind: Any) -> Iterable[tuple[str, Any]]:
        for key, hint in _hints(kind).items():
            wire = _alias(hint) or key
            yield wire, {"required": _is_required(kind, key, hint), "type": self.of(hint)}

    def _model(self, kind: Any) -> Iterable[tuple[str, Any]]:
        for key, field in kind.model_fields.items():
            yield field.alias or key, {"required": field.is_required(), "type": self.of(field.annotation)}


def _hints(kind: Any) -> dict[str, Any]:
    # names that the SDK imports for type checkers only
    missing = {"ClassVar": typing.ClassVar, "ConfigDict": Any}
    hints = typing_extensions.get_type_hints(kind, localns=missing, include_extras=True)
    return {key: hint for key, hint in hints.items() if "ClassVar" not in str(hint)}


def _is_required(kind: Any, key: str, hint: Any) -> bool:
    return get_origin(hint) is typing_extensions.Required or key in getattr(kind, "__required_keys__", ())


def _alias(hint: Any) -> "str | None":
    while get_origin(hint) in (typing_extensions.Required, typing_extensions.NotRequired):
        (hint,) = get_args(hint)
    notes = getattr(hint, "__metadata__", ())
    return next((note.alias for note in notes if getattr(note, "alias", None)), None)


def _bare(annotation: Any) -> Any:
    while True:
        if get_origin(annotation) in (typing_extensions.Required, typing_extensions.NotRequired):
            (annotation,) = get_args(annotation)
        elif hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        elif hasattr(annotation, "__value__"):
            annotation = annotation.__value__
        else:
            return annotation


def _is_sequence(annotation: Any) -> bool:
    return "SequenceNotStr" in str(get_origin(annotation))


def _found(place: str) -> Any:
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return None  # an older SDK does not have it


def _deprecated() -> "dict[str, str]":
    for module in DEPRECATED:
        if (found := _found(f"{module}:DEPRECATED_MODELS")) is not None:
            return dict(found)
    return {}


def reflected() -> dict[str, Any]:
    """The roots that this SDK has, the objects that they are made of, and the models that it warns of."""
    reflection = Reflection()
    roots = {name: reflection.of(kind) for name, place in ROOTS.items() if (kind := _found(place)) is not None}
    return {
        "version": anthropic.__version__,
        "roots": roots,
        "objects": reflection.objects,
        "deprecated": _deprecated(),
    }


if __name__ == "__main__":
    print(json.dumps(reflected()))
