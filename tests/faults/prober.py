"""A few requests a second to each host's nginx, and which of them got no good answer."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from core.settings.hosts import Fleet

_PAUSE = 0.05


def any_certificate() -> ssl.SSLContext:
    """The hosts' own nginx is asked by its address, and its Origin CA is in no bundle here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def source_to(address: str) -> str:
    """An address of the same lab that its hosts answer: 127.N.100.250."""
    return f"127.{address.split('.')[1]}.100.250"


class Prober:
    """Asks in threads of its own, a connection a request, until the block ends. ``lost`` says when and what came."""

    def __init__(self, fleet: Fleet) -> None:
        self.asked = 0
        self.lost: list[str] = []
        self._over = threading.Event()
        self._hurt: set[str] = set()
        self._threads = [threading.Thread(target=self._ask, args=(h.name, h.address), daemon=True) for h in fleet.hosts]

    def __enter__(self) -> Prober:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(15)

    @contextmanager
    def hurt(self, name: str) -> Iterator[None]:
        """What is asked of this host inside cannot be answered: it is off, or its app is made to hang."""
        self._hurt.add(name)
        yield
        self._hurt.discard(name)

    def _ask(self, name: str, address: str) -> None:
        context = any_certificate()
        while not self._over.wait(_PAUSE):
            hurt = name in self._hurt
            began = time.monotonic()
            try:
                line = http.client.HTTPSConnection(
                    address, 443, timeout=12, context=context, source_address=(source_to(address), 0)
                )
                line.request("GET", "/", headers={"Host": "app.community.test"})
                said = str(line.getresponse().status)
                line.close()
            except (OSError, http.client.HTTPException) as error:
                said = repr(error)
            self.asked += 1
            if said != "200" and not hurt and name not in self._hurt:
                self.lost.append(f"{name} after {time.monotonic() - began:.2f} s: {said}")
