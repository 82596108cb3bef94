"""What this row asks."""

from __future__ import annotations

from functools import partial

from readiness.check import Check, Row, Severity, check_of

_check = partial(check_of, Row.AUTHORIZATION)


_TENANT = (
    "Look every id of the request up through the memberships of who asks, in the query itself (JOIN memberships …"
    " WHERE user_id = asker), each id of the path against the one before it, and answer 404 for what is not found."
)
_BOLA = ("ASVS 5.0.0 8.2.2", "ASVS 5.0.0 8.4.1", "OWASP API1:2023")

READS = _check(
    "reads-of-others",
    Severity.CRITICAL,
    "Nobody reads what is another organisation's, whichever of the ids they swap",
    "Any customer can read another's data by changing an id in the address.",
    _TENANT,
    *_BOLA,
)
WRITES = _check(
    "writes-to-others",
    Severity.CRITICAL,
    "Nobody changes or adds to what is another organisation's",
    "Any customer can change another's data, or make themselves its owner, by changing an id in the address.",
    _TENANT,
    *_BOLA,
)
DELETES = _check(
    "deletes-of-others",
    Severity.CRITICAL,
    "Nobody deletes what is another organisation's",
    "Any customer can delete another's data by changing an id in the address.",
    _TENANT,
    *_BOLA,
)
ELSEWHERE = _check(
    "ids-in-query-and-body",
    Severity.CRITICAL,
    "An id of another organisation in the query or the body gives nothing",
    "Who may use their own path reads or changes what is others', by an id that is only looked at elsewhere.",
    "Take ids from the path alone, refuse parameters that are not known, and check each id that a body may hold.",
    *_BOLA,
)
ANONYMOUS = _check(
    "without-a-session",
    Severity.CRITICAL,
    "Who is not signed in reaches nothing of any organisation",
    "Everybody on the internet reads or changes the customers' data.",
    "Require a session on every route by default, and name the few that are public.",
    "ASVS 5.0.0 8.2.1",
    "OWASP API2:2023",
)
ROLES = _check(
    "roles",
    Severity.HIGH,
    "A member does none of what is the owners' alone",
    "Any member can invite, raise their own role, remove others or delete what others wrote.",
    "Ask for the role in each of these routes, on the server, in the organisation that the path names.",
    "ASVS 5.0.0 8.2.1",
    "OWASP API5:2023",
)
EXISTENCE = _check(
    "existence",
    Severity.LOW,
    "What is another's is answered as what does not exist",
    "Somebody who tries ids learns which of them exist.",
    "Answer both with the same status and text (404).",
    "ASVS 5.0.0 8.2.2",
)
ADMIN_EDGE = _check(
    "admin-routes",
    Severity.CRITICAL,
    "The administrators' routes answer administrators alone, through the edge",
    "Anybody can read all accounts, and use what administrators use.",
    "Require the administrator in every such route, and keep the paths behind Access or to networks"
    " (launch-ready:access, launch-ready:waf.admin).",
    "ASVS 5.0.0 8.4.2",
    "OWASP API5:2023",
)
ADMIN_ORIGIN = _check(
    "admin-routes-at-the-hosts",
    Severity.HIGH,
    "The administrators' routes answer administrators alone, at the hosts themselves",
    "The edge alone protects these routes: who finds a host, or a way round a rule, is in.",
    "Require the administrator in every such route in the app, whatever stands before it.",
    "ASVS 5.0.0 8.4.2",
    "OWASP API5:2023",
)
VERBS = _check(
    "verb-tricks",
    Severity.HIGH,
    "Another method, or a header that names one, does no more than the route allows",
    "Rules at the edge that go by the method (limits, the firewall) are walked round, and a link can delete.",
    "Turn method overrides off (X-HTTP-Method-Override, _method), and check access before the method matters.",
    "ASVS 5.0.0 8.3.1",
    "OWASP API5:2023",
    "RFC 9110 section 9",
)
PATHS = _check(
    "path-tricks",
    Severity.HIGH,
    "Another spelling of a path reaches no more than the path does",
    "A rule that goes by the path, at the edge or in the app, is walked round by a slash, a dot or an escape.",
    "Check access in the route itself, never by the path's text; have the edge normalise URLs.",
    "ASVS 5.0.0 8.3.1",
    "OWASP API5:2023",
    "RFC 3986 section 6.2.2",
)
ASSIGNMENT = _check(
    "mass-assignment",
    Severity.CRITICAL,
    "Fields that a form does not offer are refused or passed over, never taken",
    "Somebody makes themselves administrator, or writes in another's name, with one more field in a request.",
    "List the fields that each form takes and refuse all others (pydantic: extra='forbid').",
    "ASVS 5.0.0 15.3.3",
    "OWASP API3:2023",
)
GRAPHQL = _check(
    "graphql",
    Severity.MEDIUM,
    "GraphQL, if there is any, tells its schema to nobody who is not signed in",
    "Strangers read which queries and mutations there are.",
    "Turn introspection off in production, and check access in each resolver.",
    "ASVS 5.0.0 4.3.2",
)


