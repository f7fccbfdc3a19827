# shellcheck shell=bash
# What ./dev and its setup share: messages, the cache's folder, keys, and entering the tools' root.
# The caller has set top, the checkout's folder.

say() { printf 'dev: %s\n' "$*" >&2; }
die() { printf 'dev: error: %s\n' "$@" >&2; exit 1; }

cache=${UNIKERNEL_AI_CACHE:-${XDG_CACHE_HOME:-~/.cache}/unikernel-ai}

# namespaces: the options of unshare with which this user may mount things. Root needs no user namespace.
namespaces=(--mount --propagation private)
user=$EUID
[ "$user" = 0 ] || namespaces=(--user --map-root-user --map-auto "${namespaces[@]}")

# hash: a short name for the bytes on standard input.
hash() {
  local sum
  sum=$(sha256sum)
  printf '%s' "${sum:0:16}"
}

# inputs_key: names the state of everything that decides what ./dev fetches.
inputs_key() {
  shopt -s globstar nullglob
  local files=("$top/MODULE.bazel" "$top"/tools/dev/**)
  local f list=()
  for f in "${files[@]}"; do [ -d "$f" ] || list+=("${f#"$top/"}"); done
  (cd -- "$top" && sha256sum -- "${list[@]}") | hash
}

# ensure_ready: sets root_dir, modules_dir, registry_dir, npm_dir, models_dir and nix_dir, after getting what is missing.
# The file ready/KEY names the folders; it is written last, so if it is there, they are whole.
ensure_ready() {
  local ready
  ready=$cache/ready/$(inputs_key)
  root_dir='' modules_dir='' registry_dir='' npm_dir='' models_dir='' nix_dir=''
  # shellcheck disable=SC1090
  if [ -r "$ready" ] && . "$ready" &&
    [ -d "$root_dir" ] && [ -d "$modules_dir" ] && [ -d "$registry_dir" ] && [ -d "$npm_dir" ] && [ -d "$models_dir" ] && [ -d "$nix_dir" ]; then
    echo > "$ready.used" # a time stamp, see finish
    return
  fi
  check_user
  EUID_OUTSIDE=$EUID unshare "${namespaces[@]}" -- /bin/bash "$top/tools/dev/setup.sh" "$ready" || exit
  # shellcheck disable=SC1090
  . "$ready"
}

# check_user: dies unless this user may make the mounts that entering the tools needs.
check_user() {
  local err system
  system="$(uname -s) on $(uname -m)"
  [ "$system" = "Linux on x86_64" ] || die "the tools are for Linux on x86_64; this is $system"
  err=$(unshare "${namespaces[@]}" -- true 2>&1) && return
  if [ "$user" = 0 ]; then
    die "root may not make mount namespaces here: $err" \
      "in a container, start it with the right to (CAP_SYS_ADMIN)"
  fi
  die "not root, and no user namespaces with subordinate ids: $err" \
    "run ./dev as root, or install uidmap, give this user a range in /etc/subuid and /etc/subgid," \
    "and allow unprivileged user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)"
}

# enter ROOT CMD...: becomes CMD in the root file system ROOT, in this folder and with this machine's Go.
enter() {
  local root=$1 goroot path
  shift
  {
    read -r goroot
    read -r GOMODCACHE
    read -r GOPATH
    read -r GOPROXY
    read -r GOSUMDB
    read -r GONOPROXY
    read -r GONOSUMDB
    read -r GOINSECURE
  } < <(cd / && GOTOOLCHAIN=local exec go env GOROOT GOMODCACHE GOPATH GOPROXY GOSUMDB GONOPROXY GONOSUMDB GOINSECURE)
  export GOMODCACHE GOPATH GOPROXY GOSUMDB GONOPROXY GONOSUMDB GOINSECURE
  make_folders "$GOMODCACHE" "$cache/home" "$cache/nix"

  path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/libexec:$goroot/bin
  export PATH_INSIDE=${registry_dir:+$registry_dir/bin:}${npm_dir:+$npm_dir/bin:}$path ROOT_INSIDE=$root NIX_INSIDE=$cache/nix
  export UNIKAI_MODELS=${UNIKAI_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/unikai/models} # where unikai model get keeps them
  make_folders "$UNIKAI_MODELS" 2> /dev/null || : # or what that brings would stay among the tools
  # Where ./dev keeps the models that tests use; none while it is being set up.
  [ -z "${models_dir-}" ] || export UNIKAI_TEST_MODELS=${UNIKAI_TEST_MODELS:-$models_dir}
  export PIP_CONFIG_FILE=${PIP_CONFIG_FILE:-${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf} # the index of this user's choice
  [ -e "$PIP_CONFIG_FILE" ] || unset PIP_CONFIG_FILE
  checkout_of "$PWD"
  # shellcheck disable=SC2086 # a list
  visible "$PWD" "$checkout" "$top" /tmp "${TMPDIR:-/tmp}" "$goroot" "$GOMODCACHE" "${GOPATH%%:*}" "$cache" "$UNIKAI_MODELS" "${UNIKAI_TEST_MODELS-}" ${UNIKERNEL_AI_BIND-}
  export HOME=$cache/home UNIKERNEL_AI_CACHE=$cache UNIKERNEL_AI_INSIDE=1
  export NIX_CONFIG='experimental-features = nix-command flakes
build-users-group =
substituters =
flake-registry =
sandbox = true
sandbox-fallback = false'
  exec unshare "${namespaces[@]}" -- /bin/bash "$top/tools/dev/inside.sh" "${#seen[@]}" "${seen[@]}" "$@"
}

# make_folders FOLDER...: mkdir -p, without a process for those that are there.
make_folders() {
  local d
  for d; do [ -d "$d" ] || mkdir -p -- "$d"; done
}

# checkout_of FOLDER: sets checkout to the git checkout or worktree around a folder, or to "".
checkout_of() {
  checkout=$1
  while [ -n "$checkout" ] && [ ! -e "$checkout/.git" ]; do checkout=${checkout%/*}; done
}

# visible FOLDER...: sets the list seen to those that exist, absolute, none inside another. The machine's own
# system folders stay out: the tools' root has its own.
visible() {
  local d e all=() back=$PWD
  for d; do
    if [ -z "$d" ] || ! cd -P -- "$d" 2> /dev/null; then continue; fi
    case $PWD in
      / | /usr | /etc | /bin | /sbin | /lib | /lib64 | /var | /dev | /proc | /sys | /nix) ;;
      *) all+=("$PWD") ;;
    esac
    cd -- "$back" || exit
  done
  seen=()
  for d in "${all[@]}"; do
    for e in "${all[@]}"; do [[ $d = "$e" || $d != "$e"/* ]] || continue 2; done
    for e in "${seen[@]}"; do [ "$d" != "$e" ] || continue 2; done
    seen+=("$d")
  done
}

# clean: stops the Bazel servers of this cache and removes it.
clean() {
  local pid file
  [ -z "${UNIKERNEL_AI_INSIDE-}" ] || die "clean: not from inside; leave the shell first"
  [ -e "$cache" ] || { say "nothing to clean: $cache does not exist"; return; }
  [ -e "$cache/made-by-dev" ] || die "clean: $cache was not made by ./dev: remove it yourself"
  exec 9> "$cache/lock"
  flock -n 9 || die "clean: another ./dev is setting up the tools"
  for file in "$cache"/bazel/*/server/server.pid.txt; do
    [ -r "$file" ] || continue
    pid=$(< "$file")
    # The number may belong to something else by now.
    if [ -n "$pid" ] && grep -qsF -- "$cache/bazel" "/proc/$pid/cmdline"; then
      kill "$pid" 2> /dev/null || :
      for _ in {1..50}; do [ -e "/proc/$pid" ] || break; sleep 0.1; done
    fi
  done
  # shellcheck disable=SC2016 # for the inner bash
  unshare "${namespaces[@]}" -- /bin/bash -c 'chmod -R u+rwX -- "$1" 2> /dev/null; rm -rf -- "$1"' clean "$cache"
  say "removed $cache"
}
