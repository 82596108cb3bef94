"""SQL in every value: errors, answers that differ by a condition, and answers that wait as they are told."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from core.site import Reply
from readiness.check import Result
from readiness.rows.inputs import checks
from readiness.rows.inputs.places import Place, described, fields, parameters
from readiness.rows.inputs.stage import stage
from readiness.rows.inputs.tries import Try, judged
from readiness.target import Target

CHECKS = (checks.SQL,)
SLEEP = 1.2

# What databases and their drivers say: PostgreSQL, MySQL, SQLite, SQL Server, Oracle.
_SAID = re.compile(
    r"syntax error at or near|unterminated quoted string|PostgresSyntaxError|invalid input syntax for|psycopg|asyncpg\."
    r"|You have an error in your SQL syntax|mysql_|SQLITE_ERROR|sqlite3\.|unrecognized token:|near \"[^\"]*\": syntax"
    r"|Unclosed quotation mark|ODBC SQL Server|ORA-\d{5}|SQLSTATE\[|PDOException|ActiveRecord::Statement",
    re.IGNORECASE,
)
# A value that is refused for its form goes nowhere; 401 and 404 may come from a query.
_NO_VALUE = (400, 413, 415, 422, 429)
_QUOTE = "lr'\"\\"
_TRUE, _FALSE = "lr' OR '1'='1", "lr' AND '1'='2"
_SLEEPS = (  # each is for one database
    f"lr'||(SELECT 'x' FROM pg_sleep({SLEEP:g}))||'",  # noqa: S608 - it is meant to be one
    f"lr'; SELECT pg_sleep({SLEEP:g})-- ",
    f"lr' OR SLEEP({SLEEP:g})-- ",
)


def sql(target: Target) -> Iterator[Result]:
    """Try them in every parameter of every operation that reads, and every field of the calls."""
    made = stage(target, "sql")
    every = [*parameters(made, described(made)), *fields(made)]
    tries = list(itertools.chain.from_iterable(attempts(place) for place in every))
    yield judged(checks.SQL, tries, f"{len(tries)} tries in {len(every)} places showed no sign of SQL")


def attempts(place: Place) -> Iterator[Try]:
    """A quote first; where that is refused as a value, no more is tried there."""
    reply = place.ask(_QUOTE)
    wrong = error_of(reply)
    yield Try(place.name, "a quote", reply, wrong)
    if wrong or reply.status in _NO_VALUE:
        return
    yield _boolean(place)
    yield from _timed(place)


def error_of(reply: Reply) -> str:
    """What an answer gives away of a database, or that it broke; "" for nothing."""
    if found := _SAID.search(reply.text):
        return f"the answer says {found[0]!r}"
    return f"it breaks (status {reply.status})" if reply.status >= 500 else ""


def _boolean(place: Place) -> Try:
    nothing, true, false = (_shape(place.ask(value)) for value in ("lr-nothing-of-the-kind", _TRUE, _FALSE))
    reply = place.ask(_TRUE)
    differs = true == _shape(reply) and true != false and nothing == false
    return Try(place.name, _TRUE, reply, "a condition that is true changes the answer" if differs else "")


def _shape(reply: Reply) -> tuple[int, int]:
    """Status and about how many things are in the answer: the value itself may be echoed."""
    content = reply.json
    items = content.get("items", content) if isinstance(content, dict) else content
    return reply.status, len(items) if isinstance(items, (list, dict)) else len(reply.body) // 64


def _timed(place: Place) -> Iterator[Try]:
    for value in _SLEEPS:
        reply = place.ask(value)
        wrong = error_of(reply)
        if not wrong and reply.seconds >= SLEEP * 0.9:
            # A busy server is slow too: asked not to wait it must be quick, and asked again it must wait again.
            quick, again = place.ask(value.replace(f"({SLEEP:g})", "(0)")), place.ask(value)
            waits = quick.seconds < SLEEP / 2 and again.seconds >= SLEEP * 0.9
            wrong = f"it waits for {reply.seconds:.1f} s as it is told" if waits else ""
        yield Try(place.name, value, reply, wrong)
