"""Section ``launch-ready:readiness``: how the checks use the platform, and what they hold it to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.settings.calls import Calls, UrlPath
from core.settings.mailbox import LowerMailbox
from core.settings.names import RelativeName
from core.settings.section import Section, matching

Operation = Annotated[
    str,
    matching(
        r"(GET|POST|PUT|PATCH|DELETE) /[A-Za-z0-9._~/{}-]{0,199}",
        "a method and a path as the OpenAPI document has them, such as GET /api/orgs/{org_id}",
    ),
]


class Forms(Section):
    """The pages with the forms that people fill in. Fields are found by their type, buttons by their form."""

    signup: UrlPath | None = "/signup"
    """Makes an account."""
    login: UrlPath | None = "/login"
    """Signs in."""
    reset: UrlPath | None = "/reset"
    """Has a mail sent for a forgotten password."""


class Expired(Section):
    """What should be over by now: only that shows that the platform refuses it."""

    session: Annotated[str, Field(max_length=60)] | None = None
    """The stack's secret that is the value of a session's cookie that nobody has logged out of."""
    reset: Annotated[str, Field(max_length=60)] | None = None
    """The stack's secret that is the token of an unused link for a forgotten password."""


class AdminAccount(Section):
    """An administrator whom the checks may sign in as."""

    email: LowerMailbox
    """The account's address."""
    config_secret: Annotated[str, Field(max_length=60)] | None = None
    """The stack's secret that is its password; an account that is not there is made with it, where mail can be read.
    Without it, the password is set anew by mail, in each run: for a lab."""


class Imap(Section):
    """An inbox that the checks may read."""

    host: Annotated[str, Field(min_length=1, max_length=253)]
    """The server, by TLS (port 993)."""
    user: Annotated[str, Field(min_length=1, max_length=254)]
    """Who signs in there."""
    config_secret: Annotated[str, Field(min_length=1, max_length=60)]
    """The stack's secret that is the password."""
    address: LowerMailbox
    """What arrives there: with `+tag` before the @ too."""


class ErrorTracker(Section):
    """Where the events of the error tracker can be read, by Sentry's API."""

    events_url: Annotated[
        str,
        matching(
            r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/api/0/projects/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/events/",
            "https://NAME/api/0/projects/ORGANISATION/PROJECT/events/",
        ),
    ]
    """The project's list of events."""
    config_secret: Annotated[str, Field(min_length=1, max_length=60)]
    """The stack's secret that is a token with the scope `project:read`."""


class Promise(Section):
    """How often something may be done, whoever asks and from wherever."""

    requests: Annotated[int, Field(ge=1, le=140)]
    """How many are taken. The checks try that many and ten more."""
    seconds: Annotated[int, Field(ge=1, le=86_400)]
    """Over how long, which is also the longest that `Retry-After` may say."""


class AppLimits(Section):
    """What the platform limits by itself, beside the edge: by account, not by address. null where it does not."""

    failed_logins: Promise | None = Promise(requests=10, seconds=900)
    """Wrong passwords of one account."""
    resets: Promise | None = Promise(requests=5, seconds=3600)
    """Mails to one address with which a password is set anew."""
    invites: Promise | None = Promise(requests=30, seconds=3600)
    """Invites of one organisation."""
    posts: Promise | None = Promise(requests=120, seconds=60)
    """What one account writes for others to read."""


class Restore(Section):
    """A command that restores a backup into a place of its own, and says whether that went well by its exit status."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    """What is restored, such as `database`."""
    command: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(min_length=1)]
    """Its words, run in the project's folder without a shell. A line `backup of 2026-01-31T03:00:00Z` says how old."""
    seconds: Annotated[int, Field(ge=1, le=3600)] = 120
    """What it may take."""
    max_age_hours: Annotated[int, Field(ge=1, le=8784)] = 26
    """How old the backup may be."""


class Releasing(Section):
    """Who may release, and what shows that data would come back."""

    by: tuple[Annotated[str, Field(min_length=3, max_length=160)], ...] = ()
    """CI's identities as the record of releases has them, `user@host`, where `*` stands for any text: `ci@*`. The user
    is `LAUNCH_READY_WHO` where the job sets it."""
    last: Annotated[int, Field(ge=1, le=500)] = 20
    """How many of the last releases are looked at."""
    restores: Annotated[tuple[Restore, ...], Field(max_length=20)] = ()
    """The backups."""


