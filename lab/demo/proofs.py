"""What can be seen from outside: what DNS answers, and what the edge answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from core.loopback import require_loopback
from lab.load.client import session
from lab.load.target import read_target

# Beyond those that the load's clients come from.
VISITOR = 250


def look_up(status: dict[str, Any], name: str, kind: str) -> list[str]:
    """The answers to one question to the lab's DNS over UDP, as presentation text; none if it does not answer."""
    server = status["dns"]
    question = dns.message.make_query(name, kind)
    try:
        answer = dns.query.udp(question, require_loopback(server["address"]), port=server["port"], timeout=3)
    except dns.exception.DNSException:
        return []
    wanted = dns.rdatatype.from_text(kind)
    return sorted(_text(record) for group in answer.answer if group.rdtype == wanted for record in group)


def _text(record: Any) -> str:
    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(record.strings).decode("utf-8", "replace")
    return str(record)


def edge_status(status_file: Path, host: str, path: str) -> int:
    """The status of one verified HTTPS request through the edge; 0 where no answer came."""
    return asyncio.run(_edge_status(status_file, host, path))


async def _edge_status(status_file: Path, host: str, path: str) -> int:
    target = read_target(status_file, host)
    try:
        async with (
            session(target, VISITOR) as client,
            client.get(target.origin + path, allow_redirects=False) as answer,
        ):
            return answer.status
    except (aiohttp.ClientError, OSError, TimeoutError):
        return 0
