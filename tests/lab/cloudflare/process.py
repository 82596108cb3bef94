"""The Cloudflare API as a process that tests start, kill and start again."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from lab.cloudflare.snapshot import Snapshot, read_snapshot
from lab.place import here


class Api:
    """On ``127.<net>.0.<fourth>``, where no lab is, with a state and a token of its own in ``folder``."""

    def __init__(self, folder: Path, fourth: int = 203) -> None:
        self.state = folder / "cloudflare" / "state.json"
        # Of its own, so that a process left by another run is noticed: it would refuse this token.
        self.token = f"lab_{secrets.token_hex(20)}"
        self.token_file = folder / "token"
        self.token_file.write_text(f"{self.token}\n")
        self.listen = f"{here().address(0, fourth)}:8080"
        self.url = f"http://{self.listen}/client/v4"
        # A file, not a pipe: one that nobody reads fills up, and the process then waits for ever to log.
        self.log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client()

    def launch(self) -> subprocess.Popen[bytes]:
        """A process, ready or not."""
        command = (sys.executable, "-m", "lab.cloudflare", "--listen", self.listen)
        files = ("--state", str(self.state), "--token-file", str(self.token_file))
        with self.log.open("ab") as log:
            return subprocess.Popen([*command, *files], stderr=log)

    def start(self) -> float:
        """Start it; gives the seconds until it answered."""
        began = time.monotonic()
        self._process = self.launch()
        while self._process.poll() is None and time.monotonic() < began + 10:
            try:
                self.http("GET", "/user/tokens/verify").raise_for_status()
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return time.monotonic() - began
        raise AssertionError(f"the API did not start: {self.stop()}")

    def stop(self) -> str:
        """Tell it to stop, if it runs; gives what it logged."""
        if self._process is None:
            return ""
        self._process.terminate()
        return self._wait()

    def kill(self) -> None:
        """``kill -9``."""
        if self._process is not None:
            self._process.kill()
            self._wait()

    def _wait(self) -> str:
        process, self._process = self._process, None
        if process is not None:
            process.wait(timeout=5)
        return self.log.read_text()

    def http(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, with the right token unless ``headers`` say otherwise."""
        options.setdefault("headers", {"Authorization": f"Bearer {self.token}"})
        return self._client.request(method, self.url + path, **options)

    def empty(self) -> None:
        """Remove all zones and stores."""
        state = self.snapshot()
        for zone in state.zones:
            self.http("DELETE", f"/zones/{zone.id}").raise_for_status()
        for store in state.secrets_stores:
            path = f"/accounts/{state.accounts[0].id}/secrets_store/stores/{store.id}?force=true"
            self.http("DELETE", path).raise_for_status()

    def snapshot(self) -> Snapshot:
        """What the edge and DNS would read now."""
        return read_snapshot(self.state)
