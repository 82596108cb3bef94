# shellcheck shell=sh disable=SC2154
# What this host serves and keeps, a fact a line.
if ! [ -d "$srv/releases" ] || ! [ -d "$launch" ] || ! [ -x "$tools/probe" ]; then
    echo unprepared
    exit 69
fi
facts() {
    echo "live $(basename "$(readlink "$srv/live" || echo -)")"
    echo "current $(basename "$(readlink "$run/current.sock" || echo -)" .sock)"
    for colour in blue green; do
        echo "slot $colour $(basename "$(readlink "$srv/slots/$colour" || echo -)")"
        [ ! -S "$run/$colour.sock" ] || echo "socket $colour"
    done
    [ ! -L "$run/s9.sock" ] ||
        echo "tenths $(find "$run" -maxdepth 1 -name 's?.sock' -type l ! -lname current.sock | wc -l)"
    for file in "$srv"/releases/*/.launch/release.json; do
        [ ! -e "$file" ] || sed 's/^/release /' "$file"
    done
    [ ! -s "$launch/lease" ] || sed -n -e '1s/^/lease /p' -e '2s/^/leased /p' "$launch/lease"
    [ ! -s "$launch/cool" ] || echo "cool $(head -n 1 "$launch/cool")"
    echo "up $(cut -d. -f1 /proc/uptime)"
    [ ! -e "$srv/maintenance.html" ] || echo "maintenance on"
    say_head
    # awk ends a last line that a power cut left open
    [ ! -e "$srv/journal.jsonl" ] || tail -n 500 "$srv/journal.jsonl" | awk '{ print "journal " $0 }'
}
