"""A visitor of no special kind, as Cloudflare's fields have one: who asks where nothing else is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# RFC 5737: an address that is nobody's.
STRANGER: Final = "198.51.100.77"

BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

VISITOR: Final[Mapping[str, Any]] = {
    "ip.src": STRANGER,
    "ip.src.country": "NL",
    "ip.src.continent": "EU",
    "ip.src.asnum": 64500,
    "cf.client.bot": False,
    "cf.bot_management.score": 90,
    "cf.bot_management.verified_bot": False,
    "cf.threat_score": 0,
    "cf.waf.score": 95,
    "cf.waf.credential_check.password_leaked": False,
    "cf.waf.credential_check.username_leaked": False,
    "cf.waf.credential_check.username_and_password_leaked": False,
    "cf.waf.credential_check.username_password_similar": False,
    "cf.waf.content_scan.has_malicious_obj": False,
    "cf.tls_version": "TLSv1.3",
    "cf.tls_client_auth.cert_verified": False,
    "http.request.version": "HTTP/2",
}
