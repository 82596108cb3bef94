# shellcheck shell=sh disable=SC2154
# Stop a colour that has no traffic, and bring back what it held before (restore: a version, or - for nothing).
step_begins
settle
sudo -n systemctl stop "app@$colour.service"
if [ "$restore" != - ]; then
    point "$srv/slots/$colour" "../releases/$restore"
    sudo -n systemctl restart "app@$colour.service" || true
fi
journal "$entry" || echo unrecorded
echo withdrawn
