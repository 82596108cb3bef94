"""The data of a DNS record: checked, and brought into the one form that the API gives back.

A record comes with ``content`` (text) or ``data`` (parts). Both are made into the text form of RFC 1035 and read by
dnspython, so that what the API accepts, a DNS server can serve.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

import dns.exception
import dns.rdata
import dns.rdatatype
import dns.tokenizer
from dns.rdtypes.ANY.CAA import CAA
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.HTTPS import HTTPS
from dns.rdtypes.IN.SRV import SRV

from lab.cloudflare.context import whole
from lab.cloudflare.errors import ApiError, malformed
from lab.cloudflare.names import normal_name
from lab.cloudflare.store import Json

# The wire length that all TXT records of a name may have together, by Cloudflare's documentation of TXT records.
MAX_TXT = 8192
_STRING = 255


def check_content(record_type: str, body: Json) -> Json:
    """The fields ``content``, and ``data`` and ``priority`` where the type has them. Raises :class:`ApiError`."""
    return _CHECKS[record_type](body)


def _text(body: Json) -> str:
    content = body.get("content")
    if not isinstance(content, str) or not content.strip():
        raise malformed("content", "a string that is not empty")
    return content.strip()


def _a(body: Json) -> Json:
    try:
        return {"content": str(ipaddress.IPv4Address(_text(body)))}
    except ValueError:
        raise ApiError(400, 9005, "Content for A record must be a valid IPv4 address.") from None


def _aaaa(body: Json) -> Json:
    try:
        address = ipaddress.IPv6Address(_text(body))
    except ValueError:
        raise ApiError(400, 9006, "Content for AAAA record must be a valid IPv6 address.") from None
    if address.scope_id:
        raise ApiError(400, 9006, "Content for AAAA record must be a valid IPv6 address.")
    return {"content": str(address)}


def _hostname(record_type: str, code: int) -> Callable[[Json], Json]:
    def check(body: Json) -> Json:
        return {"content": _target(_text(body), record_type, code)}

    return check


def _target(text: str, record_type: str, code: int) -> str:
    """A host name, never an address: ``192.0.2.1`` would pass as four labels."""
    name = normal_name(text)
    if name is None or name.rsplit(".", 1)[-1].isdecimal():
        raise ApiError(400, code, f"Content for {record_type} record is invalid.")
    return name


def _mx(body: Json) -> Json:
    priority = whole(body.get("priority"))
    if priority is None or not 0 <= priority <= 0xFFFF:
        raise malformed("priority", "a whole number from 0 to 65535")
    text = _text(body)
    # RFC 7505: the null MX, alone and with priority 0, says that the name takes no mail.
    if text == ".":
        if priority:
            raise ApiError(400, 9009, "Content for MX record is invalid: a null MX has priority 0.")
        return {"content": ".", "priority": 0}
    return {"content": _target(text, "MX", 9009), "priority": priority}


def _txt(body: Json) -> Json:
    text = _text(body)
    strings = _strings(text) if text.startswith('"') else [text.encode()]
    pieces = [string[start : start + _STRING] for string in strings for start in range(0, len(string) or 1, _STRING)]
    rdata = TXT(dns.rdataclass.IN, dns.rdatatype.TXT, pieces)
    if len(rdata.to_wire() or b"") > MAX_TXT:
        raise malformed("content", f"at most {MAX_TXT} bytes")
    return {"content": rdata.to_text()}


def _strings(text: str) -> list[bytes]:
    """The quoted character strings of ``text``, of any length each."""
    strings = []
    try:
        reader = dns.tokenizer.Tokenizer(text)
        while not (token := reader.get()).is_eof():
            if not token.is_quoted_string():
                raise malformed("content", "one or more strings, each in double quotes")
            strings.append(token.unescape_to_bytes().value)
    except (dns.exception.DNSException, UnicodeError):
        raise malformed("content", "one or more strings, each in double quotes") from None
    return [string if isinstance(string, bytes) else string.encode() for string in strings]


def _parsed(record_type: str, body: Json, parts: tuple[str, ...], form: str) -> Any:
    """The rdata in ``data`` (made to text by ``form``) or in ``content``."""
    data = body.get("data")
    if data is None:
        text = _text(body)
    elif isinstance(data, dict) and all(isinstance(data.get(part), (str, int, float)) for part in parts):
        text = form.format(**{part: _part(data[part]) for part in parts})
    else:
        raise malformed("data", "an object with " + ", ".join(parts))
    try:
        return dns.rdata.from_text("IN", record_type, text)
    except (dns.exception.DNSException, ValueError, UnicodeError):
        raise ApiError(400, 9101, f"Invalid or missing data for {record_type} record.") from None


def _part(value: Any) -> str:
    number = whole(value)
    return str(value if number is None else number).replace("\\", "\\\\").replace('"', '\\"')


def _absolute(name: str) -> str:
    return name if name.endswith(".") else f"{name}."


def _srv(body: Json) -> Json:
    data = body.get("data")
    if isinstance(data, dict) and isinstance(data.get("target"), str):
        body = {**body, "data": {**data, "target": _absolute(data["target"])}}
    rdata = _parsed("SRV", body, ("priority", "weight", "port", "target"), "{priority} {weight} {port} {target}")
    if not isinstance(rdata, SRV):
        raise malformed("content", "priority, weight, port and target")
    target = _rooted(rdata.target.to_text(), "SRV")
    parts = {"priority": rdata.priority, "weight": rdata.weight, "port": rdata.port, "target": target}
    content = f"{rdata.priority} {rdata.weight} {rdata.port} {target}"
    return {"content": content, "data": parts, "priority": rdata.priority}


def _rooted(text: str, record_type: str) -> str:
    """A target that may be the root, which says that there is no such service (RFC 2782)."""
    return "." if text == "." else _target(text, record_type, 9101)


def _caa(body: Json) -> Json:
    rdata = _parsed("CAA", body, ("flags", "tag", "value"), '{flags} {tag} "{value}"')
    if not isinstance(rdata, CAA):
        raise malformed("content", "flags, tag and value")
    # RFC 8659, section 4.1: a tag is 1 to 15 letters and digits, and letters match in either case.
    tag = rdata.tag.decode("ascii", "replace").lower()
    if not (tag.isascii() and tag.isalnum() and len(tag) <= 15):
        raise ApiError(400, 9101, "Invalid or missing data for CAA record.")
    value = rdata.value.decode("utf-8", "backslashreplace")
    return {"content": rdata.to_text(), "data": {"flags": rdata.flags, "tag": tag, "value": value}}


def _https(body: Json) -> Json:
    data = body.get("data")
    if data is not None:
        if not isinstance(data, dict) or not isinstance(data.get("target"), str) or "priority" not in data:
            raise malformed("data", "an object with priority, target and value")
        # The parameters are text of their own (`alpn="h2"`): quoting them would make one value of them.
        text = f"{_part(data['priority'])} {_absolute(data['target'])} {data.get('value', '')}"
        body = {"content": text}
    rdata = _parsed("HTTPS", body, (), "")
    if not isinstance(rdata, HTTPS):
        raise malformed("content", "priority, target and parameters")
    target = _rooted(rdata.target.to_text(), "HTTPS")
    value = "".join(rdata.to_text().split(" ", 2)[2:])
    parts = {"priority": rdata.priority, "target": target, "value": value}
    # Of all types this one alone has the last dot in its content: octoDNS's provider relies on it.
    content = f"{rdata.priority} {_absolute(target)} {value}".rstrip()
    return {"content": content, "data": parts, "priority": rdata.priority}


_CHECKS: dict[str, Callable[[Json], Json]] = {
    "A": _a,
    "AAAA": _aaaa,
    "CNAME": _hostname("CNAME", 9007),
    "MX": _mx,
    "TXT": _txt,
    "SRV": _srv,
    "CAA": _caa,
    "NS": _hostname("NS", 9008),
    "HTTPS": _https,
    "PTR": _hostname("PTR", 9010),
}
TYPES = frozenset(_CHECKS)
