# shellcheck shell=sh disable=SC2154
# Which files below a folder are not the same in two releases: of another content, gone or new.
sums() {
    cd "$srv/releases/$1/$folder" 2>/dev/null || return 0
    find . -type f -print0 | sort -z | xargs -0 -r sha256sum
}
[ -d "$srv/releases/$before" ] || {
    echo "failed $before is not kept here any more"
    exit 1
}
mine=$(mktemp -d)
trap 'rm -rf "$mine"' EXIT
(sums "$before") | sort >"$mine/before"
(sums "$version") | sort >"$mine/after"
# A name that sha256sum had to escape (it begins the line with a backslash) is no path that a browser asks for.
comm -3 "$mine/before" "$mine/after" | sed -n 's/^\t\{0,1\}[0-9a-f]\{64\}  \.\//file /p' | sort -u
echo compared
