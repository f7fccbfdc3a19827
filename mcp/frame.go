package mcp

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
)

const (
	// baseSize is the read buffer of a connection at rest.
	baseSize = 4 << 10
	// freeSize is how large a buffer may grow without asking the budget.
	freeSize = 32 << 10
)

var (
	errLineTooLong = errors.New("line too long")
	errNoBuffer    = errors.New("no buffer left for a long line")
)

// budget counts the bytes that all connections together hold for long messages.
type budget struct {
	limit int64
	used  atomic.Int64
}

// take reserves n bytes, or returns false and reserves nothing.
func (b *budget) take(n int) bool {
	if b.used.Add(int64(n)) > b.limit {
		b.used.Add(int64(-n))
		return false
	}
	return true
}

func (b *budget) give(n int) { b.used.Add(int64(-n)) }

// lineReader splits a byte stream into lines of bounded length. It holds at
// most limit bytes; of a longer line it keeps nothing. It is not safe for
// concurrent use.
type lineReader struct {
	r      io.Reader
	limit  int     // bytes in a line, without the newline
	budget *budget // for buffers above freeSize

	// before is called before each Read; partial says that part of a line
	// has been read. An error from it ends the reading.
	before func(partial bool) error

	buf        []byte
	start, end int   // buf[start:end] is read but not yet returned
	searched   int   // buf[start:searched] has no newline
	discarding error // not nil: skip to the next newline, then return it
}

// next returns the next line without its newline. It is good until the next
// call. errLineTooLong and errNoBuffer mean that a line was skipped: the caller
// may go on. Bytes before the end of the stream count as a line.
func (l *lineReader) next() ([]byte, error) {
	l.release()
	for {
		if i := bytes.IndexByte(l.buf[l.searched:l.end], '\n'); i >= 0 {
			line := l.buf[l.start : l.searched+i]
			l.start = l.searched + i + 1
			l.searched = l.start
			if err := l.discarding; err != nil {
				l.discarding = nil
				return nil, err
			}
			if len(line) > l.limit {
				return nil, errLineTooLong
			}
			return line, nil
		}
		l.searched = l.end
		if l.discarding == nil && l.end-l.start > l.limit {
			l.discarding = errLineTooLong
		}
		if l.discarding != nil {
			l.drop()
		}
		if err := l.fill(); err != nil {
			return l.last(err)
		}
	}
}

// ready reports whether next can return a line without reading.
func (l *lineReader) ready() bool {
	return bytes.IndexByte(l.buf[l.searched:l.end], '\n') >= 0
}

// last returns what is left when reading has failed with err.
func (l *lineReader) last(err error) ([]byte, error) {
	if err != io.EOF || l.start == l.end || l.discarding != nil {
		return nil, err
	}
	line := l.buf[l.start:l.end]
	l.start, l.searched = l.end, l.end
	return line, nil
}

// fill reads more bytes, making room for them first.
func (l *lineReader) fill() error {
	if l.start > 0 {
		copy(l.buf, l.buf[l.start:l.end])
		l.end -= l.start
		l.searched -= l.start
		l.start = 0
	}
	if l.end == len(l.buf) && !l.grow() {
		l.discarding = errNoBuffer
		l.drop()
	}
	if err := l.before(l.end > 0 || l.discarding != nil); err != nil {
		return err
	}
	n, err := l.r.Read(l.buf[l.end:])
	if n < 0 || n > len(l.buf)-l.end {
		return io.ErrNoProgress
	}
	l.end += n
	if n > 0 {
		return nil // an error comes again with the next Read
	}
	return err
}

// grow doubles the buffer, up to the limit and its newline. It returns false if the
// budget does not allow it.
func (l *lineReader) grow() bool {
	size := max(baseSize, min(2*len(l.buf), l.limit+1))
	if size <= len(l.buf) { // limit+1 bytes and no newline: next discards them
		return false
	}
	if size > freeSize && !l.budget.take(size) {
		return false
	}
	buf := make([]byte, size)
	copy(buf, l.buf[:l.end])
	l.giveBack()
	l.buf = buf
	return true
}

// drop forgets what has been read of a line that is too long, and its buffer.
func (l *lineReader) drop() {
	l.start, l.end, l.searched = 0, 0, 0
	l.shrink()
}

// release shrinks a buffer that a long line has grown, once it is empty.
func (l *lineReader) release() {
	if l.start == l.end {
		l.start, l.end, l.searched = 0, 0, 0
		l.shrink()
	}
}

func (l *lineReader) shrink() {
	if len(l.buf) > freeSize {
		l.giveBack()
		l.buf = make([]byte, baseSize)
	}
}

func (l *lineReader) giveBack() {
	if len(l.buf) > freeSize {
		l.budget.give(len(l.buf))
	}
}

// close returns the buffer's share of the budget.
func (l *lineReader) close() {
	l.giveBack()
	l.buf, l.start, l.end, l.searched = nil, 0, 0, 0
}
