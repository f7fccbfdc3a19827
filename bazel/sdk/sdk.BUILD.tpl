load("@rules_go//go:def.bzl", "go_sdk", "go_toolchain")

package(default_visibility = ["//visibility:public"])

go_sdk(
    name = "go_sdk",
    srcs = glob(
        ["src/**/*"],
        exclude = ["src/**/*_test.go", "src/**/testdata/**", "src/cmd/go/testdata/**"],
    ),
    go = "bin/go",
    goarch = "amd64",
    goos = "linux",
    headers = glob(["pkg/include/*.h"]),
    root_file = "ROOT",
    tools = glob(["pkg/tool/**", "go.env"]),
    version = "{version}",
)

go_toolchain(
    name = "toolchain",
    builder = "{stock}//:builder_reset",
    cgo_link_flags = ["-Wl,-whole-archive"],
    covdata = "{stock}//:covdata_reset",
    goarch = "amd64",
    goos = "linux",
    pack = "{stock}//:pack_reset",
    sdk = ":go_sdk",
    tags = ["manual"],
)
