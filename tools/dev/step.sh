# shellcheck shell=bash disable=SC2154 # cache is lib.sh's
# The machinery of setup.sh: one step at a time, whole or not at all, with progress and reasons.

minimum_kib=$((4 * 1024 * 1024)) # what a first setup may need at most
setup_started=$SECONDS step_pid='' steps_done=0

# lock: waits until no other setup works on this cache. The lock ends with the last process of a step, so that
# also what a killed setup left running is waited for.
lock() {
  exec 9> "$cache/lock"
  flock -n 9 || { say "another ./dev is setting up the tools; waiting for it"; flock 9; }
}

# key NAME INPUT...: the hash of a step's code and inputs.
key() {
  { declare -f "make_$1"; printf '%s\n' "${@:2}"; } | hash
}

# step NAME WHAT INPUT...: makes the folder NAME-KEY by make_NAME FOLDER INPUT..., unless it is there, and
# sets NAME_dir to it. WHAT is for people.
step() {
  local name=$1 what=$2 dir log status=0 started=$SECONDS
  shift 2
  dir=$cache/$name-$(key "$name" "$@")
  printf -v "${name}_dir" %s "$dir"
  [ ! -d "$dir" ] || return 0

  check_space
  [ "$steps_done" != 0 ] || say "getting the tools into $cache (once; about 2 minutes)"
  steps_done=$((steps_done + 1))
  log=$cache/log/$name.log
  mkdir -p "$dir.part"
  # In the background, where bash heeds set -e, and in a process group of its own, to be stopped as one.
  set -m
  (
    trap - INT TERM HUP
    set -euo pipefail
    "make_$name" "$dir.part" "$@"
    mv -T "$dir.part" "$dir" # here, so that it is not lost if only the setup is killed
  ) < /dev/null > "$log" 2>&1 &
  step_pid=$!
  set +m
  watch_step "$what" "$log"
  wait "$step_pid" || status=$?
  step_pid=''
  if [ "$status" != 0 ]; then
    tail -n 15 "$log" | sed 's/^/  | /' >&2
    die "$what: failed. $(explain "$log")" "the whole log is $log; what is done stays done, run the command again to go on"
  fi
  say "$(printf '%4d s  %s' $((SECONDS - started)) "$what")"
}

# watch_step WHAT LOG: until the step ends, shows on a terminal what it does now.
watch_step() {
  local started=$SECONDS line
  if [ ! -t 2 ]; then
    say "        $1 ..."
    return
  fi
  while kill -0 "$step_pid" 2> /dev/null; do
    line=$(tail -c 400 "$2" 2> /dev/null | tr '\r' '\n' | tail -n 1 | tr -cd '[:print:]')
    printf '\r\033[Kdev: %4d s  %s: %.60s' $((SECONDS - started)) "$1" "$line" >&2
    sleep 0.5
  done
  printf '\r\033[K' >&2
}

# stop_step: ends the running step and all it started.
stop_step() {
  trap - INT TERM HUP
  [ -z "$step_pid" ] || { kill -TERM -- "-$step_pid" && wait "$step_pid"; } 2> /dev/null || :
  say "interrupted; what is done stays done, run the command again to go on"
  exit 130
}

# explain LOG: why a step may have failed, in words, from what its programs say.
explain() {
  if grep -qsE 'No space left on device|not have enough free space' "$1"; then
    echo "The disk is full: $(df -Ph "$cache" | awk 'NR == 2 { print $4 }') free in $cache."
  elif grep -qsE 'Could not resolve|Temporary failure (in name )?resol|no such host|Network is unreachable|Connection (refused|timed out|failed)|Unable to connect|dial tcp|i/o timeout|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|No matching distribution found|Failed getting release file|Couldn.t download' "$1"; then
    echo "A server could not be reached: is the network up, and are the mirror of apt, GOPROXY, the registry of npm and the index of pip right?"
  elif grep -qsE 'Invalid Release signature|NO_PUBKEY|not signed|unknown key|SECURITY ERROR|checksum mismatch|EINTEGRITY|Hash Sum mismatch|DO NOT MATCH THE HASHES|computed checksum' "$1"; then
    echo "Something fetched is not what was signed; a mirror or proxy in between changes files."
  else
    echo "The log tells why."
  fi
}

# check_space: dies if the disk cannot hold the tools.
check_space() {
  local free
  free=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$minimum_kib" ] ||
    die "no disk space: $((free / 1024)) MiB free for $cache, $((minimum_kib / 1024)) MiB needed" \
      "make room, or choose another place by UNIKERNEL_AI_CACHE"
}

# check_go: dies without a go command that can fetch modules and toolchains.
check_go() {
  local version
  command -v go > /dev/null || die "no go command on PATH: install Go 1.21 or later (Debian: golang-go)"
  version=$(cd / && go env GOVERSION)
  case $version in
    go1.[0-9] | go1.[0-9].* | go1.1[0-9]* | go1.20*) die "$version is too old: Go 1.21 or later is needed" ;;
  esac
}

# finish: forgets what no checkout has used for a month, and reports if there was something to do.
finish() {
  local dir used
  while read -r used; do rm -f -- "$used" "${used%.used}"; done < <(find "$cache/ready" -name '*.used' -mtime +30)
  for dir in "$cache"/{base,root,modules,registry,npm,models,nix}-*; do
    [ ! -d "$dir" ] || grep -qsF -- "$dir" "$cache"/ready/* || rm -rf -- "$dir"
  done
  [ "$steps_done" = 0 ] || say "ready after $((SECONDS - setup_started)) s: $(du -sh "$cache" 2> /dev/null | cut -f1) in $cache"
}
