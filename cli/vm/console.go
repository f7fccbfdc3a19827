package vm

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"
)

// A Line is a line of the guest's console.
type Line struct {
	At   time.Time // when its end arrived
	Text string    // without the line's end
}

const (
	maxLines   = 4096    // kept; older ones are forgotten
	maxLineLen = 4 << 10 // bytes; a longer line is cut into several
	tailLines  = 12      // shown in errors
)

// A console keeps the last lines of what a guest writes.
type console struct {
	raw  io.Writer  // gets every byte, or nil
	line func(Line) // gets every line, or nil

	part []byte // the line that has not ended; only the pump uses it

	mu      sync.Mutex
	lines   []Line        // guarded by mu
	changed chan struct{} // guarded by mu; closed at each new line
	dropped int           // guarded by mu; lines forgotten
}

func newConsole(raw io.Writer, line func(Line)) *console {
	return &console{raw: raw, line: line, changed: make(chan struct{})}
}

// pump reads the console until its end. A raw writer that fails gets no more,
// the lines are kept all the same: the guest must never wait for its reader.
func (c *console) pump(r io.Reader) {
	buf := make([]byte, 4<<10)
	for {
		n, err := r.Read(buf)
		now := time.Now()
		if c.raw != nil && n > 0 {
			if _, err := c.raw.Write(buf[:n]); err != nil {
				c.raw = nil
			}
		}
		c.add(now, buf[:n])
		if err != nil {
			break
		}
	}
	if len(c.part) > 0 {
		c.end(time.Now())
	}
}

// add cuts what has come into lines.
func (c *console) add(now time.Time, b []byte) {
	for len(b) > 0 {
		text, rest, ended := bytes.Cut(b, []byte("\n"))
		if free := maxLineLen - len(c.part); len(text) > free {
			text, rest, ended = b[:free], b[free:], true
		}
		c.part = append(c.part, text...)
		b = rest
		if ended {
			c.end(now)
		}
	}
}

// end notes the line that is now complete.
func (c *console) end(now time.Time) {
	l := Line{now, strings.TrimSuffix(string(c.part), "\r")}
	c.part = c.part[:0]
	c.mu.Lock()
	if len(c.lines) == maxLines {
		half := maxLines / 2
		c.lines = append(c.lines[:0], c.lines[half:]...)
		c.dropped += half
	}
	c.lines = append(c.lines, l)
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
	if c.line != nil {
		c.line(l)
	}
}

// since returns the lines from number n on that are still kept, the number
// after the last, and a channel that is closed when there are more.
func (c *console) since(n int) (lines []Line, next int, more <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := min(max(n-c.dropped, 0), len(c.lines))
	lines = append(lines, c.lines[from:]...)
	return lines, c.dropped + len(c.lines), c.changed
}

// tail returns the last lines, indented, for an error.
func (c *console) tail() string {
	lines, _, _ := c.since(0)
	if len(lines) == 0 {
		return "the console is empty"
	}
	var b strings.Builder
	b.WriteString("the console ends with:")
	for _, l := range lines[max(0, len(lines)-tailLines):] {
		b.WriteString("\n    " + l.Text)
	}
	return b.String()
}
