"""Requests to try a change with: the platform's paths by method, and whatever the changed rules name."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from core.settings.platform import Platform
from core.visitor import BROWSER, VISITOR

MOST: Final = 4_000
"""Probes of one review at most; what is left out is counted."""

METHODS: Final = ("GET", "POST", "PUT", "DELETE")
_WORD: Final = "x1"
_MOST_OF_ONE: Final = 12

_STRING: Final = r'r?"(?:[^"\\]|\\.)*"'
_SET: Final = r"\{[^}]*\}"
_FIELD: Final = r"[a-z][a-z0-9_.]*(?:\[\"[^\"]*\"\])?(?:\[\d+\])?"
_TEST: Final = re.compile(
    rf"(?P<field>{_FIELD})\)*\s*"
    # A word begins where a field has ended: there is no "le" in password_leaked.
    r"(?P<op>(?<![\w.])(?:eq|ne|contains|strict wildcard|wildcard|in|lt|le|gt|ge)\b|==|!=|<=?|>=?)\s*"
    rf"(?P<value>{_STRING}|{_SET}|[-\w.:/]+)"
)
_CALL: Final = re.compile(rf"(?:starts_with|ends_with)\((?:\w+\()*(?P<field>{_FIELD})\)*\s*,\s*(?P<value>{_STRING})\)")
_LITERAL: Final = re.compile(rf"{_STRING}|[^\s{{}}]+")


@dataclass(frozen=True)
class Probe:
    """One request. ``what`` says in words what it is; ``fields`` are those that no request line or header has."""

    what: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    size: int = 0


def probes(platform: Platform, hosts: Sequence[str], expressions: Iterable[str]) -> tuple[list[Probe], int]:
    """The probes, and how many more there would be than :data:`MOST`.

    ``hosts`` are names that the edge serves, the first of them the usual one.
    """
    found = _Literals()
    for expression in expressions:
        found.read(expression)
    host = hosts[0] if hosts else "www.example.com"
    paths = dict.fromkeys((*_sample_paths(platform), *found.paths))
    methods = dict.fromkeys((*METHODS, *found.methods))
    made: dict[tuple[Any, ...], Probe] = {}
    for path, method in itertools.product(paths, methods):
        base = _probe(method, f"https://{host}{path}")
        made.setdefault(_key(base), base)
    for path, method in itertools.product(paths, ("GET", "POST", *found.methods)):
        base = _probe(method, f"https://{host}{path}")
        for other in found.variants(base):
            made.setdefault(_key(other), other)
    made |= {_key(one): one for one in _on_other_hosts(platform, (*hosts[1:], *found.hosts))}
    return list(made.values())[:MOST], max(0, len(made) - MOST)


def _probe(method: str, url: str) -> Probe:
    return Probe(f"{method} {url}", method, url, (("user-agent", BROWSER),), VISITOR)


def _key(probe: Probe) -> tuple[Any, ...]:
    return probe.method, probe.url, probe.headers, tuple(sorted(probe.fields.items(), key=str)), probe.size


def _sample_paths(platform: Platform) -> Iterator[str]:
    for name in type(platform).model_fields:
        value = getattr(platform, name)
        for path in (value,) if isinstance(value, str) else value:
            yield path.replace("*", _WORD)


def _on_other_hosts(platform: Platform, hosts: Iterable[str]) -> Iterator[Probe]:
    for host in dict.fromkeys(hosts):
        for path in (platform.homepage, platform.login[0]):
            yield _probe("GET", f"https://{host}{path}")
            yield _probe("GET", f"http://{host}{path}")


class _Literals:
    """What expressions compare with, by what a request can be given of it."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.methods: list[str] = []
        self.hosts: list[str] = []
        self.queries: list[str] = []
        self.headers: list[tuple[str, str]] = []
        self.fields: list[tuple[str, Any]] = []
        self.sizes: list[int] = []

    def read(self, expression: str) -> None:
        """Take the literals of an expression."""
        for match in itertools.chain(_TEST.finditer(expression), _CALL.finditer(expression)):
            text = match["value"]
            inside = text[1:-1] if text.startswith("{") else text
            for literal in itertools.islice(_LITERAL.findall(inside), _MOST_OF_ONE):
                self._take(match["field"], literal, match.groupdict().get("op") or "")

    def variants(self, base: Probe) -> Iterator[Probe]:
        """``base`` with each of the literals in its place, one at a time."""
        for query in self.queries:
            yield replace(base, url=f"{base.url}?{query}", what=f"{base.what}?{query}")
        for name, value in self.headers:
            kept = tuple(pair for pair in base.headers if pair[0] != name)
            yield replace(base, headers=(*kept, (name, value)), what=f"{base.what} with {name}: {value}")
        for name, value in self.fields:
            yield replace(base, fields={**base.fields, name: value}, what=f"{base.what} with {name} {value}")
        for size in self.sizes:
            yield replace(base, size=size, what=f"{base.what} with a body of {size} bytes")

    def _take(self, name: str, literal: str, op: str) -> None:
        text = _plain(literal)
        if name.startswith(("http.request.uri.path", "raw.http.request.uri.path")):
            self._path(text, op)
        elif name in ("http.request.uri.query", "raw.http.request.uri.query"):
            self.queries.append(_safe(text))
        elif name in ("http.request.uri", "raw.http.request.uri", "http.request.full_uri"):
            self._path(text, op)
        elif name == "http.request.method":
            self.methods.append(text.upper())
        elif name == "http.host":
            self.hosts.append(text.strip("*.").lower())
        elif name in ("http.user_agent", "http.referer", "http.cookie"):
            self.headers.append((name.removeprefix("http.").replace("_", "-"), text))
        elif name.startswith("http.request.headers["):
            self.headers.append((name.split('"')[1], text))
        elif name == "http.request.body.size":
            self.sizes += [size for size in (int(text) + 1,) if size < 1 << 26] if text.isdecimal() else []
        else:
            self.fields += _field_values(name, text)

    def _path(self, text: str, op: str) -> None:
        path = _safe(text.replace("*", _WORD))
        path = path if path.startswith("/") else f"/{_WORD}{path}"
        self.paths += [path] if op == "eq" else [path, f"{path}{_WORD}"]


def _field_values(name: str, text: str) -> Iterator[tuple[str, Any]]:
    """Values of a field beside a literal, on both sides of it."""
    if name == "ip.src":
        try:
            network = ipaddress.ip_network(text.split("..")[0], strict=False)
        except ValueError:
            return
        yield name, str(network[1] if network.num_addresses > 1 else network[0])
    elif text.isdecimal() and len(text) < 10:
        yield from ((name, number) for number in (int(text) - 1, int(text), int(text) + 1) if number >= 0)
    elif text in ("true", "false"):
        yield name, text == "true"
    elif name.startswith(("ip.", "cf.")) and text not in ("and", "or", "not"):
        yield name, text


def _plain(literal: str) -> str:
    if literal.startswith('r"'):
        return literal[2:-1]
    if literal.startswith('"'):
        return re.sub(r"\\(.)", r"\1", literal[1:-1])
    return literal


def _safe(text: str) -> str:
    """What may stand in a URL: the rest escaped as a client would."""
    return re.sub(r"[^!-~]|[\"<>\\^`{|}#]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), text)
