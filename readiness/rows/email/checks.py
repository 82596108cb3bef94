"""What this row asks."""

from __future__ import annotations

from functools import partial

from readiness.check import Row, Severity, check_of

_check = partial(check_of, Row.EMAIL)


_UP = "Run `invoke up`, or mend launch-ready:email and then run it; docs/email.md says what each key makes."

MX = _check(
    "mx",
    Severity.HIGH,
    "The machines that receive mail are those that are declared, and they have addresses",
    "Mail to you is lost or comes back to who sent it: answers, bounces, abuse reports, the proof of a certificate.",
    f"{_UP} An MX names a machine with an address of its own, which is no CNAME and is not proxied.",
    "RFC 5321 5.1",
    "RFC 2181 10.3",
)
REVERSE = _check(
    "reverse-dns",
    Severity.MEDIUM,
    "Each machine that sends mail has a name in reverse DNS that leads back to it",
    "Large receivers refuse or hide mail from an address without one: sign-up and reset mails do not arrive.",
    "Have the provider of the address set its PTR record to the machine's name, and give that name the address.",
    "RFC 1912 2.1",
)
SPF_RECORD = _check(
    "spf-record",
    Severity.HIGH,
    "There is one SPF record, and it is the one that is declared",
    "With none, anybody's mail in your name looks as good as yours; with two, receivers count both as an error.",
    _UP,
    "RFC 7208 3.2",
    "RFC 7208 4.5",
)
SPF_LIMITS = _check(
    "spf-limits",
    Severity.HIGH,
    "SPF can be evaluated to its end: at most 10 lookups, 2 of them in vain, no loop, nothing missing",
    "Receivers stop at the limit with an error, and then no mail of yours has a valid SPF, the good as the bad.",
    "Take out services that are not used, put networks in place of includes, or mend the record of the service named.",
    "RFC 7208 4.6.4",
)
SPF_SENDERS = _check(
    "spf-senders",
    Severity.HIGH,
    "SPF lets the declared senders send, and nobody else",
    "Who is let in by mistake sends as you; who is left out has your mail refused.",
    "End the record with -all (launch-ready:email, others: fail), and name each sender under senders.",
    "RFC 7208 8",
)
DKIM_KEYS = _check(
    "dkim-keys",
    Severity.HIGH,
    "Each declared DKIM key is published, whole, strong and not a trial",
    "Signatures made with it count for nothing, so mail that is forwarded fails DMARC; a short key can be broken, and "
    "who breaks it signs as you.",
    f"{_UP} A new key: `invoke email.dkim.new`, then `invoke email.dkim.retire` for the old one.",
    "RFC 6376 3.6.1",
    "RFC 8301 3.2",
)
DMARC_POLICY = _check(
    "dmarc-policy",
    Severity.HIGH,
    "DMARC asks receivers to turn forgeries away, under the zone too",
    "Anybody can send mail that looks like yours to your users, and receivers let it through.",
    "Set launch-ready:email, dmarc.policy to quarantine or reject, with testing: false, and run `invoke up`.",
    "RFC 9989 4.7",
)
DMARC_REPORTS = _check(
    "dmarc-reports",
    Severity.MEDIUM,
    "DMARC reports go to somebody who may have them and can receive them",
    "Nobody sees that a sender of yours fails, or who sends as you, until users complain.",
    "Give dmarc.reports an address that receives mail; where it is in another domain, have that publish "
    '`<zone>._report._dmarc.<domain> TXT "v=DMARC1;"`.',
    "RFC 9990 4",
)
MTA_STS = _check(
    "mta-sts",
    Severity.MEDIUM,
    "Senders are told by MTA-STS to deliver over TLS alone, to the machines that are in DNS",
    "Who sits between can have mail to you delivered without TLS or to a machine of theirs. With a policy that does "
    "not fit the MX records, good mail is refused.",
    "Declare launch-ready:email, mta_sts with mode: enforce; `invoke hosts.prepare`, then `invoke up`.",
    "RFC 8461 3",
)
TLS_RPT = _check(
    "tls-rpt",
    Severity.LOW,
    "Failures of TLS on the way to you are reported",
    "Mail that cannot be delivered to you over TLS waits elsewhere, and nobody here knows.",
    "Give launch-ready:email, tls_reports an address, and run `invoke up`.",
    "RFC 8460 3",
)
SILENT = _check(
    "silent-zones",
    Severity.MEDIUM,
    "Zones that send and receive no mail say so",
    "Mail in the name of a domain of yours that nobody watches passes as good, and mail to it waits for days.",
    "Run `invoke up`: launch-ready:other_zones get a null MX, -all, p=reject and revoked keys. `invoke drift` shows "
    "what was changed by hand.",
    "RFC 7505 3",
    "RFC 9989 4.7",
)
SIGNED = _check(
    "message-signed",
    Severity.HIGH,
    "A real message of the platform's has a DKIM signature of its own domain, which verifies with the key in DNS",
    "As soon as it is forwarded, or its SPF fails for a moment, it counts as forged: sign-up and reset mails are lost.",
    "Have the mail server sign with the selector and key that launch-ready:email declares.",
    "RFC 6376 6",
)
SENT_FROM = _check(
    "message-spf",
    Severity.HIGH,
    "The address that delivers the platform's mail is one that SPF allows for its sender",
    "Receivers that look at SPF refuse the platform's mail.",
    "Add the mail server to launch-ready:email, senders; or have the platform send through the relay that is declared.",
    "RFC 7208 2.4",
)
ALIGNED = _check(
    "message-aligned",
    Severity.HIGH,
    "DMARC passes for a real message: what its reader sees as sender is what DKIM or SPF vouches for",
    "Your own policy has your own mail turned away.",
    "Sign with the domain of From, and send with an envelope's sender in it.",
    "RFC 9989 4.4",
)
FORM = _check(
    "message-form",
    Severity.LOW,
    "A real message has the form that mail must have",
    "Filters count each such fault as a sign of spam.",
    "Let a mail library make the message, with From, To, Date, Message-ID and Subject, each once.",
    "RFC 5322 3.6",
    "RFC 3834 5",
)
BOUNCES = _check(
    "bounces",
    Severity.MEDIUM,
    "What cannot be delivered comes back to a mailbox that is declared",
    "Mail goes on being sent to addresses that refuse it, which costs the sender's good name, and nobody learns that a "
    "user's mail does not arrive.",
    "Send with an envelope's sender that is read, and name it in launch-ready:readiness.bounces.",
    "RFC 5321 6.1",
    "RFC 3464 2",
)
