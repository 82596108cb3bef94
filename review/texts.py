"""TXT by tags: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989), MTA-STS (RFC 8461), TLS-RPT (RFC 8460)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Scheme = Literal["SPF", "DKIM", "DMARC", "MTA-STS", "TLS-RPT", ""]

_STARTS: Final[tuple[tuple[str, Scheme], ...]] = (
    ("v=spf1", "SPF"),
    ("v=dkim1", "DKIM"),
    ("v=dmarc1", "DMARC"),
    ("v=stsv1", "MTA-STS"),
    ("v=tlsrptv1", "TLS-RPT"),
)
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(\d{3}|.)", re.DOTALL)
_ALL: Final = re.compile(r"([-+~?]?)all", re.IGNORECASE)


@dataclass(frozen=True)
class Text:
    """A TXT's content: what it is, and its tags (an SPF's are its terms, in their order, with no value)."""

    scheme: Scheme
    plain: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_(self) -> str:
        """An SPF's word on everybody else: one of ``+ ? ~ -``, "redirect" where another record says it.

        Without ``all``, the result is neutral (RFC 7208 §4.7).
        """
        for term in self.tags:
            if match := _ALL.fullmatch(term):
                return match[1] or "+"
        return "redirect" if any(term.lower().startswith("redirect=") for term in self.tags) else "?"


def read_text(content: str) -> Text:
    """A TXT record's content, in quotes or not, understood as far as it is of a kind that is known here."""
    plain = unquoted(content)
    folded = plain.strip().lower()
    # RFC 6376 §3.6.1: v= is optional in a DKIM key, and then p= says that it is one.
    scheme: Scheme = next((name for start, name in _STARTS if re.match(start + r"(\s|;|$)", folded)), "")
    if not scheme and re.search(r"(^|;)\s*p=[a-z0-9+/=\s]*(;|$)", folded) and "=" in folded[:3]:
        scheme = "DKIM"
    if scheme == "SPF":
        return Text(scheme, plain, dict.fromkeys(plain.split()[1:], ""))
    if not scheme:
        return Text("", plain)
    pairs = [part.partition("=") for part in plain.split(";") if part.strip()]
    return Text(scheme, plain, {name.strip().lower(): value.strip() for name, _, value in pairs})


def unquoted(content: str) -> str:
    """The strings of a TXT's content joined, without quotes and escapes (RFC 1035 §5.1)."""
    stripped = content.strip()
    if not stripped.startswith('"'):
        return content
    return "".join(_ESCAPED.sub(_character, string) for string in _STRING.findall(stripped))


def _character(match: re.Match[str]) -> str:
    text = match[1]
    return chr(int(text)) if text.isdecimal() and len(text) == 3 else text
