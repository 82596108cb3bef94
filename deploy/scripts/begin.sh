# shellcheck shell=sh disable=SC2154
step_begins
journal "$entry"
slots_back
echo begun
