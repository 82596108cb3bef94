"""Values that try to become headers, of answers and of mail, and addresses that lead away."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from core.errors import CheckError
from core.site import Reply
from readiness import calls
from readiness.check import Result
from readiness.rows.inputs import checks
from readiness.rows.inputs.stage import Stage, stage
from readiness.rows.inputs.tries import Try, judged, survival
from readiness.target import Target

CHECKS = (checks.HEADER,)
_AWAY = ("https://evil.example/x", "/\\evil.example/x")


def headers(target: Target) -> Iterator[Result]:
    """In file names, in addresses of pages, and in the name of an account that gets mail."""
    made = stage(target, "headers")
    mark = f"X-Lr-{secrets.token_hex(4)}"
    tries = [*_pages(made, mark), *_files(made, mark), *_mail(target, mark)]
    yield judged(checks.HEADER, tries, f"{len(tries)} values added no header and led nowhere else")


def _pages(made: Stage, mark: str) -> Iterator[Try]:
    for path in made.target.settings.readiness.echoing:
        for breaks in ("\r\n", "\u560a"):
            text = quote(f"x{breaks}{mark}: 1", safe="")
            reply = made.ask("GET", path.replace("{text}", text))
            yield Try(path, f"{breaks!r} and a header", reply, _added(reply, mark) or survival("", "", reply).wrong)
        for address in _AWAY:
            reply = made.ask("GET", path.replace("{text}", quote(address, safe="")))
            yield Try(path, address, reply, led_away(reply, made.target.origin))


def _files(made: Stage, mark: str) -> Iterator[Try]:
    known = made.target.settings.readiness.calls
    if known.upload is None:
        return
    for breaks in ("\r\n", "\n"):
        name = f"a.txt{breaks}{mark}: 1"
        reply = made.ask(known.upload.method, made.filled(known.upload.path, name=name), body=b"x")
        yield Try("upload", f"a name with {breaks!r}", reply, _added(reply, mark) or survival("", "", reply).wrong)
        upload_id = calls.found(known.upload, reply) if reply.status in (200, 201) else ""
        if upload_id and known.download is not None:
            got = made.ask("GET", made.filled(known.download.path, upload_id=upload_id))
            yield Try("download", f"a name with {breaks!r}", got, _added(got, mark) or survival("", "", got).wrong)


def _mail(target: Target, mark: str) -> Iterator[Try]:
    """Signing up with a name that tries to be a header: refused, or a mail that has no such header."""
    person = target.people.stranger("letter")
    person.name = f"Check\r\nBcc: copy@evil.example\r\n{mark}: 1"
    reply = target.people.try_sign_up(person)
    wrong = survival("", "", reply).wrong
    if not wrong and reply.status < 400:
        try:
            mail = target.people.mail_for(person, "after signing up")
        except CheckError:
            return
        names = {name.lower() for name, _ in mail.headers}
        if mark.lower() in names or "bcc" in names or any("evil.example" in to for to in mail.to):
            wrong = "the mail has the header, or goes to the address"
    yield Try("sign-up", "a name with a header of mail", reply, wrong)


def _added(reply: Reply, mark: str) -> str:
    return (
        "the answer has the header" if reply.header(mark) or mark.lower() in reply.header("Set-Cookie").lower() else ""
    )


def led_away(reply: Reply, origin: str) -> str:
    """What is wrong with a redirect that a value of the address caused; "" for nothing."""
    target = reply.header("Location").replace("\\", "/").strip()
    if not target:
        return ""
    where = urlsplit(target)
    away = bool(where.netloc) and where.netloc.lower() != urlsplit(origin).netloc.lower()
    return f"it leads to {target[:80]}" if away or (where.scheme and not where.netloc) else ""
