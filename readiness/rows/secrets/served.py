"""What the site gives to whoever asks: its pages and all that they load, source maps, and files that strayed there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from core.leaks import Leak, Piece
from core.settings.names import full_name
from core.site import Reply, Visitor
from core.terminal import clean
from readiness.check import Result, Said, Table, failed, held, passed, unknown
from readiness.rows.secrets import checks
from readiness.rows.secrets.baseline import Judge, load
from readiness.rows.secrets.repository import known_values, spots_table
from readiness.rows.secrets.spellings import Spotter
from readiness.target import Target

_MOST_FILES = 80
_LOADED = {"script": "src", "link": "href", "img": "src", "source": "src", "iframe": "src", "a": "href"}
_PAGE = {"a", "iframe"}
_CODE = (".js", ".mjs", ".css", ".json", ".map", ".webmanifest", ".txt")
_IMPORT = re.compile(rb"""(?:import\(|from\s*|import\s*|url\()\s*["']?([^"'()\s]+\.(?:m?js|css|json))["']?""")
_MAP = re.compile(rb"[#@]\s*sourceMappingURL=([^\s*'\"]+)")


class _Links(HTMLParser):
    """What a page loads and links to, by its own words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for every tag."""
        if (value := dict(attrs).get(_LOADED.get(tag, ""))) and len(self.found) < 1000:
            self.found.append((tag, value))


class Crawl:
    """Walks the site from its main pages: pages one link deep, and every script, style and map that they name."""

    def __init__(self, visitor: Visitor, origin: str, pages: Iterable[str]) -> None:
        self._visitor, self._origin = visitor, origin
        self._queue = [(origin + page, 1) for page in pages]
        self.replies: dict[str, Reply] = {}
        self.maps: set[str] = set()
        self.left = 0

    def run(self) -> None:
        """Ask for all of it, at most :data:`_MOST_FILES`; ``left`` is how many more there were."""
        seen = {url for url, _ in self._queue}
        while self._queue:
            url, depth = self._queue.pop(0)
            if len(self.replies) >= _MOST_FILES:
                self.left += 1
                continue
            reply = self._visitor.ask("GET", url, patient=True)
            self.replies[url] = reply
            for more in self._next(url, reply, depth):
                if more[0] not in seen and _same(more[0], self._origin):
                    seen.add(more[0])
                    self._queue.append(more)

    def _next(self, url: str, reply: Reply, depth: int) -> Iterator[tuple[str, int]]:
        if 300 <= reply.status < 400 and (to := reply.header("location")):
            yield _absolute(url, to), depth
        if reply.status != 200:
            return
        if "html" in reply.header("content-type"):
            links = _Links()
            links.feed(reply.text)
            for tag, value in links.found:
                if tag not in _PAGE or depth > 0:
                    yield _absolute(url, value), depth - (tag in _PAGE)
        elif urlsplit(url).path.endswith(_CODE):
            for found in _IMPORT.findall(reply.body):
                yield _absolute(url, found.decode("utf-8", "replace")), 0
            yield from self._map(url, reply)

    def _map(self, url: str, reply: Reply) -> Iterator[tuple[str, int]]:
        named = [found.decode("utf-8", "replace") for found in _MAP.findall(reply.body)[-3:]]
        header = reply.header("sourcemap") or reply.header("x-sourcemap")
        plain = url.partition("?")[0]
        guessed = [f"{plain}.map"] if plain.endswith((".js", ".mjs", ".css")) else []
        for name in [*named, *([header] if header else []), *guessed]:
            if name.startswith("data:"):
                self.maps.add(f"{url} (inside of itself)")
            else:
                yield _absolute(url, name), 0


def _absolute(url: str, name: str) -> str:
    try:
        return urljoin(url, name).partition("#")[0]
    except ValueError:
        return url


def _same(url: str, origin: str) -> bool:
    return url.startswith(f"{origin}/") or url == origin


def bundle(target: Target) -> Iterator[Result]:
    """Decides on what browsers are given, and on source maps."""
    crawl = Crawl(target.visitor(), target.origin, target.settings.readiness.pages)
    crawl.run()
    good = {url: reply for url, reply in crawl.replies.items() if reply.status == 200}
    if not good:
        return
    yield _maps(crawl, good)
    if target.scanner is None:
        return
    values, unread = known_values(target)
    spotter = Spotter(values)
    scanned = target.scanner.scan(spotter.watch(_pieces(crawl.replies)))
    judge = Judge(load(target.root), target.clock.now().date())
    opened = [leak for leak in scanned.leaks if judge.closed_by(leak) is None]
    told = [
        Said("What was read", "\n".join(f"{reply.status} {len(reply.body)} B {url}" for url, reply in good.items()))
    ]
    count = f"{len(good)} answers ({scanned.fed} bytes) by {scanned.tool}"
    if opened or spotter.spots:
        wrong = [f"{len(opened)} that look like credentials"] if opened else []
        wrong += (
            [f"the stack's own {', '.join(sorted({spot.secret for spot in spotter.spots}))}"] if spotter.spots else []
        )
        yield failed(
            checks.BUNDLE, f"{'; '.join(wrong)}, of {count}", leaks_table(opened, judge), spots_table(spotter.spots)
        )
    elif crawl.left or unread or any(reply.cut for reply in good.values()):
        why = unread or "answers were too many or too long to be read"
        yield unknown(checks.BUNDLE, f"nothing in {count}, and not all was looked at: {why}", *told)
    else:
        yield passed(checks.BUNDLE, f"nothing in {count}; {len(spotter.names)} own values looked for", *told)


def leaks_table(opened: Iterable[Leak], judge: Judge) -> Table:
    """Findings with their places and the digests that close them."""
    rows = tuple((leak.rule, leak.confidence, leak.path, judge.digest(leak)) for leak in list(opened)[:50])
    return Table("What looks like a credential", ("rule", "confidence", "where", "digest, to close it by"), rows)


def _pieces(replies: dict[str, Reply]) -> Iterator[Piece]:
    for url, reply in replies.items():
        path = f"site{urlsplit(url).path}"
        yield Piece("answer", path, reply.body, 1)
        headers = "\n".join(f"{name}: {value}" for name, value in reply.headers if name.lower() != "set-cookie")
        yield Piece("headers of the answer", path, headers.encode())


def _maps(crawl: Crawl, good: dict[str, Reply]) -> Result:
    served = [url for url, reply in good.items() if _is_map(reply)]
    found = sorted({*served, *crawl.maps})
    code = sum(urlsplit(url).path.endswith((".js", ".mjs", ".css")) for url in good)
    return held(checks.MAPS, [f"{clean(url)} is served" for url in found], f"none for {code} scripts and styles")


def _is_map(reply: Reply) -> bool:
    found = reply.json
    return isinstance(found, dict) and "mappings" in found and "sources" in found


# What bots ask for first, and what only that file can say (a page that answers everything with 200 says none of it).
_ENV = re.compile(rb"(?m)^\s*(?:export\s+)?[A-Z][A-Z0-9_]{2,}\s*=\s*\S")
_STRAY: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    *((f"/{name}", _ENV) for name in (".env", ".env.local", ".env.production", ".env.bak", "env", "api/.env")),
    ("/.git/HEAD", re.compile(rb"\A(?:ref: refs/|[0-9a-f]{40}\s*\Z)")),
    ("/.git/config", re.compile(rb"(?m)^\s*\[core\]")),
    ("/.svn/wc.db", re.compile(rb"\ASQLite format 3")),
    ("/.hg/requires", re.compile(rb"(?m)^(?:revlogv1|store|dotencode)$")),
    ("/.DS_Store", re.compile(rb"\A\x00\x00\x00\x01Bud1")),
    ("/.htpasswd", re.compile(rb"(?m)^[^:\s<]+:[$/{.A-Za-z0-9]{10,}")),
    ("/.npmrc", re.compile(rb"_auth|authToken")),
    ("/.aws/credentials", re.compile(rb"aws_access_key_id")),
    ("/.ssh/id_rsa", re.compile(rb"PRIVATE KEY")),
    ("/id_rsa", re.compile(rb"PRIVATE KEY")),
    ("/server.key", re.compile(rb"PRIVATE KEY")),
    ("/docker-compose.yml", re.compile(rb"(?m)^services:")),
    ("/release.toml", re.compile(rb"(?m)^(?:command|health_path)\s*=")),
    ("/Pulumi.yaml", re.compile(rb"(?m)^runtime:")),
    ("/config.json", re.compile(rb"(?i)\"[^\"]*(?:secret|password|token|api_?key)[^\"]*\"\s*:\s*\"[^\"]+\"")),
    ("/backup.zip", re.compile(rb"\APK\x03\x04")),
    ("/backup.tar.gz", re.compile(rb"\A\x1f\x8b")),
    ("/backup.sql", re.compile(rb"(?i)(?:CREATE TABLE|PostgreSQL database dump)")),
    ("/dump.sql", re.compile(rb"(?i)(?:CREATE TABLE|PostgreSQL database dump)")),
    ("/database.sqlite", re.compile(rb"\ASQLite format 3")),
)


def stray_files(target: Target) -> Iterator[Result]:
    """Decides on files that no site should serve, on every web name of the stack."""
    wrong, asked, silent = [], 0, []
    for name in target.settings.dns.web:
        origin = f"https://{full_name(name, target.settings.zone.name)}"
        visitor = target.visitor()
        for path, says in _STRAY:
            reply = visitor.ask("GET", origin + path, patient=True)
            asked += 1
            if reply.status == 0:
                silent.append(f"{origin} ({clean(reply.reason)})")
                break
            if reply.status in (200, 206) and says.search(reply.body):
                wrong.append(f"{origin}{path} is served")
    summary = f"none of {len(_STRAY)} paths on {len(target.settings.dns.web)} names, in {asked} requests"
    if silent and not wrong:
        yield unknown(checks.FILES, f"no answer from {', '.join(silent)}: make it answer, and check again")
    else:
        yield held(checks.FILES, wrong, summary)
