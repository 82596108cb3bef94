# shellcheck shell=sh disable=SC2154
# The artefact comes on standard input. A folder that is not whole never has the release's name.
step_begins
umask 022
rm -rf "$srv"/releases/.incoming.* "$srv"/releases/.pruned.*
incoming=$(mktemp -d "$srv/releases/.incoming.XXXXXX")
trap 'rm -rf "$incoming"' EXIT
cat >"$incoming/artifact"
printf '%s  %s\n' "$digest" "$incoming/artifact" | sha256sum --check --status || {
    echo "failed the artefact arrived with other content than was sent"
    exit 65
}
mkdir "$incoming/release"
tar -xzf "$incoming/artifact" -C "$incoming/release" --no-same-owner --no-same-permissions
rm "$incoming/artifact"
mkdir "$incoming/release/.launch"
printf '%s\n' "$run_script" >"$incoming/release/.launch/run"
[ -z "$migrate_script" ] || printf '%s\n' "$migrate_script" >"$incoming/release/.launch/migrate"
printf '%s\n' "$release_json" >"$incoming/release/.launch/release.json"
chmod -R a+rX,go-w "$incoming/release"
for file in run migrate; do
    [ ! -e "$incoming/release/.launch/$file" ] || chmod 0755 "$incoming/release/.launch/$file"
done
mv -T "$incoming/release" "$srv/releases/$version"
echo "kept $version"
