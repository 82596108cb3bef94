# shellcheck shell=sh disable=SC2154
# A part of the traffic goes to a colour that is healthy: the first tenths of the ten slots straight to its socket.
step_begins
[ -L "$run/s9.sock" ] || {
    echo "failed it has no slots for a canary: prepare it again with scripts/prepare-host, as root"
    exit 69
}
journal "$entry"
echo "mark $(stat -c '%i %s' "$log" 2>/dev/null || echo 0 0)"
for slot in 0 1 2 3 4 5 6 7 8 9; do
    target=current.sock
    [ "$slot" -ge "$tenths" ] || target=$colour.sock
    [ "$(readlink "$run/s$slot.sock")" = "$target" ] || point "$run/s$slot.sock" "$target"
done
echo "socket $(stat -c '%i.%Z' "$run/$colour.sock" 2>/dev/null || echo -)"
echo pointed
