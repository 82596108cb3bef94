"""Access's tokens (RFC 7519): signed by the team's key, whose public half is at ``/cdn-cgi/access/certs``.

Source: https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token/
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from lab.pki import Pki
from lab.place import TEAM

_ALGORITHM: Final = "RS256"
ISSUER: Final = f"https://{TEAM}"


class Tokens:
    """Makes and verifies them. The key is read, or made, when it is first needed."""

    def __init__(self, pki: Pki) -> None:
        self._pki = pki

    def issue(self, aud: str, claims: Mapping[str, Any], seconds: int) -> str:
        """A token for the application ``aud``, which holds for ``seconds``."""
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + seconds}
        own = {"aud": [aud], "iss": ISSUER, "type": "app", "identity_nonce": secrets.token_urlsafe(12), **times}
        return jwt.encode({"alg": _ALGORITHM, "kid": self._kid}, {**own, **claims}, self._key, algorithms=[_ALGORITHM])

    def claims(self, token: str, aud: str, kind: str = "app") -> Mapping[str, Any] | None:
        """What a token says: None unless it is the team's own, for ``aud``, of this ``type``, and holds still."""
        wanted = jwt.JWTClaimsRegistry(
            now=lambda: int(time.time()),
            exp={"essential": True},
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": aud},
            type={"essential": True, "value": kind},
        )
        try:
            found = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            wanted.validate(found.claims)
        except (JoseError, ValueError, TypeError):
            return None
        return found.claims

    def certs(self) -> dict[str, Any]:
        """The team's public keys, as a JWK set (RFC 7517)."""
        public = self._key.as_dict(private=False, use="sig", alg=_ALGORITHM, kid=self._kid)
        pem = self._key.as_pem(private=False).decode()
        return {
            "keys": [public],
            "public_cert": {"kid": self._kid, "cert": pem},
            "public_certs": [{"kid": self._kid, "cert": pem}],
        }

    @cached_property
    def _key(self) -> RSAKey:
        return RSAKey.import_key(self._pki.team_key_file.read_bytes())

    @cached_property
    def _kid(self) -> str:
        return self._key.thumbprint()
