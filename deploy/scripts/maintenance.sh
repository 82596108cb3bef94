# shellcheck shell=sh disable=SC2154
# on: the page comes on standard input. off: it goes. nginx looks at each request.
page=$srv/maintenance.html
if [ "$on" = yes ]; then
    cat >"$page.new"
    [ -s "$page.new" ] || {
        echo "failed no page arrived"
        exit 65
    }
    chmod 0644 "$page.new"
    mv -T "$page.new" "$page"
    echo on
else
    rm -f "$page"
    echo off
fi
# A line between the steps of whoever releases. What visitors see does not wait for it: the disk may be full.
exec 8>>"$launch/step"
{ flock -w 10 8 && journal "$entry" && say_head; } || echo unrecorded
