# shellcheck shell=sh disable=SC2154
# What this host serves and keeps, a fact a line.
if ! [ -d "$srv/releases" ] || ! [ -d "$launch" ] || ! [ -x "$tools/probe" ]; then
    echo unprepared
    exit 69
fi
# Where every link leads, asked at once: one that is not there is said as such by nobody.
links() {
    find "$srv/live" "$srv/slots" "$run" -maxdepth 1 -type l -printf '%f %l\n' 2>/dev/null | {
        tenths=-
        while read -r name target; do
            case $name in
            live) echo "live ${target##*/}" ;;
            current.sock) echo "current ${target%.sock}" ;;
            blue | green) echo "slot $name ${target##*/}" ;;
            s?.sock)
                [ "$tenths" != - ] || tenths=0
                [ "$target" = current.sock ] || tenths=$((tenths + 1))
                ;;
            esac
        done
        [ "$tenths" = - ] || echo "tenths $tenths"
    }
}

# WORD NUMBER FILE: that line of a small file, if there is one, with the word before it; no program is started for it.
say() {
    [ -s "$3" ] || return 0
    {
        [ "$2" = 1 ] || IFS= read -r text || return 0
        IFS= read -r text || [ -n "$text" ] || return 0
    } <"$3"
    printf '%s %s\n' "$1" "$text"
}

facts() {
    links
    for colour in blue green; do
        [ ! -S "$run/$colour.sock" ] || echo "socket $colour"
    done
    for file in "$srv"/releases/*/.launch/release.json; do
        say release 1 "$file"
    done
    say lease 1 "$launch/lease"
    say leased 2 "$launch/lease"
    say cool 1 "$launch/cool"
    read -r up _ </proc/uptime
    echo "up ${up%.*}"
    [ ! -e "$srv/maintenance.html" ] || echo "maintenance on"
    say_head
    [ ! -e "$srv/journal.jsonl" ] || remembered
}

# The journal's last 500 lines, and of those before them what a way back turns on, however long ago that was: what was
# live for good, and what the database was brought to. awk ends a last line that a power cut left open.
remembered() {
    awk '
        function turns(text) {
            return index(text, "\"step\":\"done\"") || index(text, "\"step\":\"migrate\"") ||
                index(text, "\"action\":\"contract\"")
        }
        NR > 500 && turns(line[NR % 500]) { old[olds++ % 500] = line[NR % 500] }
        { line[NR % 500] = $0 }
        END {
            for (i = olds > 500 ? olds - 500 : 0; i < olds; i++) print "journal " old[i % 500]
            for (i = NR > 500 ? NR - 499 : 1; i <= NR; i++) print "journal " line[i % 500]
        }' "$srv/journal.jsonl"
}
