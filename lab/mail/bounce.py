"""What comes back of a message that could not be delivered: a delivery status notification (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid

from core.terminal import clean
from lab.place import MAIL_NAME

_MOST_HEADERS = 16 * 1024
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")
"""A code of RFC 3463 before the text of an answer."""


def bounce(sender: str, refused: Mapping[str, tuple[int, bytes]], message: bytes) -> bytes:
    """A report to ``sender`` of who was ``refused`` (with SMTP's code and text) when ``message`` was delivered."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{MAIL_NAME}>"
    report["To"] = sender
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = formatdate()
    report["Message-ID"] = make_msgid(domain=MAIL_NAME)
    # RFC 3834 §5: nobody's holiday notice answers it.
    report["Auto-Submitted"] = "auto-replied"
    told = "".join(f"<{clean(who)}>: {code} {_text(text)}\n" for who, (code, text) in refused.items())
    report.attach(MIMEText(f"A message of yours could not be delivered to:\n\n{told}"))
    report.attach(_status(refused))
    headers = MIMENonMultipart("text", "rfc822-headers")
    headers.set_payload(message.partition(b"\r\n\r\n")[0][:_MOST_HEADERS].decode("ascii", "backslashreplace"))
    report.attach(headers)
    return report.as_bytes()


def _status(refused: Mapping[str, tuple[int, bytes]]) -> Message:
    """The part for machines: fields about the message, then some for each recipient (RFC 3464 §2)."""
    part = MIMENonMultipart("message", "delivery-status")
    about = {"Reporting-MTA": f"dns; {MAIL_NAME}", "Arrival-Date": formatdate()}
    part.set_payload([_fields(about), *(_recipient(who, code, _text(text)) for who, (code, text) in refused.items())])
    return part


def _recipient(who: str, code: int, words: str) -> Message:
    enhanced = _ENHANCED.match(words)
    return _fields(
        {
            "Final-Recipient": f"rfc822; {clean(who)}",
            "Action": "failed",
            "Status": enhanced[0] if enhanced else f"{str(code)[:1]}.0.0",
            "Diagnostic-Code": f"smtp; {code} {words}",
        }
    )


def _fields(values: Mapping[str, str]) -> Message:
    message = Message()
    for name, value in values.items():
        message[name] = value
    return message


def _text(text: bytes) -> str:
    return " ".join(clean(line) for line in text.decode("utf-8", "replace").splitlines())
