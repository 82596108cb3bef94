# shellcheck shell=sh disable=SC2034,SC2154
# What every script starts with. commands.py sets srv, run, launch, tools and log before it.

# A step that a cut connection left running must end before the next one begins.
step_begins() {
    exec 8>>"$launch/step"
    flock -w 60 8 || {
        echo "failed a step of an earlier release is still running here"
        exit 75
    }
}

step_ends() {
    exec 8>&-
}

# One whole line, on the disk before this returns; a line that a power cut tore is closed first.
journal() {
    [ -z "$(tail -c 1 "$srv/journal.jsonl" 2>/dev/null)" ] || echo >>"$srv/journal.jsonl"
    printf '%s\n' "$1" >>"$srv/journal.jsonl" && sync "$srv/journal.jsonl"
}

# LINK TARGET: a rename, so that a reader sees the old target or the new one and never none.
point() {
    ln -sfn "$2" "$1.new" && mv -T "$1.new" "$1"
}

now() {
    date +%s%3N
}

# Until the colour has been without traffic for drain_ms: what nginx handed it last has then been accepted.
settle() {
    [ -S "$run/$colour.sock" ] && [ -L "$run/current.sock" ] || return 0
    left=$(($(stat -c %.3Y "$run/current.sock" | tr -d .) + drain_ms - $(now)))
    [ "$left" -le 0 ] || sleep "$(printf '%d.%03d' $((left / 1000)) $((left % 1000)))"
}

# Does this very release answer as it must on its own socket?
healthy() {
    answer=$(curl --silent --noproxy '*' --unix-socket "$run/$colour.sock" --max-time 5 --output /dev/null \
        --write-out '%{http_code} %header{x-release}' "http://app$health_path" || true)
    [ "$answer" = "$status $version" ]
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