class Readiness(Section):
    """How `invoke check` uses the platform, and what it holds it to."""

    site: RelativeName = "app"
    """The web name that people use the platform at."""
    openapi: UrlPath = "/openapi.json"
    """Where the API describes itself (OpenAPI 3)."""
    session_cookie: Annotated[str, Field(min_length=1, max_length=80)] = "__Host-session"
    """The session's cookie."""
    calls: Calls = Calls()
    """The platform's own calls."""
    forms: Forms = Forms()
    """The same for people with a browser; `null` where there is no such page."""
    pages: Annotated[tuple[UrlPath, ...], Field(min_length=1)] = ("/", "/login", "/signup")
    """The main pages, whose loading is measured."""
    shown_at: tuple[UrlPath, ...] = ("/orgs", "/orgs/{org_id}", "/orgs/{org_id}/spaces/{space_id}")
    """The pages that show what users write: names and posts."""
    echoing: tuple[UrlPath, ...] = ("/verify?token={text}", "/reset?token={text}", "/login?next={text}", "/?q={text}")
    """Pages that might show, or follow, something out of their own address."""
    app_limits: AppLimits = AppLimits()
    """What the platform limits by itself."""
    webhook_secret: Annotated[str, Field(min_length=1, max_length=60)] = "webhook-signing-key"  # noqa: S105 - a name
    """The stack's secret with which the sender of webhooks signs."""
    admin: AdminAccount | None = None
    """Who the checks sign in as to see what an administrator may."""
    admin_sees_all: bool = False
    """Whether administrators may reach what is the organisations', by the same calls."""
    owners_only: tuple[Operation, ...] = (
        "POST /api/orgs/{org_id}/spaces",
        "POST /api/orgs/{org_id}/invites",
        "GET /api/orgs/{org_id}/invites",
        "DELETE /api/orgs/{org_id}/invites/{invite_id}",
        "PATCH /api/orgs/{org_id}/members/{user_id}",
        "DELETE /api/orgs/{org_id}/spaces/{space_id}/posts/{post_id}",
        "DELETE /api/orgs/{org_id}/spaces/{space_id}/uploads/{upload_id}",
        "PUT /api/orgs/{org_id}/spaces/{space_id}/posts/{post_id}/pin",
        "DELETE /api/orgs/{org_id}/spaces/{space_id}/posts/{post_id}/pin",
    )
    """What a plain member must not do in their own organisation, on what its owner made: as the OpenAPI document has
    it."""
    roles: tuple[Annotated[str, Field(min_length=1, max_length=40)], ...] = ("member", "admin", "owner")
    """A membership's roles, weakest first."""
    mailbox: Imap | None = None
    """Where the mail to accounts of the checks arrives. The lab has its own."""
    errors: ErrorTracker | None = None
    """Where it can be seen that an error reaches the error tracker. The lab has its own."""
    bounces: LowerMailbox | None = None
    """Where mail of the platform's that cannot be delivered comes back to: the envelope's sender of what it sends."""
    refused: LowerMailbox | None = None
    """An address outside that is always refused, with `+tag` before the @ too: a message to it must come back."""
    session_days: Annotated[int, Field(ge=1, le=400)] = 30
    """The longest that a session may last, in days, before one signs in again."""
    reset_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """The longest that a link for a forgotten password may work, in minutes."""
    verify_hours: Annotated[int, Field(ge=1, le=168)] = 48
    """The longest that a link that proves an address may work, in hours."""
    expired: Expired | None = None
    """Kept from an account for tests, so that what is over can be seen to be refused. Each is used once a run."""
    releasing: Releasing = Releasing()
    """How releases are made, and what backups are worth."""
    requests_per_second: Annotated[int, Field(ge=1, le=100)] = 25
    """The most that one host is asked, all checks together; a web name is asked for all hosts behind it."""
    api_p95_ms: Annotated[int, Field(ge=1, le=60_000)] = 500
    """The 95th percentile of each flow, in milliseconds."""
    lcp_ms: Annotated[int, Field(ge=1, le=60_000)] = 2500
    """Largest Contentful Paint of each main page on an emulated mobile, in milliseconds."""
    cls: Annotated[float, Field(ge=0, le=10)] = 0.1
    """Cumulative Layout Shift of each main page."""
    page_kilobytes: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """What a main page may weigh, as transferred."""
