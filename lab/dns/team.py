"""The zone of the team domain, where Access has people log in: Cloudflare's own, and none of the account's."""

from __future__ import annotations

from lab.place import TEAM

NAME = TEAM.partition(".")[2]
_SERVER = "ada.ns.cloudflare.test."


def text(edge: str) -> str:
    """The zone as a file (RFC 1035 §5); the team's name is at the address ``edge``."""
    return (
        f"{NAME}. 1800 IN SOA {_SERVER} dns.cloudflare.com. 1 10000 2400 604800 1800\n"
        f"{NAME}. 86400 IN NS {_SERVER}\n"
        f"{TEAM}. 300 IN A {edge}\n"
    )
