# shellcheck shell=sh disable=SC2154
# Bring a release up in a colour that has no traffic. reuse=yes: as it is, if it answers; else started anew.
step_begins
[ -z "$entry" ] || journal "$entry" || [ "$must_record" = no ]
how=warm
if [ "$reuse" = no ] || ! healthy; then
    how=cold
    settle
    point "$srv/slots/$colour" "../releases/$version"
    use_credentials
    sudo -n systemctl restart "app@$colour.service" || true
fi
# Only now: what ran here before had its last words too.
since=$(date +%s.%3N)
step_ends
# What was unpacked reaches the disk while the release starts: a later power cut must not leave holes in it.
[ "$how" = warm ] || sync -f "$srv/releases" &
good=0
deadline=$(($(now) + timeout_ms))
[ "$how" = cold ] || good=$((passes - 1))
while :; do
    if healthy; then
        good=$((good + 1))
        [ "$good" -lt "$passes" ] || break
    else
        good=0
    fi
    if [ "$(now)" -ge "$deadline" ]; then
        echo "unhealthy $answer"
        last_words "$since" "app@$colour.service"
        exit 0
    fi
    sleep "$interval"
done
wait
[ -z "$seen" ] || {
    step_begins
    journal "$seen" || [ "$must_record" = no ]
}
echo "healthy $how"
