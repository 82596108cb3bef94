# shellcheck shell=sh disable=SC2154
step_begins
journal "$intent"
settle
sudo -n systemctl stop "app@$colour.service"
point "$srv/slots/$colour" "../releases/$version"
use_credentials
since=$(date +%s)
if sudo -n systemctl start "app-migrate@$colour.service" 2>/dev/null; then
    journal "$entry"
    echo migrated
else
    echo unmigrated
    last_words "$since" "app-migrate@$colour.service"
fi
