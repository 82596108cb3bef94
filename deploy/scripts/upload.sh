# shellcheck shell=sh disable=SC2154
# What the host lacks comes on standard input. A folder that is not whole never has the release's name. One that was
# cut short stays for the next try, which reads each of its files before it trusts it.
step_begins
umask 022
is_the_list || {
    echo "failed the list of the release's contents is not there any more: run the same command again"
    exit 65
}
# A file that is there may be a link to one of a kept release: it is never written to.
said=$(tar -xzf - -C "$incoming/release" --skip-old-files --no-same-owner --no-same-permissions 2>&1) || {
    case $said in *"No space left"*) discard "$incoming" ;; esac
    printf 'failed the release did not arrive whole: %s\n' \
        "$(printf '%s\n' "$said" | grep -m 1 'No space left' || printf '%s\n' "$said" | head -n 1)"
    exit 74
}
[ ! -e "$incoming/release/.launch" ] || discard "$incoming/release/.launch"
normalise
found >"$incoming/found"
cmp -s "$incoming/contents" "$incoming/found" || {
    wrong=$(diff "$incoming/contents" "$incoming/found" | grep -m 1 '^[<>]' | cut -f 3)
    discard "$incoming"
    printf 'failed the release did not arrive as it was sent: %s\n' "$wrong"
    exit 65
}
mkdir "$incoming/release/.launch"
mv "$incoming/contents" "$incoming/release/.launch/contents"
printf '%s\n' "$run_script" >"$incoming/release/.launch/run"
[ -z "$migrate_script" ] || printf '%s\n' "$migrate_script" >"$incoming/release/.launch/migrate"
printf '%s\n' "$release_json" >"$incoming/release/.launch/release.json"
[ -z "$contract_script" ] || printf '%s\n' "$contract_script" >"$incoming/release/.launch/contract"
for file in run migrate contract; do
    [ ! -e "$incoming/release/.launch/$file" ] || chmod 0755 "$incoming/release/.launch/$file"
done
mv -T "$incoming/release" "$srv/releases/$version"
rm -rf "$incoming"
echo "kept $version"
