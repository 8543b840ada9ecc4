"""The OpenAPI document of all endpoints, generated from the routes and the wire models."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from starlette.routing import Route

from mockbatch import __version__
from mockbatch.core.contract import wire
from mockbatch.http.authentication import VERSIONS
from mockbatch.http.calls import Call, Endpoint, Handler
from mockbatch.http.operation import JSON, description_of, operation
from mockbatch.http.responses import JsonResponse, Response

_REF = "#/components/schemas/{name}"
_ERRORS = ("4XX", "5XX")
_KEYS: dict[str, list[dict[str, list[str]]]] = {
    "key": [{"key": []}, {"bearer": []}],
    "admin": [{"key": []}, {"bearer": []}],
    "own": [{}, {"key": []}, {"bearer": []}, {"control": []}],
    "all": [{}, {"key": []}, {"bearer": []}, {"control": []}],
    "anyone": [],
}
_HEADERS = (
    ("anthropic-version", True, {"type": "string", "enum": list(VERSIONS[1:])}),
    ("anthropic-beta", False, {"type": "string"}),
    ("anthropic-workspace-id", False, {"type": "string", "pattern": "^wrkspc_[A-Za-z0-9]{1,64}$"}),
)


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of these routes."""
    operations = [
        (route.path, method, handler)
        for route in routes
        if isinstance(route.app, Endpoint)
        for method, handler in route.app.handlers.items()
    ]
    types = list(_types(handler for _, _, handler in operations))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    known = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for path, method, handler in operations:
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, handler, known)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mockbatch",
            "version": __version__,
            "description": "A local stand-in for the Message Batches API, with its control plane under /_mockbatch.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "control": {"type": "apiKey", "in": "header", "name": "x-mockbatch-control-key"},
            },
        },
    }


def _types(handlers: Iterable[Handler]) -> Iterable[Any]:
    found: dict[str, Any] = {repr(wire.ErrorResponse): wire.ErrorResponse}
    for handler in handlers:
        noted = description_of(handler)
        for kind in (noted.takes, *noted.answers.values()):
            if kind is not None:
                found[repr(kind)] = kind
    return found.values()


def _operation(path: str, method: str, handler: Handler, known: dict[str, Any]) -> dict[str, Any]:
    noted = description_of(handler)
    summary = (handler.__doc__ or "").strip()
    operation: dict[str, Any] = {
        "operationId": _name(path, method),
        "summary": summary.split("\n")[0],
        "tags": [path.split("/")[2] if path.count("/") > 1 else "server"],
        "parameters": [*_path_parameters(path), *_query_parameters(noted.query), *_headers(noted.caller)],
        "security": _KEYS[noted.caller],
        "responses": {
            "200": {"description": summary, "content": {kind: _media(of, known) for kind, of in noted.answers.items()}},
            **{status: _refused(known) for status in _ERRORS},
        },
    }
    if noted.takes is not None:
        required = noted.caller not in ("own", "all")
        operation["requestBody"] = {"required": required, "content": {JSON: _media(noted.takes, known)}}
    if noted.form:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _form(noted.form)}}}
    return operation


def _form(fields: tuple[str, ...]) -> dict[str, Any]:
    file, *others = fields
    properties = {file: {"type": "string", "format": "binary"}, **{name: {"type": "string"} for name in others}}
    return {"type": "object", "properties": properties, "required": [file]}


def _name(path: str, method: str) -> str:
    return "_".join([method.lower(), *re.findall(r"[a-z_]+", path.removeprefix("/v1").replace("/_mockbatch", ""))])


def _media(kind: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"type": "string"} if kind is None else known[repr(kind)]}


def _refused(known: dict[str, Any]) -> dict[str, Any]:
    return {"description": "The API's error envelope.", "content": {JSON: _media(wire.ErrorResponse, known)}}


def _path_parameters(path: str) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(query: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for parameter in query:
        yield {"name": parameter.name, "in": "query", "schema": parameter.schema, "description": parameter.help}


def _headers(caller: str) -> Iterable[dict[str, Any]]:
    if caller in ("key", "admin"):
        for name, required, schema in _HEADERS:
            yield {"name": name, "in": "header", "required": required, "schema": schema}


def route_of(routes: Sequence[Route]) -> Route:
    """Return the route that serves the document of these routes and itself."""

    @operation(dict[str, Any], caller="own")
    async def openapi(call: Call) -> Response:
        """Return this document."""
        return JsonResponse(document([*routes, own]))

    own = Route("/_mockbatch/openapi.json", Endpoint(GET=openapi))
    return own
