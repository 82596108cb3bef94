"""Mail and other arrivals, by the lists of a lab's sinks."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from typing import Any

from core.site import Arrival, Mail

_EVERY = 0.2


def poll(look: Callable[[], list[Any]], seconds: float, every: float = _EVERY) -> list[Any]:
    """Call ``look`` until it finds something, for at most ``seconds``, ``every`` so many."""
    ends = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        if time.monotonic() >= ends:
            return []
        time.sleep(every)


class LabInbox:
    """Fulfils :class:`core.site.Mailbox` by the lab's mail sink. ``url`` is its list of messages."""

    def __init__(self, url: str, domain: str) -> None:
        self._url, self._domain = url, domain

    def address(self, tag: str) -> str:
        """Any address of the domain arrives."""
        return f"check-{tag}@{self._domain}"

    def wait(self, address: str, *, seen: Sequence[str] = (), seconds: float = 10.0) -> list[Mail]:
        """What came."""

        def look() -> list[Mail]:
            return [mail for mail in map(_mail, _listed(self._url, {"to": address})) if mail.id not in seen]

        return poll(look, seconds)


class LabArrivals:
    """Fulfils :class:`core.site.Arrivals` by the lab's HTTP sink. ``url`` is its list of what it received."""

    def __init__(self, url: str) -> None:
        self._url = url

    def wait(self, path: str, *, seen: Sequence[str] = (), contains: str = "", seconds: float = 20.0) -> list[Arrival]:
        """What came."""

        def look() -> list[Arrival]:
            return [
                one
                for one in map(_arrival, _listed(self._url, {}))
                if one.path.startswith(path) and contains in one.body and one.id not in seen
            ]

        return poll(look, seconds)


def _listed(url: str, query: dict[str, str]) -> list[dict[str, Any]]:
    import requests

    from core.errors import CheckError

    try:
        answer = requests.get(url, params=query, timeout=5)
        answer.raise_for_status()
        return list(answer.json())
    except (requests.RequestException, ValueError) as error:
        raise CheckError(f"the lab's sink does not answer ({type(error).__name__}): run `invoke lab.up`") from None


def _mail(item: dict[str, Any]) -> Mail:
    return Mail(
        id=str(item["id"]),
        mail_from=item["mail_from"],
        to=tuple(item["rcpt_tos"]),
        subject=item["subject"],
        text=item["text"],
        headers=tuple((name, value) for name, value in item["headers"]),
        raw=base64.b64decode(item["raw_base64"]),
        received=item["received"],
        peer=item["peer"],
        helo=item["helo"],
    )


def _arrival(item: dict[str, Any]) -> Arrival:
    return Arrival(str(item["id"]), item["received"], item["path"], item["headers"], item["body"])
