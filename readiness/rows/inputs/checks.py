"""What is asked about input and uploads."""

from __future__ import annotations

from functools import partial

from readiness.check import Row, Severity, check_of

_INPUT = ("ASVS 5.0.0 2.2.1", "ASVS 5.0.0 2.2.2")
_UPLOAD = ("ASVS 5.0.0 5.2.1", "ASVS 5.0.0 5.2.2")
_SERVED = ("ASVS 5.0.0 5.3.1", "ASVS 5.0.0 5.3.2")


_check = partial(check_of, Row.INPUTS)


SERVER_ERRORS = _check(
    "server-errors",
    Severity.HIGH,
    "No operation of the API breaks at generated input",
    "What answers 500 to odd input was not thought of: behind it are lost writes, and often an injection.",
    "Run schemathesis with the seed that the evidence names, mend each operation, and answer 4xx.",
    *_INPUT,
    "OWASP API8:2023",
)
SCHEMA = _check(
    "answers-as-described",
    Severity.LOW,
    "The API's answers are as its document describes them",
    "Clients that were made from the document break, and fields come out that nobody decided to show.",
    "Give each operation an answer model, and describe what it returns.",
    "OWASP API3:2023",
    "OWASP API9:2023",
)
INVALID_DATA = _check(
    "invalid-data",
    Severity.MEDIUM,
    "What the API's document forbids is refused",
    "Values that nobody checked are stored, and break what reads them later.",
    "Check type, length and range of every value where it comes in, and refuse with 4xx.",
    *_INPUT,
)
AUTH_IGNORED = _check(
    "session-ignored",
    Severity.CRITICAL,
    "What is answered to a session is not answered without it",
    "Anybody reads and changes what is meant for users who signed in.",
    "Demand the session in one place that every route passes, and list the public ones.",
    "ASVS 5.0.0 8.2.1",
    "OWASP API2:2023",
)
STORED_XSS = _check(
    "stored-markup",
    Severity.CRITICAL,
    "What users write never becomes markup for others",
    "One post takes over the session of everybody who reads it.",
    "Let the template engine escape everything, allow no raw HTML, and keep a strict Content-Security-Policy.",
    "ASVS 5.0.0 1.2.1",
    "CWE-79",
)
REFLECTED_XSS = _check(
    "reflected-markup",
    Severity.HIGH,
    "What stands in an address never becomes markup",
    "A link that somebody clicks runs script in their session.",
    "Escape what a page takes out of its address, in error pages too.",
    "ASVS 5.0.0 1.2.1",
    "CWE-79",
)
TEMPLATE = _check(
    "template-injection",
    Severity.CRITICAL,
    "What users write is never run as a template",
    "Whoever writes a name or a post runs code on the hosts.",
    "Hand user text to templates as values, and never build a template from it.",
    "ASVS 5.0.0 1.3.7",
    "CWE-1336",
)
SQL = _check(
    "sql-injection",
    Severity.CRITICAL,
    "No value reaches the database as SQL",
    "Whoever writes a search reads, changes and deletes everything.",
    "Give values to the database as parameters of the statement, everywhere.",
    "ASVS 5.0.0 1.2.4",
    "CWE-89",
)
HEADER = _check(
    "header-injection",
    Severity.HIGH,
    "No value adds a header to an answer or a mail, or sends a visitor elsewhere",
    "Caches are poisoned, cookies planted, mail goes out to addresses of an attacker's, links lead to a false login.",
    "Refuse control characters in all that goes into a header, and follow relative addresses only.",
    "ASVS 5.0.0 1.3.11",
    "CWE-93",
    "CWE-601",
)
OVERSIZED = _check(
    "oversized-body",
    Severity.MEDIUM,
    "A body that is too large is refused",
    "A few clients fill memory and database.",
    "Bound bodies (nginx client_max_body_size, and the framework's own), and the length of every field.",
    "OWASP API4:2023",
    "CWE-770",
)
DEEP = _check(
    "deep-body",
    Severity.MEDIUM,
    "Deep, wide and outsized JSON is refused, and quickly",
    "A small request takes the parser's stack or seconds of a core.",
    "Bound the size of bodies before they are parsed, and answer 4xx where the parser gives up.",
    "OWASP API4:2023",
    "CWE-674",
)
WRONG_TYPES = _check(
    "wrong-types",
    Severity.MEDIUM,
    "Values of another type than meant are refused",
    "Objects in the place of texts reach queries, and numbers in the place of texts break what reads them.",
    "Validate with a strict model, and refuse with 4xx.",
    *_INPUT,
)
CONTENT_TYPE = _check(
    "content-type",
    Severity.MEDIUM,
    "JSON is read only where the request says that it is JSON",
    "Another site's form can send what only scripts of the platform may: it needs no preflight as text/plain.",
    "Refuse other content types with 415.",
    "ASVS 5.0.0 4.1.1",
    "ASVS 5.0.0 3.5.1",
)
UNICODE = _check(
    "odd-text",
    Severity.MEDIUM,
    "NUL, lone surrogates, broken UTF-8 and direction overrides do no harm",
    "A text that was taken cannot be read again, and a name shows itself as somebody else's.",
    "Refuse control characters, surrogates and bidirectional overrides in names, and broken UTF-8 everywhere.",
    *_INPUT,
    "CWE-176",
)
COLLISION = _check(
    "address-collision",
    Severity.CRITICAL,
    "An address that only looks the same is no way into an account",
    "Who signs up with a look-alike address takes over the account of the real one.",
    "Compare addresses in one normal form (lower case, NFC), unique in the database; send to the stored address only.",
    "ASVS 5.0.0 6.2.4",
    "CWE-289",
)
UPLOAD_SERVED = _check(
    "upload-served",
    Severity.CRITICAL,
    "No upload runs as script in the platform's pages",
    "A picture that is a page takes over the session of whoever opens it.",
    "Serve uploads as attachment with nosniff, or from another registered domain.",
    *_SERVED,
)
UPLOAD_TYPE = _check(
    "upload-type",
    Severity.HIGH,
    "An upload's type is told by its content, not by its name",
    "A page called photo.png, or a picture called photo.html, is served as what it says.",
    "Look at the first bytes, allow a list of types, and serve all else as application/octet-stream.",
    *_UPLOAD,
)
UPLOAD_NAME = _check(
    "upload-name",
    Severity.MEDIUM,
    "A file's name is no path",
    "Files are written, or saved by whoever downloads them, where the sender says.",
    "Refuse slashes, control characters and dots alone; store under a name of your own.",
    *_SERVED,
    "CWE-22",
)
UPLOAD_PRIVATE = _check(
    "upload-metadata",
    Severity.MEDIUM,
    "Pictures lose what they say of where they were taken",
    "Users tell everybody where they live.",
    "Take EXIF, XMP and comments out of pictures when they come in.",
    "ASVS 5.0.0 14.2.8",
)
UPLOAD_BOMB = _check(
    "upload-bomb",
    Severity.MEDIUM,
    "Archives and pictures that grow when they are opened do no harm",
    "A few kilobytes take all memory of a host.",
    "Look at a picture's dimensions before decoding it; do not open archives, or bound what comes out of them.",
    *_UPLOAD,
    "CWE-409",
)
WEBHOOK_SIGNATURE = _check(
    "webhook-signature",
    Severity.CRITICAL,
    "A webhook without a right signature is refused",
    "Anybody says that they have paid.",
    "Verify the signature over id, time and raw body (Standard Webhooks), in constant time, before anything is read.",
    "OWASP API10:2023",
    "CWE-345",
)
WEBHOOK_REPLAY = _check(
    "webhook-replay",
    Severity.HIGH,
    "A webhook counts once",
    "Who has seen one sends it again, and it counts again.",
    "Keep the ids of webhooks for longer than their tolerance, and answer 409 to one that is known.",
    "OWASP API10:2023",
    "CWE-294",
)
WEBHOOK_STALE = _check(
    "webhook-stale",
    Severity.MEDIUM,
    "A webhook whose time is long past, or far ahead, is refused",
    "An old message that leaked is good for ever.",
    "Refuse what is more than five minutes off the clock (Standard Webhooks).",
    "OWASP API10:2023",
    "CWE-294",
)
