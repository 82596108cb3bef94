# shellcheck shell=sh disable=SC2154
step_begins
slots_back
journal "$entry" || echo unrecorded
say_head
if [ "$cool" != - ] && [ "$warm_seconds" != 0 ] && [ -S "$run/$cool.sock" ]; then
    # By the time since the boot, which no clock's jump can move; after a boot it does not run any more.
    echo "$cool $(($(now) / 1000 + warm_seconds))" >"$launch/cool.new"
    mv -T "$launch/cool.new" "$launch/cool"
elif [ "$cool" != - ] && [ -e "$launch/cool" ]; then
    rm "$launch/cool"
fi
for version in $prune; do
    mv -T "$srv/releases/$version" "$srv/releases/.pruned.$version"
    rm -rf "$srv/releases/.pruned.$version"
done
echo finished
