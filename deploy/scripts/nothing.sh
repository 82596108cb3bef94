# shellcheck shell=sh
preflight() { :; }
