# shellcheck shell=sh disable=SC2154
# Move this host's traffic, then ask nginx itself who answers. Not yet for the next boot: that is the commit's part.
step_begins
[ -z "$entry" ] || journal "$entry" || [ "$must_record" = no ]
mark=$(stat -c '%i %s' "$log" 2>/dev/null || echo 0 0)
if [ "$colour" = - ]; then
    rm -f "$run/current.sock"
    slots_back
    echo "switched $mark -"
    exit 0
fi
point "$run/current.sock" "$colour.sock"
slots_back
step_ends
echo "switched $mark $(stat -c '%i.%Z' "$run/$colour.sock" 2>/dev/null || echo -)"
deadline=$(($(now) + timeout_ms))
while :; do
    answer=$("$tools/probe" "$health_path")
    [ "$answer" != "$status $version" ] || break
    if [ "$(now)" -ge "$deadline" ]; then
        echo "unverified $answer"
        exit 0
    fi
    sleep 0.05
done
echo verified
