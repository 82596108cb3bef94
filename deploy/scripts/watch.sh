# shellcheck shell=sh disable=SC2154
# Since the mark: requests that this release answered (or that nothing answered), and those of them that were 5xx.
now_at=$(stat -c '%i %s' "$log")
[ "${now_at% *}" = "$inode" ] || offset=0
echo "mark $now_at"
tail -c "+$((offset + 1))" "$log" | head -c "$((${now_at#* } - offset))" |
    awk -v own="\"release\":\"$version\"" '
        { bad = /"status":5[0-9][0-9],/ }
        index($0, own) || (bad && /"release":"",/) { requests++; errors += bad }
        END { printf "requests %d %d\n", requests, errors }'
echo "socket $(stat -c '%i.%Z' "$run/$colour.sock" 2>/dev/null || echo -)"
if healthy; then echo healthy; else echo "unhealthy $answer"; fi
