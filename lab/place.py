"""Where the lab is: its folders, and the addresses of 127.<net>.0.0/16 that its parts listen on.

Two checkouts can each have a lab up at once if their nets differ: set ``LAUNCH_READY_NET`` (1 to 254; 77 without it).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core.errors import LabError

ACCOUNT_ID = "1ab00000000000000000000000001ab0"
ZONE = "community.test"
TEAM = "launch-ready.cloudflareaccess.test"
"""The account's team domain: where Access has people log in, and who issues its tokens."""
LAB_STACK = "lab"
"""The stack whose file says what the lab's platform is."""
MAIL_NAME = f"mail.{ZONE}"
"""The name that the lab's mail relay says in HELO."""
MAIL_STANDS_FOR = "192.0.2.25"
"""The address of :data:`MAIL_NAME` in the lab's stack. The relay binds loopback alone, and no SPF record could allow
that: who receives its mail is told that it came from here."""
REFUSED_DOMAIN = "refused.test"
"""Where nobody has a mailbox: all mail there is refused."""
MAX_HOSTS = 200

NO_AWS = "http://127.0.0.1:9"
"""Where no AWS answers: what a command gets that has none, and never the environment's own."""

SSH_PORT = 2222
HTTPS_PORT = 443


@dataclass(frozen=True)
class Place:
    """One lab's whereabouts. ``root`` is the project's folder; the lab writes in ``home`` and ``cache`` alone."""

    root: Path
    net: int = 77

    @property
    def home(self) -> Path:
        """What lives while the lab is up; ``lab.down`` removes it whole."""
        return self.root / ".lab"

    @property
    def cache(self) -> Path:
        """What is kept from one lab to the next: the hosts' tree, built artefacts."""
        return self.root / ".cache"

    @property
    def record(self) -> Path:
        """What commands leave on this machine about the lab's hosts: it ends with them."""
        return self.root / ".launch-ready" / "lab.jsonl"

    @property
    def status_file(self) -> Path:
        """The inventory that every client reads; written last by ``lab.up``, readable by root alone."""
        return self.home / "status.json"

    @property
    def cloudflare_state(self) -> Path:
        """What the Cloudflare API holds; the edge and DNS follow it."""
        return self.home / "cloudflare" / "state.json"

    @property
    def stack_file(self) -> Path:
        """The lab's own stack; a checkout of a test's may have none."""
        return self.root / "stacks" / f"Pulumi.{LAB_STACK}.yaml"

    @property
    def engine_state(self) -> Path:
        """The folder of the engine's state files, one a stack."""
        return self.home / "pulumi"

    def address(self, third: int, fourth: int) -> str:
        """``127.<net>.<third>.<fourth>``."""
        return f"127.{self.net}.{third}.{fourth}"

    @property
    def cloudflare(self) -> tuple[str, int]:
        """Address and port of the Cloudflare API (HTTP)."""
        return self.address(0, 2), 8080

    @property
    def edge(self) -> tuple[str, int, int]:
        """Address, HTTP port and HTTPS port of the edge."""
        return self.address(0, 3), 80, 443

    @property
    def aws(self) -> tuple[str, int]:
        """Address and port of the AWS stand-in (HTTP)."""
        return self.address(0, 4), 5000

    @property
    def mail(self) -> tuple[str, int, int]:
        """Address, the SMTP port of the relay that takes the hosts' mail, and the HTTP port that lists what arrived."""
        return self.address(0, 5), 2525, 8025

    @property
    def mail_exchanger(self) -> tuple[str, int]:
        """Address and port of the machine that receives everybody's mail (SMTP)."""
        return self.address(0, 5), 2526

    @property
    def mail_source(self) -> str:
        """Address that the relay delivers from: the exchanger knows it by that."""
        return self.address(0, 25)

    @property
    def sink(self) -> tuple[str, int]:
        """Address and port of the HTTP sink for alerts, errors and webhooks."""
        return self.address(0, 6), 8080

    @property
    def dns(self) -> tuple[str, int]:
        """Address and port (UDP and TCP) of the authoritative DNS server."""
        return self.address(0, 53), 53

    def host(self, number: int) -> str:
        """Address of app host ``number``, from 1."""
        return self.address(1, number)

    @property
    def database(self) -> str:
        """Address of the database host."""
        return self.address(2, 1)


def here(root: Path | None = None) -> Place:
    """The lab of a checkout, by default the one that this file is in. Raises :class:`LabError` for a bad net."""
    text = os.environ.get("LAUNCH_READY_NET", "77")
    if not text.isdecimal() or not 1 <= int(text) <= 254:
        raise LabError(f"LAUNCH_READY_NET is {text!r}, and the second number of 127.x.0.0 goes from 1 to 254")
    return Place(root or Path(__file__).resolve().parent.parent, int(text))


def aws_environment(url: str) -> dict[str, str]:
    """What AWS's library reads to reach the lab's AWS at ``url``, whoever else's the environment names."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
