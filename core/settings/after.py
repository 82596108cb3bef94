"""What follows a switch: which of the edge's cached copies go, and who is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.settings.base import Section, matching
from core.settings.credentials import Variable
from core.settings.names import HostName

UrlPath = Annotated[
    str, matching(r"/[A-Za-z0-9._~%!$&'()+,;=:@/-]*\*?", "a path such as /about, with * at its end for all below it")
]
Folder = Annotated[
    str, matching(r"(?!.*(^|/)\.\.?(/|$))[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", "a folder in the release, such as static")
]
Api = Annotated[str, matching(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._/-]*[A-Za-z0-9])?", "https://NAME/PATH")]


class Static(Section):
    """A folder of the release whose files are answered as they are."""

    folder: Folder
    """In the release, such as `static`."""
    path: Annotated[str, matching(r"/([A-Za-z0-9._~-]+/)*", "a path that begins and ends with a slash")]
    """Under which path they are asked for, such as `/static/`."""


class Purge(Section):
    """Which copies Cloudflare drops once the traffic has moved, on a deploy, a rollback and when one is taken back."""

    everything: bool = False
    """Whether all of the zone goes. The origin then gets every request until the edge has its copies again."""
    changed: tuple[Static, ...] = ()
    """Files in these folders that are not the same in the release before: of another content, new or gone."""
    paths: Annotated[tuple[UrlPath, ...], Field(max_length=100)] = ()
    """What goes each time: a path, or all below one (`/news/*`)."""
    hosts: Annotated[tuple[HostName, ...], Field(max_length=10)] = ()
    """The names to purge at; without them, the one in `url`."""

    @property
    def asked(self) -> bool:
        """Whether anything is to be purged at all."""
        return bool(self.everything or self.changed or self.paths)


class Slack(Section):
    """A message in a Slack channel, by an incoming webhook."""

    kind: Literal["slack"]
    """Which of the kinds it is."""
    url_env: Variable = "SLACK_WEBHOOK_URL"
    """The environment variable that holds the webhook's URL, which is a secret."""


class Webhook(Section):
    """A JSON document to a URL of yours, signed as https://www.standardwebhooks.com has it."""

    kind: Literal["webhook"]
    """Which of the kinds it is."""
    url_env: Variable
    """The environment variable that holds the URL."""
    secret_env: Variable
    """The environment variable that holds the key: `whsec_` and base64, or any text."""


class Github(Section):
    """A deployment on GitHub, with its status."""

    kind: Literal["github"]
    """Which of the kinds it is."""
    repository: Annotated[str, matching(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", "OWNER/NAME")]
    """OWNER/NAME."""
    ref: Annotated[str, matching(r"[A-Za-z0-9._/+-]*\{version\}[A-Za-z0-9._/+-]*", "a ref with {version} in it")] = (
        "v{version}"
    )
    """The tag or branch that a version was built from."""
    environment: Annotated[str, Field(min_length=1, max_length=64)] = "production"
    """What the environment is called there."""
    token_env: Variable = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
    """The environment variable that holds a token which may write deployments."""
    api: Api = "https://api.github.com"
    """The API's address, for an Enterprise server."""


class Sentry(Section):
    """A release and its deploy in Sentry."""

    kind: Literal["sentry"]
    """Which of the kinds it is."""
    organization: Annotated[str, matching(r"[a-z0-9_-]{1,64}", "the organization's slug")]
    """The organization's slug."""
    projects: Annotated[
        tuple[Annotated[str, matching(r"[a-z0-9_-]{1,64}", "a project's slug")], ...], Field(min_length=1)
    ]
    """The projects' slugs."""
    release: Annotated[
        str, matching(r"[A-Za-z0-9._+@-]*\{version\}[A-Za-z0-9._+@-]*", "a name with {version} in it")
    ] = "{version}"
    """What the release is called there, such as `community@{version}`: as the app's own SDK is told."""
    environment: Annotated[str, matching(r"[^\s/]{1,64}", "a name without space and slash")] = "production"
    """What the environment is called there."""
    token_env: Variable = "SENTRY_AUTH_TOKEN"  # noqa: S105 - the name of a variable
    """The environment variable that holds a token with the scope `project:releases`."""
    api: Api = "https://sentry.io"
    """The server's address, for one of your own or another region."""


Marker = Annotated[Slack | Webhook | Github | Sentry, Field(discriminator="kind")]
