# shellcheck shell=sh disable=SC2154
# A release on its way is in .incoming.TREE/release. What it must hold is in .incoming.TREE/contents, of which TREE is
# the SHA-256: a line an entry, sorted by path, of kind (d, f, x for a file to execute, l), SHA-256 or target, and path.
incoming=$srv/releases/.incoming.$tree
tab=$(printf '\t')
# Sorted by bytes, and tools that complain do so in words that are known here.
export LC_ALL=C

discard() {
    find "$1" -type d ! -perm -0700 -exec chmod u+rwx {} \;
    rm -rf "$1"
}

is_the_list() {
    [ "$(sha256sum <"$incoming/contents")" = "$tree  -" ]
}

# Files are links to those of other releases, so a mode that is right already is left alone, and no content is written.
normalise() {
    find "$incoming/release" -type d ! -perm 0755 -exec chmod 0755 {} \;
    find "$incoming/release" -type f -perm /0111 ! -perm 0555 -exec chmod 0555 {} +
    find "$incoming/release" -type f ! -perm /0111 ! -perm 0444 -exec chmod 0444 {} +
}

# Both print "SUM *./PATH". openssl, where there is one, knows how to have the processor do it.
sum="sha256sum --binary"
[ -z "$(command -v openssl)" ] || sum="openssl dgst -sha256 -r"

# KIND FIND-TEST...: the files that pass the test, as lines of that kind.
sums() {
    kind=$1
    shift
    # shellcheck disable=SC2086  # words
    find . -type f "$@" -exec $sum {} + | sed "s/^\(.\{64\}\) \*\.\//$kind$tab\1$tab/"
}

# What is there, read anew from the disk, as the list would have it.
found() {
    (
        cd "$incoming/release" || exit
        find . -mindepth 1 \( -type d -printf 'd\t-\t%P\n' -o -type l -printf 'l\t%l\t%P\n' -o \
            ! -type f -printf 'o\t-\t%P\n' \)
        sums x -perm /0111
        sums f ! -perm /0111
    ) | sort -t "$tab" -k 3
}
