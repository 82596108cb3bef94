# shellcheck shell=sh disable=SC2154
# After the facts: how the live release is now, and what an incident turns on.
colour=$(basename "$(readlink "$run/current.sock" || echo -)" .sock)
record=$srv/slots/$colour/.launch/release.json
path=$(sed -n 's/.*"health_path": *"\([^"]*\)".*/\1/p' "$record" 2>/dev/null || true)
path=${path:-/}
echo "health $(glance "$path")"
echo "nginx $("$tools/probe" "$path" || true)"
for each in blue green; do
    echo "in-flight $each $(sudo -n "$tools/in-flight" "$each" 2>/dev/null || echo -)"
done
echo "disk $(df --output=pcent,avail -B1 "$srv" | tail -n 1)"
# Of the last five minutes what is since the last switch: what came before it is not of what is live now.
now=$(date +%s)
since=$((now - 300))
moved=$(stat -c %Y "$run/current.sock" 2>/dev/null || echo 0)
if [ "$moved" -gt "$since" ] && [ "$moved" -le "$now" ]; then since=$moved; fi
tail -n 100000 "$log" 2>/dev/null | awk -v since="$since" '
    match($0, /"at":[0-9]+/) && substr($0, RSTART + 5, RLENGTH - 5) >= since {
        requests++
        # The maintenance page is no error of a release.
        if (/"status":5[0-9][0-9],/ && !/"status":503,.*"upstream":"",/) errors++
    }
    END { printf "recent %d %d\n", requests, errors }'
