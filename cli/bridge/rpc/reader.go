package rpc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrTooLong is in the error about a line that is longer than the limit.
var ErrTooLong = errors.New("line too long")

// A Reader splits a stream into lines of bounded length. It is not safe for
// concurrent use.
type Reader struct {
	r     *bufio.Reader
	limit int
}

// readSize is a Reader's buffer in bytes: most messages fit.
const readSize = 16 << 10

// NewReader returns a Reader for lines of at most limit bytes.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{bufio.NewReaderSize(r, readSize), limit}
}

// Next returns the next line with its newline, in memory of its own. Lines with
// nothing but space are skipped. An error that wraps ErrTooLong is about one line,
// which has been skipped; the caller may go on. Bytes at the end of the stream that no
// newline ends are returned with io.ErrUnexpectedEOF.
func (r *Reader) Next() ([]byte, error) {
	for {
		line, err := r.line()
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			return line, err
		}
	}
}

func (r *Reader) line() ([]byte, error) {
	part, err := r.r.ReadSlice('\n')
	if err == nil {
		if len(part) > r.limit+1 {
			return nil, r.tooLong()
		}
		return bytes.Clone(part), nil
	}
	var line []byte
	for {
		line = append(line, part...)
		switch {
		case err == nil && len(line) > r.limit+1:
			return nil, r.tooLong()
		case err == nil:
			return line, nil
		case err == io.EOF && len(bytes.TrimSpace(line)) > 0:
			return line, io.ErrUnexpectedEOF
		case err != bufio.ErrBufferFull:
			return nil, err
		case len(line) > r.limit:
			return nil, r.skip()
		}
		part, err = r.r.ReadSlice('\n')
	}
}

// skip reads up to the end of a line that is too long.
func (r *Reader) skip() error {
	for {
		switch _, err := r.r.ReadSlice('\n'); err {
		case nil:
			return r.tooLong()
		case bufio.ErrBufferFull:
		default:
			return err
		}
	}
}

func (r *Reader) tooLong() error {
	return fmt.Errorf("%w: more than %d bytes", ErrTooLong, r.limit)
}
