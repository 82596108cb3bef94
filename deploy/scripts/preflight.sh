# shellcheck shell=sh disable=SC2154
preflight() {
    echo "space $(df --output=avail,itotal,iavail -B1 "$srv/releases" | tail -n 1)"
    if problem=$(sudo -n nginx -t -q 2>&1); then
        echo "nginx ok"
    else
        printf 'nginx %s\n' "$(printf '%s' "$problem" | grep -m 1 emerg || printf '%s' "$problem" | head -n 1)"
    fi
    sudo -n "$tools/env-names" | sed 's/^/env /'
    # The last one, however long ago that was.
    grep -aF '"action":"drill","step":"done"' "$srv/journal.jsonl" 2>/dev/null | tail -n 1 | sed 's/^/drill /'
}
