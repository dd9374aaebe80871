"""The operations of the API: each declared once, checked by its declaration, and described by it in OpenAPI."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from umail_host import __version__
from umail_host.errors import UserError
from umail_host.web import schemas

PREFIX = "/api/v1"
_LARGEST = 1 << 16
_AT_ONCE = 6
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
}

_WAIT = {"type": "number", "minimum": 0, "maximum": 60}
_APART = {
    "/readyz": {
        "get": {
            "operationId": "readyz",
            "summary": "Tell whether the server takes connections; with wait, as soon as it does, or after so long.",
            "parameters": [{"name": "wait", "in": "query", "allowEmptyValue": True, "schema": _WAIT}],
            "responses": {
                status: {"description": told, "content": {"application/json": {"schema": schemas.READY}}}
                for status, told in (("200", "ready"), ("503", "not ready"))
            },
        }
    },
    PREFIX + "/events": {
        "get": {
            "operationId": "events",
            "summary": "Tell what happens, as server-sent events: state, mails, sessions, boards, faults, reload.",
            "responses": {"200": {"description": "never ends", "content": {"text/event-stream": {}}}},
        }
    },
}


class ApiError(Exception):
    """What a client asked for is not available: a status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def text(longest: int = 1000, **more: Any) -> dict[str, Any]:
    """Return the schema of a text."""
    return {"type": "string", "maxLength": longest, **more}


def integer(least: int, most: int, **more: Any) -> dict[str, Any]:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most, **more}


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Args:
        method, path: as in HTTP; ``{name}`` in the path is a parameter.
        handler: called with what the request says, by name; its first line is the summary. What it returns is the
            answer, as JSON unless it is a response.
        query: schema of each parameter in the query.
        body: schema of each property of the JSON object that is sent; ``required``: those that must be there.
        gives: schema of the JSON that answers; ``media``: the media type, if it is not JSON.
        answers: further statuses.
        slow: it may take seconds, so it waits with others of its kind, and not before those that take none.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    query: dict[str, dict[str, Any]] = field(default_factory=dict)
    body: dict[str, dict[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    gives: dict[str, Any] = field(default_factory=dict)
    answers: tuple[int, ...] = ()
    media: str = "application/json"
    slow: bool = False

    @property
    def places(self) -> list[str]:
        """Names of the parameters in the path."""
        return [part.strip("{}").partition(":")[0] for part in self.path.split("/") if part.startswith("{")]

    def route(self) -> Route:
        """Return the route that serves it."""

        async def endpoint(request: Request) -> Response:
            try:
                if unknown := sorted(request.query_params.keys() - self.query.keys()):
                    raise ApiError(
                        422, f"no parameter {unknown[0][:40]!r}; there are: {', '.join(self.query) or 'none'}"
                    )
                given = {name: str(request.path_params[name]) for name in self.places}
                given |= {name: _query(name, schema, request) for name, schema in self.query.items()}
                given |= await self._body(request) if self.body else {}
                if inspect.iscoroutinefunction(self.handler):
                    answer = await self.handler(**given)
                else:
                    call = functools.partial(self.handler, **given)
                    answer = await anyio.to_thread.run_sync(call, limiter=_limiter() if self.slow else None)
            except ApiError as error:
                return JSONResponse({"error": str(error)}, error.status)
            except UserError as error:
                return JSONResponse({"error": str(error)}, 409)
            except ClientDisconnect:
                return Response(status_code=400)
            return answer if isinstance(answer, Response) else JSONResponse(answer)

        return Route(PREFIX + self.path, endpoint, methods=[self.method])

    async def _body(self, request: Request) -> dict[str, Any]:
        octets = b""
        async for piece in request.stream():
            octets += piece
            if len(octets) > _LARGEST:
                raise ApiError(413, f"at most {_LARGEST} bytes of JSON are read")
        try:
            found = json.loads(octets or b"{}")
        except (ValueError, RecursionError):
            raise ApiError(422, "the body is not JSON") from None
        if not isinstance(found, dict):
            raise ApiError(422, "the body is not a JSON object")
        if unknown := sorted(found.keys() - self.body.keys()):
            raise ApiError(422, f"no property {unknown[0][:40]!r}; there are: {', '.join(self.body)}")
        if missing := [name for name in self.required if name not in found]:
            raise ApiError(422, f"{missing[0]} is missing")
        return {name: check(name, value, self.body[name]) for name, value in found.items()}

    def described(self) -> dict[str, Any]:
        """Return it as OpenAPI has it."""
        told = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        schema = self.gives if self.media == "application/json" else {"type": "string"}
        answers: dict[str, Any] = {"200": {"description": "done", "content": {self.media: {"schema": schema}}}}
        answers |= {str(status): {"description": "why not", "content": told} for status in (401, 403, *self.answers)}
        places = [{"name": name, "in": "path", "required": True, "schema": text(200)} for name in self.places]
        queries = [{"name": name, "in": "query", "schema": schema} for name, schema in self.query.items()]
        found: dict[str, Any] = {
            "operationId": self.handler.__name__.strip("_"),
            "summary": (self.handler.__doc__ or "").strip().partition("\n")[0],
            "parameters": places + queries,
            "responses": answers,
        }
        answers["422"] = {"description": "a parameter is not what it must be", "content": told}
        if self.body:
            shape = {"type": "object", "properties": self.body, "additionalProperties": False}
            shape |= {"required": list(self.required)} if self.required else {}
            found["requestBody"] = {"required": bool(self.required), "content": {"application/json": {"schema": shape}}}
        return found


def check(name: str, value: Any, schema: dict[str, Any]) -> Any:
    """Return ``value`` if it fits.

    Raises:
        ApiError: it does not; the sentence says what would.
    """
    kind = schema["type"]
    fits = isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if fits and kind == "string":
        fits = len(value) <= schema["maxLength"] and value in schema.get("enum", [value]) and "\0" not in value
        fits = fits and not any(0xD800 <= ord(c) < 0xE000 for c in value)
    elif fits and kind in ("integer", "number"):
        fits = schema["minimum"] <= value <= schema["maximum"]
    if not fits:
        raise ApiError(422, f"{name} must be {_wanted(schema)}")
    return value


def _wanted(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    if schema["type"] in ("integer", "number"):
        return f"a number from {schema['minimum']} to {schema['maximum']}"
    return f"a text of {schema['maxLength']} characters at most" if schema["type"] == "string" else schema["type"]


def _query(name: str, schema: dict[str, Any], request: Request) -> Any:
    value: Any = request.query_params.get(name)
    if value is None:
        return schema.get("default", "")
    try:
        if schema["type"] == "integer":
            value = int(value) if len(value) < 20 else None
        elif schema["type"] == "number":
            value = float(value)
        elif schema["type"] == "boolean":
            value = {"true": True, "false": False}.get(value)
    except ValueError:
        value = None
    return check(name, value, schema)


_SLOW = RunVar[anyio.CapacityLimiter]("slow")


def _limiter() -> anyio.CapacityLimiter:
    """Return what lets few slow operations run at once; each loop has its own."""
    try:
        return _SLOW.get()
    except LookupError:
        _SLOW.set(limiter := anyio.CapacityLimiter(_AT_ONCE))
        return limiter


def openapi(operations: list[Operation]) -> dict[str, Any]:
    """Return the description of all of them, and of the two paths that are not operations."""
    paths: dict[str, Any] = {**_APART}
    for operation in operations:
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = operation.described()
    return {
        "openapi": "3.1.0",
        "info": {"title": "umail: the fake mail server and its boards", "version": __version__},
        "security": [{}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.COMPONENTS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }
