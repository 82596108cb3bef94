# shellcheck shell=sh disable=SC2154
# A colour's log since $since, or since $cursor, with every secret of this host struck out before it leaves.
[ "$colour" != live ] || colour=$(basename "$(readlink "$run/current.sock" || echo -)" .sock)
case "$colour" in
blue | green) ;;
*)
    echo "failed nothing is live here: say --colour blue or green"
    exit 69
    ;;
esac
# Nothing leaves this host unredacted, and no silence is to be taken for an app that says nothing.
problem=$(sudo -n "$tools/env-redact" </dev/null 2>&1) || {
    printf '%s\n' "$problem" >&2
    exit 77
}
if [ -n "$cursor" ]; then
    set -- --after-cursor "$cursor"
else
    set -- --since "$since"
fi
journalctl --unit "app@$colour.service" "$@" --lines "$lines" --output short-iso-precise --utc --no-hostname --no-pager \
    --quiet --show-cursor | sudo -n "$tools/env-redact" | cut -c 1-2000 | sed -e 's/^-- cursor: /cursor /;t' -e 's/^/log /'
