"""Which migrations there are, and which are still to be applied."""

from pathlib import Path

import pytest

from lab.app.community.migrate import Migration, MigrationError, read, unapplied

ONE, TWO = Migration(1, "0001_base.sql", "CREATE TABLE a ()"), Migration(2, "0002_more.sql", "CREATE TABLE b ()")


def test_the_apps_own_migrations_are_numbered_without_a_gap() -> None:
    assert [migration.version for migration in read()] == [1, 2]


@pytest.mark.parametrize("names", [["0002_b.sql"], ["0001_a.sql", "0003_c.sql"], ["0001_a.sql", "0001_b.sql"]])
def test_gaps_and_doubles_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(MigrationError, match="without a gap"):
        read(tmp_path)


def test_a_bad_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "first.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match=r"first\.sql is not named"):
        read(tmp_path)


def test_only_what_is_new_is_pending() -> None:
    assert unapplied([ONE, TWO], {}) == [ONE, TWO]
    assert unapplied([ONE, TWO], {1: ONE.sha256}) == [TWO]
    assert unapplied([ONE, TWO], {1: ONE.sha256, 2: TWO.sha256}) == []


def test_a_database_ahead_of_the_release_is_left_alone() -> None:
    assert unapplied([ONE], {1: ONE.sha256, 2: TWO.sha256}) == []


def test_a_file_changed_after_it_was_applied_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"0001_base\.sql was changed"):
        unapplied([ONE, TWO], {1: "0" * 64})
