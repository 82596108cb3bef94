"""The reverse zone of the lab's mail server, as its hosting provider would serve it: no zone of Cloudflare's."""

from __future__ import annotations

import ipaddress

from lab.place import MAIL_NAME, MAIL_STANDS_FOR

NAME = ipaddress.ip_address(MAIL_STANDS_FOR).reverse_pointer.partition(".")[2]
_SERVER = "ns.hosting.test."


def text() -> str:
    """The zone as a file (RFC 1035 §5)."""
    last = MAIL_STANDS_FOR.rpartition(".")[2]
    return (
        f"{NAME}. 3600 IN SOA {_SERVER} hostmaster.hosting.test. 1 10000 2400 604800 1800\n"
        f"{NAME}. 3600 IN NS {_SERVER}\n"
        f"{last}.{NAME}. 3600 IN PTR {MAIL_NAME}.\n"
    )
