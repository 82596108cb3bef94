"""Uploads: what is taken, as what it comes back, and what is left in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from core.settings.calls import Call
from core.site import Reply
from readiness import calls
from readiness.check import Result, beside_the_point, failed, passed, unknown
from readiness.exchange import exchange
from readiness.rows.inputs import checks, files
from readiness.rows.inputs.browsing import visit
from readiness.rows.inputs.stage import Stage, stage
from readiness.rows.inputs.tries import Try, judged, survival
from readiness.target import Target

CHECKS = (
    checks.UPLOAD_SERVED,
    checks.UPLOAD_TYPE,
    checks.UPLOAD_NAME,
    checks.UPLOAD_PRIVATE,
    checks.UPLOAD_BOMB,
)
_TAKEN = (200, 201, 202, 204)
_NAMES = (
    "../../../../etc/cron.d/lr",
    "..\\..\\windows\\lr.ini",
    "/etc/passwd",
    "..",
    "lr.png\x00.html",
    'lr".html',
    "lr;filename=evil.html",
    "a" * 5000,
    "\u202egnp.exe",
)
# What a browser runs, or lets run, when it opens it as a page of the site.
_RUN = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "text/javascript",
        "application/javascript", "application/pdf")  # fmt: skip


@dataclass(frozen=True)
class _Came:
    """A sample that was sent; ``got`` is what its download answered, None where it was refused."""

    sample: files.Sample
    sent: Reply
    path: str = ""
    got: Reply | None = None


def uploads(target: Target) -> Iterator[Result]:
    """Send every sample, get it back, and look at it in a browser."""
    known = target.settings.readiness.calls
    if known.upload is None or known.download is None:
        for check in CHECKS:
            yield beside_the_point(check, "launch-ready:readiness.calls says that the platform takes no files")
        return
    made = stage(target, "files")
    came = [_sent(made, known.upload, known.download, sample) for sample in files.samples()]
    yield _served(target, made, came)
    yield _types(came)
    named = [_named(made, known.upload, known.download, name) for name in _NAMES]
    yield judged(checks.UPLOAD_NAME, named, f"{len(named)} names that are paths were refused, or came back as none")
    yield _private(made, known.upload, known.download)
    grown = [_sent(made, known.upload, known.download, sample) for sample in files.bombs()]
    tries = [Try("upload", one.sample.what, one.sent, survival("", "", one.sent).wrong) for one in grown]
    tries += [Try("download", one.sample.what, one.got, survival("", "", one.got).wrong) for one in grown if one.got]
    slowest = max(one.reply.seconds for one in tries)
    yield judged(checks.UPLOAD_BOMB, tries, f"{len(grown)} files that grow were answered within {slowest:.2f} s")


def _sent(made: Stage, upload: Call, download: Call, sample: files.Sample) -> _Came:
    path = made.filled(upload.path, name=sample.name)
    sent = made.ask(upload.method, path, headers={"Content-Type": sample.says}, body=sample.data)
    upload_id = calls.found(upload, sent) if sent.status in _TAKEN else ""
    if not upload_id:
        return _Came(sample, sent)
    where = made.filled(download.path, upload_id=upload_id)
    return _Came(sample, sent, where, made.ask(download.method, where))


def _served(target: Target, made: Stage, came: list[_Came]) -> Result:
    got = [(one, one.got) for one in came if one.got is not None]
    tries = [Try("download", one.sample.what, reply, runs_here(reply, target.origin)) for one, reply in got]
    tries += [
        Try("upload", one.sample.what, one.sent, survival("", "", one.sent).wrong) for one in came if one.got is None
    ]
    if not got:
        return unknown(checks.UPLOAD_SERVED, f"all {len(came)} files were refused, so none came back", *_first(came))
    visited = visit(target, made.person, [one.path for one in came if one.path and one.sample.active], "upload")
    if isinstance(visited, str):
        return unknown(checks.UPLOAD_SERVED, visited)
    tries += [Try(one.page, "in Chromium", Reply(one.status), one.wrong) for one in visited]
    back = f"{len(got)} of {len(came)} files came back, and none as a page of the site"
    summary = f"{back}; {len(visited)} were opened in Chromium"
    return judged(checks.UPLOAD_SERVED, tries, summary)


def _first(came: list[_Came]) -> list:  # type: ignore[type-arg]
    return [exchange(f"upload of {came[0].sample.what}", came[0].sent)] if came else []


def runs_here(reply: Reply, origin: str) -> str:
    """What is wrong with how a file is served at ``origin``; "" for nothing (ASVS 5.0.0 3.2.1, 5.3.1)."""
    if not 200 <= reply.status < 400:
        return ""
    away = urlsplit(reply.header("Location")).netloc
    if 300 <= reply.status < 400 and away and not _same_site(away, urlsplit(origin).netloc):
        return ""
    kind = reply.header("Content-Type").partition(";")[0].strip().lower()
    attached = reply.header("Content-Disposition").strip().lower().startswith("attachment")
    nosniff = "nosniff" in reply.header("X-Content-Type-Options").lower()
    if not nosniff:
        return "it comes without X-Content-Type-Options: nosniff"
    if not attached and (not kind or kind in _RUN) and not _sandboxed(reply):
        return f"it is opened in the site's own pages as {kind or 'whatever it looks like'}"
    return ""


def _sandboxed(reply: Reply) -> bool:
    """Whether a Content-Security-Policy keeps scripts from running, and the page from being one of the site's."""
    words = [part.split() for part in reply.header("Content-Security-Policy").lower().split(";")]
    return any(each[:1] == ["sandbox"] and not {"allow-scripts", "allow-same-origin"} & set(each) for each in words)


