"""What single header fields and addresses of a page say."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.site import Reply


def cookie_of(line: str) -> tuple[str, dict[str, str]]:
    """The name of a ``Set-Cookie`` line, and its attributes, in lower case (RFC 6265 section 5.2)."""
    pair, *attributes = line.split(";")
    parts = [attribute.partition("=") for attribute in attributes]
    return pair.partition("=")[0].strip(), {key.strip().lower(): value.strip().lower() for key, _, value in parts}


def max_age(reply: Reply) -> int | None:
    """Of Strict-Transport-Security (RFC 6797 section 6.1), in seconds; -1 where it cannot be read, None without one."""
    values = reply.all("Strict-Transport-Security")
    if not values:
        return None
    directives = [part.strip().lower() for part in values[0].split(";")]
    ages = [part.removeprefix("max-age=").strip('"') for part in directives if part.startswith("max-age=")]
    return int(ages[0]) if len(ages) == 1 and ages[0].isdecimal() and len(ages[0]) < 20 else -1


def is_foreign(src: str, site: str) -> bool:
    """Whether a script comes from another domain than ``site``'s, or by whatever scheme the page came."""
    if src.startswith("//"):
        return True
    if not src.lower().startswith(("http://", "https://")):
        return False
    try:
        host = urlsplit(src).hostname or ""
    except ValueError:
        return True
    return host.split(".")[-2:] != site.split(".")[-2:]
