# shellcheck shell=sh disable=SC2154
# What no kept release needs any more is taken out of the database, by the live release. No colour is touched.
step_begins
[ -x "$srv/slots/$colour/.launch/contract" ] || {
    echo "failed the release in $colour has no contract"
    exit 69
}
journal "$intent"
since=$(date +%s)
if problem=$(sudo -n systemctl start "app-contract@$colour.service" 2>&1); then
    journal "$entry"
    echo contracted
else
    case "$problem" in *"not found"* | *"not allowed"* | *"password is required"*)
        journal "$refused" && echo "failed it has no unit for contracts: prepare it again with scripts/prepare-host, as root"
        exit 69 ;;
    esac
    journal "$refused"
    echo uncontracted
    last_words "$since" "app-contract@$colour.service"
fi
