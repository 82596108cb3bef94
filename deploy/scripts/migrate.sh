# shellcheck shell=sh disable=SC2154
# Those that an earlier command left running end first: systemd would take a second start for the first.
exec 7>>"$launch/migrate"
flock 7
while systemctl is-active app-migrate@blue.service app-migrate@green.service 2>/dev/null | grep -qx activating; do
    sleep 0.2
done
step_begins
journal "$intent"
settle
sudo -n systemctl stop "app@$colour.service"
point "$srv/slots/$colour" "../releases/$version"
use_credentials
since=$(date +%s)
# They may hang, and a rollback waits for no step that does.
step_ends
if sudo -n systemctl start "app-migrate@$colour.service" 2>/dev/null; then
    # Whoever has the lock by now must know what the database was brought to.
    exec 8>>"$launch/step"
    flock -w 60 8 && journal "$entry"
    step_begins
    echo migrated
else
    echo unmigrated
    last_words "$since" "app-migrate@$colour.service"
fi
