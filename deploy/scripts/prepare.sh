# shellcheck shell=sh disable=SC2154
# A tar on standard input: prepare-host and what it installs. Run as root, or as a user that may become it.
become=
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || {
        echo "failed $(id -un) is not root, and may not become it by sudo without a password"
        exit 77
    }
    become="sudo -n"
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tar -xf - -C "$folder"
# A host that has its names keeps them, unless others were asked for.
if [ "$override" = no ] && [ -e /etc/nginx/snippets/app-listen.conf ]; then
    listen='' names=''
fi
$become env FILES="$folder" LISTEN="$listen" SERVER_NAMES="$names" sh "$folder/prepare-host" ${check:+"$check"} 2>&1
