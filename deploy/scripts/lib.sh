# shellcheck shell=sh disable=SC2034,SC2154
# What every script starts with. commands.py sets srv, run, launch, tools and log before it.

# A step that a cut connection left running must end before the next one begins; whoever lost the lock since then must
# not go on: $fence is what its holder was given, $number counts its steps.
step_begins() {
    exec 8>>"$launch/step"
    flock -w 60 8 || {
        echo "failed a step of an earlier release is still running here"
        exit 75
    }
    { IFS= read -r shown <"$launch/fence" && [ "$shown" = "$fence" ]; } 2>/dev/null || {
        printf 'fenced %s\n' "$(head -n 1 "$launch/lease" 2>/dev/null)"
        exit 77
    }
    newest=0
    { read -r whose newest <"$launch/last" && [ "$whose" = "$fence" ]; } 2>/dev/null || newest=0
    [ "$number" -ge "$newest" ] || {
        echo "failed it came late: this command has done a later step there since"
        exit 75
    }
    printf '%s %d\n' "$fence" "$number" >"$launch/last"
}

step_ends() {
    exec 8>&-
    chained=no
}

# One whole line, chained to the one before and on the disk before this returns. A line that a power cut tore is closed
# first and stays in the chain. $1 is a JSON object; its number and the SHA-256 of what is before are added at its end.
journal() {
    ledger=$srv/journal.jsonl
    known_head || {
        # A power cut may leave zeros at the end, which a variable does not hold.
        [ -z "$(tail -c 1 "$ledger" 2>/dev/null | tr '\0' x)" ] || echo >>"$ledger" || return 1
        seq=$(wc -l 2>/dev/null <"$ledger" || echo 0)
        head=$(head_of "$ledger")
        size=$(stat -c %s "$ledger" 2>/dev/null || echo 0)
    }
    chained=no
    line="${1%\}},\"seq\":$seq,\"prev\":\"$head\"}"
    printf '%s\n' "$line" >>"$ledger" && sync "$ledger" || return 1
    head=$(printf %s "$line" | sha256sum)
    head=${head%% *}
    # The line is ASCII: its characters are its bytes.
    size=$((size + ${#line} + 1)) seq=$((seq + 1)) chained=yes
    printf '%d %d %s\n' "$size" "$seq" "$head" >"$launch/head"
}

# What the last step noted of the journal: $size in bytes, $seq of the next line, $head. Not once anything else was
# written there, and not after a boot. Of what this step itself wrote nothing needs to be read.
chained=no
known_head() {
    [ "$chained" = no ] || return 0
    { read -r size seq head <"$launch/head"; } 2>/dev/null && [ "$(stat -c %s "$ledger" 2>/dev/null)" = "$size" ]
}

# The SHA-256 of a journal's last line. One without a link of its own (torn, or from before the chain) takes the lines
# before it along, back to one that has: or nothing would bind that one.
head_of() {
    last=$(tail -n 1 "$1" 2>/dev/null | tr -d '\0')
    case $last in
    *'"prev":"'*'"}') printf %s "$last" ;;
    *) sed "\$a\\" "$1" 2>/dev/null | tac | sed '/"prev":"[0-9a-f]*"}$/q' | tac | tr -d '\n' ;;
    esac | sha256sum | cut -c 1-64
}

# What the journal's last line is, for whoever witnesses it.
say_head() {
    ledger=$srv/journal.jsonl
    [ -e "$ledger" ] || return 0
    known_head || head=$(head_of "$ledger")
    echo "head $head"
}

# LINK TARGET: a rename, so that a reader sees the old target or the new one and never none.
point() {
    ln -sfn "$2" "$1.new" && mv -T "$1.new" "$1"
}

# Milliseconds since the boot: no jump of the clock moves it.
now() {
    read -r up _ </proc/uptime
    echo "${up%.*}${up#*.}0"
}

# Every slot follows the one link again: what a canary had of the traffic is given back.
slots_back() {
    find "$run" -maxdepth 1 -name 's?.sock' -type l ! -lname current.sock | while IFS= read -r slot; do
        point "$slot" current.sock
    done
}

# Wait, without the step's lock, until nothing is open on the colour any more, at most until drain_ms after it lost its
# traffic. What is then still open is said.
settle() {
    slots_back
    [ -S "$run/$colour.sock" ] && [ -L "$run/current.sock" ] || return 0
    lost=$(stat -c %.3Y "$run/current.sock" "$run"/s?.sock 2>/dev/null | tr -d . | sort -n | tail -n 1)
    left=$((lost + drain_ms - $(date +%s%3N)))
    # A link's time is the clock's, and that may have been set back since.
    [ "$left" -le "$drain_ms" ] || left=$drain_ms
    drained_at=$(($(now) + left))
    step_ends
    while :; do
        open=$(sudo -n "$tools/in-flight" "$colour" 2>/dev/null || echo unknown)
        if [ "$open" = 0 ] || [ "$(now)" -ge "$drained_at" ]; then break; fi
        sleep 0.1
    done
    case "$open" in 0 | unknown) ;; *) echo "cut $open" ;; esac
    step_begins
}

# Ask this very release for a path on its own socket. $answer is its status and X-Release; the file $heard has the start
# of its body.
heard=$launch/heard.$$
ask() {
    answer=$({
        curl --silent --globoff --noproxy '*' --unix-socket "$run/$colour.sock" --max-time 5 --output - \
            --write-out '%{stderr}%{http_code} %header{x-release}' "http://app$1" | head -c 65536 >"$heard"
    } 2>&1 || true)
}

# As ask, where nobody reads the body: status and X-Release are printed.
glance() {
    curl --silent --globoff --noproxy '*' --unix-socket "$run/$colour.sock" --max-time 5 --output /dev/null \
        --write-out '%{http_code} %header{x-release}' "http://app$1" 2>/dev/null || true
}

# Does it answer as it must?
healthy() {
    lacks=no
    ask "$health_path"
    [ "$answer" = "$status $version" ] || return 1
    [ -z "$body" ] || grep -qaF -e "$body" "$heard" || lacks=yes
    [ "$lacks" = no ]
}

# The unit's last words since $1 (seconds), with the values of /etc/app/env struck out before they leave the host.
last_words() {
    journalctl --unit "$2" --since "@$1" --lines 15 --output cat --no-pager 2>/dev/null |
        sudo -n "$tools/env-redact" | cut -c 1-400 | sed 's/^/log /' || true
}

# What systemd hands to the release in this slot: the secrets that were kept with its version, or none.
use_credentials() {
    [ ! -x "$tools/credentials" ] || sudo -n "$tools/credentials" use "$colour"
}
