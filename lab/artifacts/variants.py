"""The releases that the lab deploys: which parts of the app each has, and which schema it lives with."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "community"


@dataclass(frozen=True)
class Variant:
    """One release. ``parts`` are modules of ``lab/app/community/parts``; its migrations are those up to ``target``."""

    key: str
    version: str
    parts: tuple[str, ...]
    minimum: int
    maximum: int
    target: int

    def release_toml(self) -> str:
        """The release's own description (docs/artifact.md)."""
        return (
            f'name = "{NAME}"\n'
            f'version = "{self.version}"\n'
            'command = ["bin/serve"]\n'
            'health_path = "/healthz"\n'
            'environment = ["DATABASE_URL"]\n'
            'secrets = ["SESSION_KEY", "WEBHOOK_SIGNING_KEY"]\n'
            "\n[migrations]\n"
            'command = ["bin/migrate"]\n'
            "\n[schema]\n"
            f"minimum = {self.minimum}\nmaximum = {self.maximum}\ntarget = {self.target}\n"
        )


VARIANTS = (
    Variant("v1", "1.0.0", (), minimum=1, maximum=2, target=1),
    Variant("v2", "2.0.0", ("pins",), minimum=2, maximum=2, target=2),
    Variant("unhealthy", "3.0.0", ("pins", "search"), minimum=2, maximum=2, target=2),
    Variant("turns-bad", "4.0.0", ("pins", "quota"), minimum=2, maximum=2, target=2),
)

# Built when it is asked for alone: with the faults that the readiness checks must find (lab/app/community/faults).
FAULTY = Variant("faulty", "5.0.0", ("pins", "faults"), minimum=2, maximum=2, target=2)
