# shellcheck shell=sh disable=SC2154
# Stop a colour that has no traffic, and bring back what it held before (restore: a version, or - for nothing).
step_begins
[ "$(readlink "$run/current.sock")" != "$colour.sock" ] || {
    echo "failed it was not stopped: it has the traffic here"
    exit 75
}
settle
sudo -n systemctl stop "app@$colour.service"
if [ "$restore" != - ]; then
    point "$srv/slots/$colour" "../releases/$restore"
    use_credentials
    sudo -n systemctl restart "app@$colour.service" || true
    # It is warm again once it answers at all; a release that never does must not hold this up.
    tries=100
    while [ "$tries" -gt 0 ] && ! curl --silent --noproxy '*' --unix-socket "$run/$colour.sock" --max-time 2 \
        --output /dev/null http://app/; do
        tries=$((tries - 1))
        sleep 0.05
    done
fi
journal "$entry" || echo unrecorded
say_head
echo withdrawn