def _invite(words: str, severity: Severity, title: str, breaks: str, fix: str) -> Check:
    return _check(f"invite-{words}", severity, title, breaks, fix, "ASVS 5.0.0 2.3.1", "OWASP API6:2023")


INVITE_GUESSING = _invite(
    "guessing",
    Severity.HIGH,
    "An invite's token cannot be guessed, nor be told from anything that is shown",
    "Strangers join organisations by trying tokens.",
    "Take at least 128 bits from the system's random source for each token, and compare all of it.",
)
INVITE_REUSE = _invite(
    "reuse",
    Severity.HIGH,
    "An invite that was accepted is worth nothing any more",
    "A link in a forwarded mail or a browser's history lets others in for ever.",
    "Mark the invite as used in the statement that looks it up.",
)
INVITE_EXPIRY = _invite(
    "expiry",
    Severity.MEDIUM,
    "An invite that has expired is refused",
    "Invites that nobody took stay open for whoever finds them.",
    "Compare the expiry with the database's clock in the statement that looks the invite up.",
)
INVITE_FORWARDING = _invite(
    "forwarding",
    Severity.HIGH,
    "An invite for an address lets no other account in",
    "Whoever gets hold of the mail joins in the invited person's place.",
    "Compare the account's verified address with the invite's.",
)
INVITE_WORKSPACE = _invite(
    "workspace",
    Severity.HIGH,
    "An invite leads into its own organisation alone",
    "Who is invited to one organisation gets into another.",
    "Take the organisation from the invite, never from the request.",
)
INVITE_DUPLICATE = _invite(
    "duplicate",
    Severity.MEDIUM,
    "A member who accepts another invite is a member once, with the role they had",
    "People stand in the list twice, or change their own role by an old invite.",
    "Have the database keep one membership for each person and organisation, and leave the role as it is.",
)
INVITE_UNVERIFIED = _invite(
    "unverified",
    Severity.HIGH,
    "Who has not proven their address cannot accept an invite for it",
    "A stranger signs up with the invited person's address and joins.",
    "Refuse all but proving the address until that is done.",
)
INVITE_REVOKED = _invite(
    "revoked",
    Severity.HIGH,
    "An invite that was taken back is refused",
    "Somebody who was not to come any more comes in all the same.",
    "Delete the invite, or look at its state in the statement that takes it.",
)
INVITE_ROLE = _invite(
    "role",
    Severity.CRITICAL,
    "Nobody invites to a role above their own",
    "A member makes a second account of theirs an owner.",
    "Compare the invite's role with that of who makes it, on the server.",
)

MATRIX = (READS, WRITES, DELETES, ELSEWHERE, ANONYMOUS, ROLES, EXISTENCE)
INVITES = (
    INVITE_GUESSING,
    INVITE_REUSE,
    INVITE_EXPIRY,
    INVITE_FORWARDING,
    INVITE_WORKSPACE,
    INVITE_DUPLICATE,
    INVITE_UNVERIFIED,
    INVITE_REVOKED,
    INVITE_ROLE,
)
