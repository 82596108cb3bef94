"""What an error tracker got, by Sentry's API: https://docs.sentry.io/api/events/list-a-projects-error-events/."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from adapters.inbox import poll
from core.errors import CheckError
from core.secret import Secret
from core.site import Arrival

_SECONDS, _EVERY = 10.0, 2.0


class SentryEvents:
    """Fulfils :class:`core.site.Arrivals`: the newest page of a project's events, each whole, as JSON.

    ``url`` is the list of the project's events; ``token`` has the scope ``project:read``.
    """

    def __init__(self, url: str, token: Secret) -> None:
        self._url, self._token = url, token

    def wait(self, path: str, *, seen: Sequence[str] = (), contains: str = "", seconds: float = 20.0) -> list[Arrival]:
        """What came. Raises :class:`CheckError` where the tracker does not say."""

        def look() -> list[Arrival]:
            return [
                one
                for one in map(self._arrival, self._listed())
                if one.path.startswith(path) and contains in one.body and one.id not in seen
            ]

        return poll(look, seconds, _EVERY)

    def _listed(self) -> list[dict[str, Any]]:
        import requests

        try:
            answer = requests.get(
                self._url,
                params={"full": "true"},
                headers={"Authorization": f"Bearer {self._token.reveal()}"},
                # With none of its own, requests looks for a login in ~/.netrc.
                auth=lambda request: request,
                timeout=_SECONDS,
                allow_redirects=False,
            )
            found = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError, RecursionError) as error:
            raise CheckError(f"the error tracker does not say what it got ({type(error).__name__})") from None
        if not isinstance(found, list):
            why = f"answers {answer.status_code}: see launch-ready:readiness.errors"
            raise CheckError(f"the error tracker does not say what it got: {self._url} {why}")
        return [item for item in found if isinstance(item, dict)]

    def _arrival(self, item: dict[str, Any]) -> Arrival:
        at = str(item.get("dateReceived") or item.get("dateCreated") or "")
        return Arrival(str(item.get("eventID", "")), at, urlsplit(self._url).path, {}, json.dumps(item))
