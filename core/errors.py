"""One tree of errors that a user can mend.

Every message is one sentence that names the place, says what is wrong and what to do next, and holds no secret.
``tasks.py`` is the one place that turns these into an exit status.
"""

from __future__ import annotations


class LaunchReadyError(Exception):
    """The root: anything that ends a command with one sentence instead of a traceback."""

    exit_code = 1


class SettingsError(LaunchReadyError):
    """A stack's file has an unknown key, a bad value or lacks one. Holds every reason, not the first alone."""

    exit_code = 2


class ArtifactError(LaunchReadyError):
    """A release's tar or its ``release.toml`` cannot be trusted or understood."""

    exit_code = 2


class HostError(LaunchReadyError):
    """A host cannot be reached, is not who it was, or refused a command."""


class StoreError(LaunchReadyError):
    """A store of secrets cannot be reached, or does not give a secret out."""


class AfterError(LaunchReadyError):
    """Something that follows a release failed: a purge, a message. It is told, and ends no command."""


class LockedError(LaunchReadyError):
    """Somebody else is releasing to this host now."""

    exit_code = 3


class FencedError(LockedError):
    """This command has lost its lock to another, which decides from now on: it changed nothing after that."""


class HealthError(LaunchReadyError):
    """A release did not become healthy; traffic was left where it was."""

    exit_code = 4


class RevertedError(LaunchReadyError):
    """A release went live and was taken back by itself."""

    exit_code = 5


class RollbackError(LaunchReadyError):
    """The way back could not be taken or could not be verified."""

    exit_code = 6


class SplitError(LaunchReadyError):
    """Hosts serve different versions after all that could be done: the message names each."""

    exit_code = 7


class LiveError(LaunchReadyError):
    """Cloudflare's API does not say what is there, or not all of it: nothing was compared nor written."""


class LabError(LaunchReadyError):
    """The embedded lab cannot start, stop or answer."""


class EngineError(LaunchReadyError):
    """A Pulumi program or a step of its plan failed."""


class ReviewError(LaunchReadyError):
    """A preview that cannot be read, or a review that cannot be made."""


class CheckError(LaunchReadyError):
    """What a check needs is not there or does not answer: the checks that need it cannot tell."""


class NotReadyError(LaunchReadyError):
    """The platform is not ready: a check failed, or could not tell."""

    exit_code = 8
