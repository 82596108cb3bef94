# shellcheck shell=sh disable=SC2154
# What serves now is what the next boot serves.
step_begins
if [ "$colour" = - ]; then
    rm -f "$srv/live"
else
    point "$srv/live" "slots/$colour"
fi
sync "$srv"
journal "$entry" || {
    [ "$must_record" = no ] || exit 1
    echo unrecorded
}
step_ends
echo committed
