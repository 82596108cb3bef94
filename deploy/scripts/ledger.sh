# shellcheck shell=sh disable=SC2154
# A piece of the journal as it is, to the byte: packed, and in letters that no terminal and no decoder changes.
if ! [ -e "$srv/journal.jsonl" ]; then
    echo "size 0"
    echo "data $(gzip -c </dev/null | base64 -w 0)"
    exit 0
fi
echo "size $(stat -c %s "$srv/journal.jsonl")"
echo "data $(tail -c "+$((offset + 1))" "$srv/journal.jsonl" | head -c "$most" | gzip -c | base64 -w 0)"
