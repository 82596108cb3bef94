# shellcheck shell=sh disable=SC2154
# The list comes on standard input. Answer which of its lines this host has no content for, and gather what it has:
# from an upload of this release that was cut, and as links from the releases that are kept.
step_begins
umask 022
for old in "$srv"/releases/.incoming.* "$srv"/releases/.pruned.*; do
    [ "$old" = "$incoming" ] || [ ! -d "$old" ] || discard "$old"
done
rm -rf "$incoming/plan"
mkdir -p "$incoming/release" "$incoming/plan"
gzip -dc >"$incoming/contents"
is_the_list || {
    discard "$incoming"
    echo "failed the list of the release's contents arrived with other content than was sent"
    exit 65
}
normalise
cd "$srv/releases" || exit
set --
for list in ./*/.launch/contents; do
    [ ! -f "$list" ] || set -- "$@" "$list"
done
# plan/same.VERSION: the same path there; plan/moved: another path there and the path here.
awk -F '\t' -v plan="$incoming/plan" '
    FILENAME == ARGV[1] { if ($1 ~ /^[fx]$/) { wanted[$0]; needed[$1 $2] } next }
    FNR == 1 { kept = FILENAME; sub(/^\.\//, "", kept); sub(/\/.*/, "", kept) }
    !(($1 $2) in needed) { next }
    ($0 in wanted) && !($0 in same) { same[$0]; print $3 >(plan "/same." kept) }
    !(($1 $2) in at) { at[$1 $2] = kept "/" $3 }
    END {
        for (line in wanted) {
            split(line, part, "\t")
            if (!(line in same) && (part[1] part[2]) in at) print at[part[1] part[2]] "\t" part[3] >(plan "/moved")
        }
    }' "$incoming/contents" "$@"
# What cannot be linked is not there below, and so is sent: no reason to stop.
for plan in "$incoming"/plan/same.*; do
    [ -e "$plan" ] || continue
    (cd "./${plan#"$incoming"/plan/same.}" &&
        xargs -d '\n' -a "$plan" cp -l --parents -t "$incoming/release" --) 2>/dev/null || true
done
if [ -e "$incoming/plan/moved" ]; then
    while IFS=$tab read -r from to; do
        case $to in */*) mkdir -p "$incoming/release/${to%/*}" ;; esac
        ln "./$from" "$incoming/release/$to" 2>/dev/null || true
    done <"$incoming/plan/moved"
fi
# No list is believed: each content is read, and what is not as it must be goes.
found >"$incoming/found"
awk -F '\t' -v wrong="$incoming/plan/wrong" '
    FILENAME == ARGV[1] { wanted[$0]; line[FNR] = $0; lines = FNR; next }
    $0 in wanted { have[$0]; next }
    $1 != "d" { print $3 >wrong }
    END {
        for (i = 1; i <= lines; i++) {
            if (line[i] !~ /^[fx]\t/) continue
            if (!(line[i] in have)) { if (!first) first = i; last = i; continue }
            if (first) print "lacks " first "-" last
            first = 0
        }
        if (first) print "lacks " first "-" last
    }' "$incoming/contents" "$incoming/found"
if [ -e "$incoming/plan/wrong" ]; then
    (cd "$incoming/release" && xargs -d '\n' -a "$incoming/plan/wrong" rm -f --)
fi
rm -rf "$incoming/plan" "$incoming/found"
echo asked
