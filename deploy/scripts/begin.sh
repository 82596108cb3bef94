# shellcheck shell=sh disable=SC2154
step_begins
journal "$entry"
echo begun
