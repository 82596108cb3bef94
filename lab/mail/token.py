"""Reads the token out of the mail that proves an address, as a person would by opening the link."""

from __future__ import annotations

import asyncio
import re

import aiohttp

from core.errors import LabError

WAIT_SECONDS = 20.0
POLL_SECONDS = 0.03
_LINK = re.compile(r"/verify\?token=([A-Za-z0-9_-]{16,200})")


async def verify_token(messages_url: str, address: str) -> str:
    """The token of the newest mail to ``address`` that has one. ``messages_url`` is the sink's list.

    Raises :class:`LabError` if none comes within :data:`WAIT_SECONDS`.
    """
    ends = asyncio.get_running_loop().time() + WAIT_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_SECONDS)) as session:
        while asyncio.get_running_loop().time() < ends:
            try:
                async with session.get(messages_url, params={"to": address}) as answer:
                    texts = [str(message["text"]) for message in await answer.json()]
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError) as error:
                raise LabError(f"{messages_url} does not list mail ({type(error).__name__})") from None
            if found := [match[1] for text in texts for match in _LINK.finditer(text)]:
                return found[-1]
            await asyncio.sleep(POLL_SECONDS)
    raise LabError(f"no mail with a link came to {address} within {WAIT_SECONDS:g} s: look at the app's log")
