# shellcheck shell=sh disable=SC2154
# The lock lives as long as this script does, and the script as long as the SSH channel: its input ends with it.
exec 9>>"$launch/lock"
flock -n 9 || {
    printf 'locked %s\n' "$(head -n 1 "$launch/lock")"
    exit 75
}
printf '%s\n' "$owner" >"$launch/lock"
step_begins
step_ends
facts
preflight
echo end
cat >/dev/null
: >"$launch/lock"
