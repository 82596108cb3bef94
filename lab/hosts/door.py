"""Who an app host's nginx answers: the edge, and nobody round it. The lab's hosts have no firewall of their own.

On a rented machine the firewall that scripts/prepare-host sets lets Cloudflare's addresses in. Here nginx does it: it
answers the edge's address, the lab's load (127.N.100.0/24) and the host itself, and whoever shows the certificate that
the zone's authenticated origin pulls show. Everybody else gets 403.
"""

from __future__ import annotations

from lab.place import Place

CERTIFICATE = "/etc/app/tls/origin-pulls.pem"
SNIPPET = """ssl_client_certificate {certificate};
ssl_verify_client optional;
set $door $ssl_client_verify;
if ($remote_addr ~ ^127\\.{net}\\.(0|100)\\.) {{
    set $door SUCCESS;
}}
if ($asked_by = host) {{
    set $door SUCCESS;
}}
if ($door != SUCCESS) {{
    return 403;
}}
"""


def certificate_of(place: Place) -> str:
    """What the zone's pulls show (PEM); "" in a checkout without it, whose hosts answer everybody."""
    path = place.root / "stacks" / "lab" / "origin-pulls.pem"
    return path.read_text() if path.exists() else ""


def lines(place: Place) -> str:
    """For nginx's ``server``, beside ``listen``."""
    return SNIPPET.format(certificate=CERTIFICATE, net=place.net) if certificate_of(place) else ""
