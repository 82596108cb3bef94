# shellcheck shell=sh disable=SC2154
# Bring a release up in a colour that has no traffic. reuse=yes: as it is, if it answers; else started anew.
trap '[ ! -e "$heard" ] || rm "$heard"' EXIT
step_begins
[ -z "$entry" ] || journal "$entry" || [ "$must_record" = no ]

# Once each, in their order: its first visitors need not wait for what it does at a first time.
warm_up() {
    printf '%s\n' "$warm_paths" | while IFS= read -r path; do
        [ -n "$path" ] || continue
        left=$(((deadline - $(now)) / 1000 + 1))
        took=$(curl --silent --globoff --noproxy '*' --unix-socket "$run/$colour.sock" --max-time "$left" \
            --output /dev/null --write-out '%{http_code} %{time_total}' "http://app$path" || true)
        echo "warmed $path $took"
    done
}

# How the body of what was asked last begins, with the values of /etc/app/env struck out.
words() {
    head -c 300 "$heard" | tr -c '[:print:]' ' ' | sudo -n "$tools/env-redact" || true
}

# Is all well that it cannot do without? $missing has the first that is not, $said what that one answered.
depends() {
    missing=$(printf '%s\n' "$dependencies" | while read -r name path wanted; do
        [ -n "$name" ] || continue
        ask "$path"
        [ "${answer%% *}" = "$wanted" ] || { echo "$name $path $wanted ${answer%% *}" && break; }
    done)
    [ -z "$missing" ] || { said=$(words) && return 1; }
}

# Enough right answers in a row, and all that it depends on.
proven() {
    healthy || { good=0 && missing='' && return 1; }
    [ "$fresh" = no ] || warm_up
    fresh=no
    good=$((good + 1))
    [ "$good" -ge "$passes" ] || return 1
    depends || { good=0 && return 1; }
}

# Does it answer as it is? Nobody reads a body of which nothing is asked.
answers() {
    lacks=no
    if [ -n "$body" ]; then healthy; return; fi
    answer=$(glance "$health_path")
    [ "$answer" = "$status $version" ]
}

how=warm
if [ "$reuse" = no ] || ! answers; then
    how=cold
    settle
    point "$srv/slots/$colour" "../releases/$version"
    use_credentials
    sudo -n systemctl restart "app@$colour.service" || true
fi
# What is warm and depends on nothing is proven by now, within the step.
over=no
if [ "$how" = cold ] || [ -n "$dependencies" ]; then
    over=yes
    # Only now: what ran here before had its last words too.
    since=$(date +%s.%3N)
    step_ends
fi
# What was unpacked reaches the disk while the release starts: a later power cut must not leave holes in it.
if [ "$how" = cold ]; then sync -f "$srv/releases" & fi
good=0
fresh=no
missing=
deadline=$(($(now) + timeout_ms))
if [ "$how" = cold ]; then fresh=yes; else good=$((passes - 1)); fi
# What is warm was asked just now.
until { [ "$how" = warm ] && how=asked && depends; } || proven; do
    if [ "$(now)" -ge "$deadline" ]; then
        echo "unhealthy $answer"
        [ "$lacks" = no ] || echo lacks
        [ -z "$missing" ] || echo "missing $missing"
        [ -n "$missing" ] || said=$(words)
        echo "said $said"
        last_words "$since" "app@$colour.service"
        exit 0
    fi
    sleep "$interval"
done
wait
[ "$how" = cold ] || how=warm
[ -z "$seen" ] || {
    [ "$over" = no ] || step_begins
    journal "$seen" || [ "$must_record" = no ]
}
echo "healthy $how"
