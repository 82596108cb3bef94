"""What rules do beside stopping a request: redirects, rewrites, settings, skips (Cloudflare, "Actions reference")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge.decision import HeaderChange
from edge.evaluate import compile_value
from edge.request import Request
from edge.syntax import Address, ExpressionError
from edge.truth import CannotTell, cannot_tell

Text = Callable[[Request], Any]
_REDIRECT: Final = 302


@dataclass(frozen=True)
class Redirect:
    """``redirect``: where to, with which status, and whether the query comes along."""

    target: Text
    status: int
    keep_query: bool

    def location(self, request: Request) -> str | CannotTell:
        """The URL to go to."""
        found = self.target(request)
        if isinstance(found, CannotTell):
            return found
        if self.keep_query and request.query and b"?" not in found:
            found += b"?" + request.query
        return str(found.decode("utf-8", "replace"))


@dataclass(frozen=True)
class Rewrite:
    """``rewrite`` of the URI: None leaves a part as it is."""

    path: Text | None
    query: Text | None

    def parts(self, request: Request) -> tuple[bytes | None, bytes | None] | CannotTell:
        """The new path and the new query."""
        path, query = (None if text is None else text(request) for text in (self.path, self.query))
        reasons = [reason for part in (path, query) if isinstance(part, CannotTell) for reason in part.reasons]
        return cannot_tell(*reasons) if reasons else (path, query)


@dataclass(frozen=True)
class Headers:
    """``rewrite`` of header fields: operation, name and value of each."""

    changes: Sequence[tuple[str, str, Text]]
    static: tuple[HeaderChange, ...] | None

    def apply(self, request: Request) -> tuple[HeaderChange, ...] | CannotTell:
        """The changes for this request; what Cloudflare would set to nothing it removes."""
        if self.static is not None:
            return self.static
        made: list[HeaderChange] = []
        for operation, name, text in self.changes:
            value = text(request)
            if isinstance(value, CannotTell):
                return value
            if operation != "remove" and not value:
                made += [HeaderChange("remove", name)] if operation == "set" else []
            else:
                made.append(HeaderChange(operation, name, (value or b"").decode("utf-8", "replace")))
        return tuple(made)


@dataclass(frozen=True)
class Skip:
    """``skip``: the rest of this ruleset, whole phases, managed rulesets by id."""

    rest: bool
    phases: frozenset[str]
    rulesets: frozenset[str]


def redirect_of(parameters: Mapping[str, Any]) -> Redirect:
    """The redirect of ``action_parameters``."""
    source = mapping(parameters.get("from_value"))
    status = source.get("status_code")
    return Redirect(
        text_of(source.get("target_url")),
        int(status) if isinstance(status, int | float) else _REDIRECT,
        source.get("preserve_query_string") is True,
    )


def rewrite_of(parameters: Mapping[str, Any]) -> Rewrite | None:
    """The rewrite of path and query, None without one."""
    uri = mapping(parameters.get("uri"))
    path, query = uri.get("path"), uri.get("query")
    if path is None and query is None:
        return None
    return Rewrite(text_of(path) if path is not None else None, text_of(query) if query is not None else None)


def headers_of(parameters: Mapping[str, Any]) -> Headers | None:
    """The changes of header fields, None without any. The API has a mapping by name, Pulumi may have a list."""
    given = parameters.get("headers")
    if isinstance(given, Mapping):
        given = [{"name": name, **mapping(change)} for name, change in given.items()]
    if not isinstance(given, Sequence) or not given:
        return None
    changes = [mapping(change) for change in given]
    return Headers([_change(change) for change in changes], _static(changes))


def skip_of(parameters: Mapping[str, Any]) -> Skip:
    """What a skip leaves out."""
    return Skip(
        "current" in (parameters.get("ruleset"), parameters.get("phase")),
        _names(parameters.get("phases")),
        _names(parameters.get("rulesets")),
    )


def _names(value: Any) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list | tuple) else frozenset()


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_of(given: Any) -> Text:
    """A text that stands there as ``value`` or comes of an ``expression``; cannot tell for anything else."""
    given = mapping(given)
    value, expression = given.get("value"), given.get("expression")
    if isinstance(value, str):
        octets = value.encode("utf-8", "surrogatepass")
        return lambda _: octets
    try:
        read = compile_value(str(expression or ""))
    except ExpressionError as error:
        unknown = cannot_tell(f"its text ({error})")
        return lambda _: unknown
    return lambda request: as_text(read(request))


def as_text(value: Any) -> Any:
    """A value as octets; what is not known stays so, what is not there is empty."""
    if value is None or isinstance(value, bytes | CannotTell):
        return b"" if value is None else value
    if isinstance(value, int | Address):
        return str(value).lower().encode()
    return cannot_tell("a text, where there is a list")


def _static(changes: Sequence[Mapping[str, Any]]) -> tuple[HeaderChange, ...] | None:
    """The changes if they are the same for every request."""
    made = []
    for change in changes:
        operation, value = str(change.get("operation") or "set"), change.get("value")
        if operation != "remove" and not (isinstance(value, str) and value):
            return None
        made.append(HeaderChange(operation, str(change.get("name") or ""), "" if operation == "remove" else str(value)))
    return tuple(made)


def _change(change: Mapping[str, Any]) -> tuple[str, str, Text]:
    operation = str(change.get("operation") or "set")
    text = text_of(change) if operation != "remove" else lambda _: b""
    return operation, str(change.get("name") or ""), text
