# shellcheck shell=sh disable=SC2154
# From the mark to now (or until: a place in the log), by nginx's log: what the release answered, and what the one before it did. Requests, those of them that
# were 5xx, and how many took how long (BUCKET:COUNT). An answer that no release gave counts for whoever has the slot
# that was asked: the first tenths of s0 to s9 lead to this release.
trap 'rm -f "$heard"' EXIT
now_at=$(stat -c '%i %s' "$log")
[ "${now_at% *}" = "$inode" ] || offset=0
echo "mark $now_at"
[ "$until" != - ] || until=${now_at#* }
tail -c "+$((offset + 1))" "$log" | head -c "$((until > offset ? until - offset : 0))" |
    LC_ALL=C awk -v own="\"release\":\"$version\"" -v old="\"release\":\"$before\"" -v tenths="$tenths" '
        # To a twentieth of its size, so that a day of requests fits on a line.
        function bucket(ms) { return ms < 20 ? int(ms) : 20 + int(log(ms / 20) / log(1.05)) }
        function whose(    at) {
            if (index($0, own)) return "new"
            if (index($0, old)) return "old"
            if (!index($0, "\"release\":\"\"")) return ""
            if (at = match($0, /"upstream":"unix:[^"]*\/s[0-9]\.sock/))
                return substr($0, at + RLENGTH - 6, 1) < tenths ? "new" : "old"
            # Where nginx does not log whom it asked; what it answers by itself (maintenance) is nobody'\''s.
            return !index($0, "\"upstream\":") && bad ? "new" : ""
        }
        {
            bad = /"status":5[0-9][0-9],/
            if (!(who = whose())) next
            requests[who]++
            errors[who] += bad
            # A websocket takes as long as its visitor stays.
            if (/"status":101,/ || !(at = index($0, "\"seconds\":"))) next
            took[who, bucket(substr($0, at + 10) * 1000)]++
        }
        END {
            for (pair in took) {
                split(pair, part, SUBSEP)
                buckets[part[1]] = buckets[part[1]] " " part[2] ":" took[pair]
            }
            printf "requests %d %d%s\n", requests["new"], errors["new"], buckets["new"]
            printf "before %d %d%s\n", requests["old"], errors["old"], buckets["old"]
        }'
echo "socket $(stat -c '%i.%Z' "$run/$colour.sock" 2>/dev/null || echo -)"
if healthy; then echo healthy; else echo "unhealthy $answer"; fi
