# shellcheck shell=sh disable=SC2154
# A kept release, without what this host added to it, on standard output.
cd "$srv/releases/$version" || exit
exec tar --anchored --exclude=./.launch -I 'gzip -1' -cf - .
