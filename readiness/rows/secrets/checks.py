"""What is asked of a platform's secrets."""

from __future__ import annotations

from readiness.check import Check, Row, Severity

_ROW = Row.SECRETS
_ROTATE = (
    "Replace the secret where it is used (`invoke secrets.rotate`, or at whoever gave it), then close the finding in"
    " secrets-baseline.yaml: rewriting history takes it back from nobody who has it."
)

TREE = Check(
    "secrets.tree-clean",
    _ROW,
    Severity.CRITICAL,
    "No credential stands in the working tree",
    "Whoever can read the repository, or gets a copy of it, can use what stands there.",
    f"Take it out of the file and give it to the program by its environment. {_ROTATE}",
    ("ASVS 5.0.0 13.3.1",),
)
HISTORY = Check(
    "secrets.history-clean",
    _ROW,
    Severity.CRITICAL,
    "No credential stands in any commit, and every commit was looked at",
    "A file that was deleted is in every clone still: bots look through history first.",
    _ROTATE,
    ("ASVS 5.0.0 13.3.1",),
)
OWN_VALUES = Check(
    "secrets.own-values-apart",
    _ROW,
    Severity.CRITICAL,
    "None of the stack's own secrets stands in the repository, in any encoding",
    "A secret that is in use now is readable to whoever has the repository.",
    "Rotate it (`invoke secrets.rotate`): no baseline closes a value that is in use.",
    ("ASVS 5.0.0 13.3.1",),
)
BASELINE = Check(
    "secrets.baseline-kept",
    _ROW,
    Severity.LOW,
    "Every closed finding says who closed it, when and why, and still closes one",
    "A finding that nobody answers for hides the next one.",
    "Complete the entries of secrets-baseline.yaml, and take out those that close nothing.",
    ("ASVS 5.0.0 13.3.4",),
)
CI = Check(
    "secrets.ci-clean",
    _ROW,
    Severity.HIGH,
    "CI's files give secrets by reference, to nobody from outside, and print none",
    "Who may change a pipeline, or read its log, gets what it deploys with.",
    "Keep the value in the CI's own store and name it (`${{ secrets.NAME }}`); run nothing of a fork's with secrets.",
    ("ASVS 5.0.0 13.3.1",),
)
BUNDLE = Check(
    "secrets.bundle-clean",
    _ROW,
    Severity.CRITICAL,
    "What the site gives to browsers holds no credential",
    "Every visitor has it.",
    "Keep the call that needs the secret on the server; rotate what was served.",
    ("ASVS 5.0.0 13.3.1",),
)
MAPS = Check(
    "secrets.no-source-maps",
    _ROW,
    Severity.MEDIUM,
    "The site serves no source maps",
    "They give the unminified source, its comments and its paths to everybody.",
    "Leave them out of what is deployed, and give them to the error tracker alone.",
    ("ASVS 5.0.0 13.4.1",),
)
FILES = Check(
    "secrets.no-stray-files",
    _ROW,
    Severity.CRITICAL,
    "The site serves no .env, no .git, no backup and no key",
    "Bots ask for these every hour; .git gives all of the history away.",
    "Serve a folder that holds nothing but what is public, and have the edge refuse paths that begin with a dot.",
    ("ASVS 5.0.0 13.4.1", "ASVS 5.0.0 13.4.2"),
)
ARTEFACT = Check(
    "secrets.artefact-clean",
    _ROW,
    Severity.CRITICAL,
    "The live release's files hold no credential",
    "Every host, every copy of the artefact and whoever reads one has it.",
    "Name it in release.toml's `secrets`: it comes as a credential when the release starts.",
    ("ASVS 5.0.0 13.3.1",),
)
HOST_FILES = Check(
    "secrets.hosts-closed",
    _ROW,
    Severity.CRITICAL,
    "On the hosts no secret stands in a unit, an environment or a command line that others can read",
    "Any user and any program that breaks out of its own there reads it.",
    "Keep it in /etc/app/env (mode 600, root) or as a credential, and never in Environment= or an argument.",
    ("ASVS 5.0.0 13.3.1", "ASVS 5.0.0 13.3.4"),
)
LOGS = Check(
    "secrets.logs-clean",
    _ROW,
    Severity.CRITICAL,
    "The hosts' logs hold no secret, in any encoding",
    "Logs are read by more people, kept for longer and copied further than any store of secrets.",
    "Take it out of what is logged, rotate it, and let the logs that have it be vacuumed.",
    ("ASVS 5.0.0 16.2.5", "ASVS 5.0.0 13.3.1"),
)
AUDIT = Check(
    "secrets.as-declared",
    _ROW,
    Severity.HIGH,
    "Stores and hosts have the secrets that are declared, of the right age, and no others",
    "A secret that nobody answers for is never replaced, and one that is missing ends a release.",
    "`invoke secrets.audit` names each with its way out.",
    ("ASVS 5.0.0 13.3.1", "ASVS 5.0.0 13.3.4"),
)
