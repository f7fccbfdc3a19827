package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// info is what cmd/go of go1.26 records, and want what rules_go 0.65 does.
const (
	info = "path\texample.org/m/cmd\nmod\texample.org/m\t(devel)\t\n" +
		"dep\texample.org/a\tv1.2.3\th1:abc=\ndep\texample.org/b\tv0.1.0\th1:def=\n" +
		"build\t-buildmode=exe\nbuild\t-compiler=gc\nbuild\t-ldflags=-s\nbuild\tGOOS=linux\n"
	want = "path\texample.org/m/cmd\n" +
		"dep\texample.org/a\tv1.2.3\t\ndep\texample.org/b\tv0.1.0\t\n" +
		"build\t-buildmode=exe\nbuild\t-compiler=gc\nbuild\t-trimpath=true\n" +
		"build\tCGO_ENABLED=0\nbuild\tGOARCH=amd64\nbuild\tGOOS=linux\nbuild\tGOAMD64=v1\n"
)

func TestRelabel(t *testing.T) {
	got, err := relabel(infoStart + info + infoEnd)
	if err != nil {
		t.Fatal(err)
	}
	if got != infoStart+want+infoEnd {
		t.Errorf("relabel = %q, want %q, framed", got, want)
	}
}

func TestRelabelRefusesAnotherFrame(t *testing.T) {
	for _, framed := range []string{"", info, infoStart + info, info + infoEnd} {
		if got, err := relabel(framed); err == nil {
			t.Errorf("relabel(%.20q) = %.20q, want an error", framed, got)
		}
	}
}

func TestRelabelFileChangesOneLine(t *testing.T) {
	name := filepath.Join(t.TempDir(), "importcfg.link")
	before := "packagefile fmt=/x/fmt.a\nmodinfo " + strconv.Quote(infoStart+info+infoEnd) + "\npackagefile os=/x/os.a\n"
	if err := os.WriteFile(name, []byte(before), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := relabelFile(name); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	after := strings.Replace(before, strconv.Quote(infoStart+info+infoEnd), strconv.Quote(infoStart+want+infoEnd), 1)
	if string(got) != after {
		t.Errorf("file = %q, want %q", got, after)
	}
}
