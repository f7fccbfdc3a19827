#!/bin/bash
# inside.sh N FOLDER... CMD...: the last step of entering the tools, in a mount namespace of its own: makes ROOT_INSIDE
# the root file system, with the N folders in it, and becomes CMD.
#
# pivot_root, not chroot: the kernel refuses user namespaces to a process whose root is not its namespace's, and the
# sandboxes of Bazel and Nix need them.
set -euo pipefail
folder=$PWD
binds=("${@:2:$1}")
shift $(($1 + 1))
root=$ROOT_INSIDE

# One mount command for all: a process each would take longer than what is asked for.
fstab=''
bind() { fstab+="${1// /\\040} $root${2// /\\040} none ${3:-rbind}"$'\n'; }
bind "$root" ''
for d in /proc /sys /dev "${binds[@]}"; do
  bind "$d" "$d"
  [ -d "$root$d" ] || mkdir -p "$root$d"
done
bind "$NIX_INSIDE" /nix bind
for f in /etc/resolv.conf /etc/hosts /etc/pip.conf ${PIP_CONFIG_FILE-} ${CERTIFICATES_INSIDE-/etc/ssl/certs/ca-certificates.crt}; do
  [ -e "$f" ] || continue
  [ -e "$root$f" ] || { mkdir -p "$root${f%/*}" && : > "$root$f"; }
  bind "$f" "$f" bind
done
for d in /nix /.old; do [ -d "$root$d" ] || mkdir -p "$root$d"; done
list=$HOME/fstab.$$
printf '%s' "$fstab" > "$list"
mount --all --fstab "$list"
rm -f "$list"

export PATH=$PATH_INSIDE
unset ROOT_INSIDE PATH_INSIDE NIX_INSIDE CERTIFICATES_INSIDE
cd "$root"
pivot_root . .old
cd /
umount -l /.old
cd "$folder" 2> /dev/null || { echo "dev: error: $folder is not visible among the tools; see ./dev --help" >&2; exit 1; }
type -P -- "$1" > /dev/null || { echo "dev: error: no command $1 among the tools" >&2; exit 127; }
exec "$@"
