# shellcheck shell=sh disable=SC2154
step_begins
slots_back
journal "$entry" || echo unrecorded
for version in $prune; do
    mv -T "$srv/releases/$version" "$srv/releases/.pruned.$version"
    rm -rf "$srv/releases/.pruned.$version"
done
echo finished