def _same_site(one: str, other: str) -> bool:
    return one.split(".")[-2:] == other.split(".")[-2:]


def _types(came: list[_Came]) -> Result:
    got = [(one, one.got) for one in came if one.got is not None]
    if not got:
        return unknown(checks.UPLOAD_TYPE, f"all {len(came)} files were refused, so no type came back")
    tries = [Try("download", one.sample.what, reply, mistyped(one.sample, reply)) for one, reply in got]
    return judged(
        checks.UPLOAD_TYPE, tries, f"{len(tries)} files came back with a type that their content has, or none"
    )


def mistyped(sample: files.Sample, reply: Reply) -> str:
    """What is wrong with the type that a file comes back with: it must be its content's, or say nothing."""
    kind = reply.header("Content-Type").partition(";")[0].strip().lower()
    if kind in ("application/octet-stream", "text/plain", sample.kind):
        return ""
    return f"its content is {sample.kind}, its name {sample.name}, and it comes as {kind or 'nothing'}"


def _named(made: Stage, upload: Call, download: Call, name: str) -> Try:
    what = f"a name of {len(name)} characters" if len(name) > 60 else repr(name)
    came = _sent(made, upload, download, files.Sample(what, name, "text/plain", "text/plain", b"x", active=False))
    reply = came.got or came.sent
    return Try("download" if came.got else "upload", what, reply, survival("", "", reply).wrong or path_in(reply))


def path_in(reply: Reply) -> str:
    """Whether the name to save a file under is a path, or ends in another type than was meant."""
    header = reply.header("Content-Disposition")
    for found in re.finditer(r"filename\*?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;]*))", header, re.IGNORECASE):
        name = unquote((found[1] or found[2] or "").rpartition("''")[2]).replace('\\"', '"')
        if "/" in name or "\\" in name or "\x00" in name or name.strip() in (".", ".."):
            return f"it is saved as {name[:80]!r}"
    return ""


def _private(made: Stage, upload: Call, download: Call) -> Result:
    photo = files.Sample("a photo that says where it was taken", "photo.jpg", "image/jpeg", "image/jpeg", files.photo())
    came = _sent(made, upload, download, photo)
    if came.got is None or came.got.status != 200:
        why = f"a photo could not be sent and had back (status {(came.got or came.sent).status})"
        return unknown(checks.UPLOAD_PRIVATE, f"{why}: see launch-ready:readiness.calls", exchange("upload", came.sent))
    said = files.tells(came.got.body)
    shown = exchange(f"GET {came.path}", came.got, body=False)
    if said:
        return failed(checks.UPLOAD_PRIVATE, f"a photo comes back with {', '.join(said)}", shown)
    summary = f"a photo of {len(photo.data)} bytes with EXIF, GPS and a comment came back without, and is a picture"
    return passed(checks.UPLOAD_PRIVATE, summary, shown)
