# shellcheck shell=sh disable=SC1091,SC2154
# What the releaser sees of this host, then what root does.
. /etc/os-release
echo "system ${ID-} ${VERSION_ID-}"
if [ "$(systemd-detect-virt --container || true)" != none ]; then
    echo "clock container"
else
    echo "clock $(timedatectl show --property=NTPSynchronized --value 2>/dev/null || echo unknown)"
fi
if [ -w "$srv" ] && { [ ! -e "$srv/journal.jsonl" ] || [ -w "$srv/journal.jsonl" ]; }; then echo "journal writable"; fi
for path in "$srv" /var/log; do
    echo "disk $path $(df --output=pcent "$path" | tail -n 1)"
    echo "inodes $path $(df --output=ipcent "$path" | tail -n 1)"
done
[ ! -e /run/reboot-required ] || echo "reboot required"
newest=$(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' 2>/dev/null | sort -V | tail -n 1)
echo "kernel $(uname -r) ${newest#vmlinuz-}"
for slot in 0 1 2 3 4 5 6 7 8 9; do
    echo "slot $slot $(readlink "$run/s$slot.sock" || echo -)"
done
echo "current $(readlink "$run/current.sock" || echo -)"
echo "live $(readlink "$srv/live" || echo -)"
echo "held $(flock -n "$launch/lock" true 2>/dev/null && echo no || echo yes)"
if [ -x "$tools/audit" ]; then
    sudo -n "$tools/audit" || echo "failed-audit"
else
    echo "failed-audit"
fi
