// Toolexec makes the go command's link step record what Bazel's rules_go
// records, so that both link the same bytes. It is for go build -toolexec, as
// flake.nix calls it:
//
//	toolexec TOOL ARGS...
//
// The linker gets "GOROOT" for GOROOT, and the build information that rules_go
// writes. Other tools run as they are.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("toolexec: ")
	if len(os.Args) < 2 {
		log.Fatal("usage: toolexec TOOL ARGS...")
	}
	args := os.Args[1:]
	if i := slices.Index(args, "-importcfg"); filepath.Base(args[0]) == "link" && i > 0 && i+1 < len(args) {
		if err := relabelFile(args[i+1]); err != nil {
			log.Fatal(err)
		}
		if err := os.Setenv("GOROOT", "GOROOT"); err != nil {
			log.Fatal(err)
		}
	}
	log.Fatal(syscall.Exec(args[0], args, os.Environ()))
}

// relabelFile relabels the build information in a linker's import
// configuration.
func relabelFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		quoted, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "modinfo ")
		if !ok {
			continue
		}
		framed, err := strconv.Unquote(quoted)
		if err != nil {
			return fmt.Errorf("%s: modinfo: %w", name, err)
		}
		if framed, err = relabel(framed); err != nil {
			return fmt.Errorf("%s: modinfo: %w", name, err)
		}
		lines[i] = fmt.Sprintf("modinfo %q\n", framed)
	}
	return os.WriteFile(name, []byte(strings.Join(lines, "")), 0o666)
}

// The frame that cmd/go puts around the text of debug.BuildInfo (cmd/go
// internal/modload: infoStart, infoEnd).
const (
	infoStart = "0w\xaf\f\x92t\b\x02A\xe1\xc1\a\xe6\xd6\x18\xe6"
	infoEnd   = "\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2"
)

// settings are the ones that rules_go records for an image, in its order.
var settings = []debug.BuildSetting{
	{Key: "-buildmode", Value: "exe"},
	{Key: "-compiler", Value: "gc"},
	{Key: "-trimpath", Value: "true"},
	{Key: "CGO_ENABLED", Value: "0"},
	{Key: "GOARCH", Value: "amd64"},
	{Key: "GOOS", Value: "linux"},
	{Key: "GOAMD64", Value: "v1"},
}

// relabel turns the framed build information of cmd/go into that of rules_go:
// the same main package and modules, without the modules' sums and the main
// module, and with rules_go's settings.
func relabel(framed string) (string, error) {
	text, startOK := strings.CutPrefix(framed, infoStart)
	text, endOK := strings.CutSuffix(text, infoEnd)
	if !startOK || !endOK {
		return "", fmt.Errorf("not framed as by cmd/go of go1.26: %.40q", framed)
	}
	info, err := debug.ParseBuildInfo(text)
	if err != nil {
		return "", err
	}
	info.GoVersion, info.Main, info.Settings = "", debug.Module{}, settings
	for _, dep := range info.Deps {
		dep.Sum = ""
	}
	return infoStart + info.String() + infoEnd, nil
}
