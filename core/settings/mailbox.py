"""Mail addresses that Cloudflare keeps."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from core.settings.dmarc import mailbox


def _lower(text: str) -> str:
    # Cloudflare keeps them in lower case: another spelling would differ on every preview.
    if text != text.lower():
        raise ValueError("it must be in lower case")
    return mailbox(text)


LowerMailbox = Annotated[str, AfterValidator(_lower)]
"""One address, in lower case."""
