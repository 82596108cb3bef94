"""``maintenance``: the page that visitors see instead of the platform, on every host or said where not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.errors import HostError, SettingsError
from core.ports import Shell
from deploy.fleet import at_once
from deploy.hosts import commands
from deploy.layout import Layout
from deploy.operation import said

MOST_BYTES = 1_000_000
_SECONDS = 30.0

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Back in a few minutes</title>
<style>
:root { color-scheme: light dark }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.125rem/1.6 system-ui, sans-serif;
  color: #1f2328; background: #fff }
main { max-width: 34rem; padding: 2rem }
h1 { font-size: 1.75rem; line-height: 1.25 }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 } }
</style>
</head>
<body>
<main>
<h1>We are working on it</h1>
<p>The platform is closed for a few minutes. Nothing that you saved is lost.</p>
<p>Please try again shortly: there is nothing that you need to do.</p>
</main>
</body>
</html>
"""


def page(path: Path | None) -> bytes:
    """The page to show: a file of the user's, or the built-in one. Raises :class:`SettingsError`."""
    if path is None:
        return PAGE.encode()
    try:
        found = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"--page {path} cannot be read: {error.strerror or error}") from None
    if not found.strip() or len(found) > MOST_BYTES:
        raise SettingsError(f"--page {path} has {len(found)} bytes: it takes one HTML file of 1 to {MOST_BYTES}")
    return found


def switch(shells: Mapping[str, Shell], layout: Layout, shown: bytes | None, entry: str) -> dict[str, bool]:
    """Show the page on every host (none: take it away): the hosts it was done on, and whether ``entry`` stands there.

    Raises :class:`HostError` that names those where it was not; the others have it.
    """
    script = commands.maintenance(layout, entry, on=shown is not None)
    done = at_once(shells, lambda name: said(name, shells[name].run(script, timeout=_SECONDS, stdin=shown)))
    if done.bad:
        reasons = "\n".join(str(reason) for reason in done.bad.values())
        word = "on" if shown is not None else "off"
        raise HostError(f"{reasons}\nmaintenance is {word} on {', '.join(done.good) or 'no host'}; run this again")
    return {name: "unrecorded" not in lines for name, lines in done.good.items()}
