"""HTTPS to the platform's public address: by public DNS and the usual authorities, or by the stack's private edge."""

from __future__ import annotations

import http.client
import socket
import ssl
from urllib.parse import urlsplit

from core.errors import SettingsError
from core.ports import Answer
from core.settings.hosts import Edge

_TIMEOUT = 10.0
_AGENT = "launch-ready/1"


class HttpsEdge:
    """Fulfils :class:`core.ports.EdgeProbe`. Each question is a connection of its own: a kept one proves less."""

    def __init__(self, url: str, private: Edge | None = None, timeout: float = _TIMEOUT) -> None:
        """``url`` is ``https://NAME``; ``private`` says where that answers when public DNS does not."""
        parts = urlsplit(url)
        self._name = parts.hostname or ""
        self._address = private.address if private else self._name
        self._port = parts.port or (private.https_port if private else 443)
        self._timeout = timeout
        self._context = _context(private)

    def ask(self, path: str) -> Answer:
        """GET ``path``; nothing is followed, nothing raised."""
        try:
            return self._ask(path)
        except ssl.SSLCertVerificationError as error:
            return Answer(0, reason=f"{self._name} has a certificate that does not hold: {error.verify_message}")
        except TimeoutError:
            return Answer(0, reason=f"{self._name} did not answer within {self._timeout:g} s")
        except (OSError, http.client.HTTPException) as error:
            return Answer(
                0, reason=f"{self._name}: {getattr(error, 'strerror', None) or error or type(error).__name__}"
            )

    def _ask(self, path: str) -> Answer:
        raw = socket.create_connection((self._address, self._port), timeout=self._timeout)
        with self._context.wrap_socket(raw, server_hostname=self._name) as secured:
            connection = http.client.HTTPConnection(self._name, timeout=self._timeout)
            connection.sock = secured
            headers = {"User-Agent": _AGENT, "Cache-Control": "no-cache", "Connection": "close"}
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheader("X-Release") or "")


def _context(private: Edge | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=private.ca_file if private else None)
    except (OSError, ssl.SSLError) as error:
        where = private.ca_file if private else "this machine's authorities"
        raise SettingsError(f"{where} cannot be read as certificates of authorities (edge.ca_file): {error}") from None
