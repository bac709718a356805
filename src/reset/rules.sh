# Changes rules by what is on stdin: for iptables, and after a line `== 6` for ip6tables.
set -eu
changes=$(mktemp)
trap 'rm -f "$changes"' EXIT
cat >"$changes"
sed '/^== 6$/,$d' "$changes" | iptables-restore --noflush
sed -e '/^== 6$/,$!d' -e '/^== 6$/d' "$changes" | ip6tables-restore --noflush
