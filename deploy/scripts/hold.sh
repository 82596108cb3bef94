# shellcheck shell=sh disable=SC2034,SC2154
# The lock lives as long as this script does, and the script as long as the SSH channel: its input ends with it. A holder
# that is there but says nothing for lease_seconds has lost it all the same, to whoever asks next.
up_seconds() {
    read -r up _ </proc/uptime
    echo "${up%.*}"
}

# First line: the holder in JSON; second: until when, in seconds since the boot, which no clock's jump can move.
beat() {
    printf '%s\n%d %d\n' "$owner" $(($(up_seconds) + lease_seconds)) $$ >"$launch/lease.new"
    mv -T "$launch/lease.new" "$launch/lease"
}

# What the lease says: was, ends, holder. A holder that is only just beginning has none yet.
read_lease() {
    { IFS= read -r was && read -r ends holder; } <"$launch/lease"
} 2>/dev/null

# The holder has gone silent: end it, if it is still what holds the lock.
take_over() {
    read_lease && [ "$(up_seconds)" -gt "$ends" ] || return 1
    [ "$(readlink "/proc/$holder/fd/9")" = "$launch/lock" ] || return 1
    kill -KILL "$holder" && flock -w 5 9 || return 1
    printf 'took %s\n' "$was"
}

exec 9>>"$launch/lock"
flock -n 9 || take_over || {
    if read_lease; then printf 'locked %d %s\n' $((ends - $(up_seconds))) "$was"; else echo "locked 0 -"; fi
    exit 75
}
trap ': >"$launch/lease"; echo "$fence free" >"$launch/fence"' EXIT
# A number that grows and, for it starts anew with each boot, the boot's own name.
{ IFS= read -r last <"$launch/fence"; } 2>/dev/null || last=:0
last=${last##*:}
read -r boot </proc/sys/kernel/random/boot_id
fence=${boot%%-*}:$((${last%% *} + 1))
echo "$fence" >"$launch/fence.new"
mv -T "$launch/fence.new" "$launch/fence"
beat
number=0
step_begins
step_ends
echo "fence $fence"
facts
preflight
echo end
while IFS= read -r _; do
    beat
done
