"""The probes of this row: what DNS says of the zones' mail, and what a real message is like."""

from readiness.check import Row
from readiness.probe import Probe, Touch
from readiness.rows.email import checks
from readiness.rows.email.dkim_keys import dkim_keys
from readiness.rows.email.dmarc import dmarc
from readiness.rows.email.exchange import exchange
from readiness.rows.email.message import message
from readiness.rows.email.silent import silent
from readiness.rows.email.spf import spf
from readiness.rows.email.transport import transport

PROBES: tuple[Probe, ...] = (
    Probe(Row.EMAIL, (checks.MX, checks.REVERSE), exchange),
    Probe(Row.EMAIL, (checks.SPF_RECORD, checks.SPF_LIMITS, checks.SPF_SENDERS), spf),
    Probe(Row.EMAIL, (checks.DKIM_KEYS,), dkim_keys),
    Probe(Row.EMAIL, (checks.DMARC_POLICY, checks.DMARC_REPORTS), dmarc),
    Probe(Row.EMAIL, (checks.MTA_STS, checks.TLS_RPT), transport),
    Probe(Row.EMAIL, (checks.SILENT,), silent),
    Probe(
        Row.EMAIL, (checks.SIGNED, checks.SENT_FROM, checks.ALIGNED, checks.FORM, checks.BOUNCES), message, Touch.WRITES
    ),
)
