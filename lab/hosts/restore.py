"""``python -m lab.hosts.restore``: the lab's database dumped, restored beside itself, compared and dropped again.

It is what a stack's file names as a backup's command; the lab keeps no backups, so the one that is restored is of now.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from core.errors import LabError
from lab.hosts.host import DATABASE, DATABASE_NAME
from lab.hosts.inside import shell
from lab.place import here

_SECONDS = 60.0
_ASIDE = "restored_for_a_check"
_SCRIPT = f"""
set -eu
dump=$(mktemp)
trap 'rm -f "$dump"; dropdb --if-exists {_ASIDE}' EXIT
pg_dump --format=custom {DATABASE_NAME} >"$dump"
dropdb --if-exists {_ASIDE}
createdb {_ASIDE}
pg_restore --no-owner --no-privileges --exit-on-error --dbname={_ASIDE} "$dump"
rows() {{
    psql --tuples-only --no-align --quiet --dbname="$1" <<'EOF'
SELECT format('SELECT %L || '' '' || count(*) FROM %I.%I', tablename, schemaname, tablename)
FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename \\gexec
EOF
}}
rows {_ASIDE}
"""  # noqa: S608 - the names are our own


def main() -> int:
    """Returns the exit status."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        done = shell(
            here(), DATABASE, ["runuser", "-u", "postgres", "--", "sh", "-c", f"cd /; {_SCRIPT}"], seconds=_SECONDS
        )
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if done.returncode:
        print(f"error: {done.stderr.strip()[-400:]}", file=sys.stderr)
        return 1
    tables = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if " " in line)
    if not tables:
        print("error: no table came back", file=sys.stderr)
        return 1
    print(f"backup of {made}")
    print(f"{len(tables)} tables and {sum(map(int, tables.values()))} rows came back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
