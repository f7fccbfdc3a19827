package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type implementation = mcp.Implementation

// infoTool is the tool that tells about the guest, its boot among it.
const infoTool = "system_info"

// A mark is a point of a boot.
type mark struct {
	name string
	at   time.Duration // from the guest's first instruction, or from QEMU's start
}

// Points of the guest's that are seen from here, too.
const (
	testedMark    = "self-tested" // then it prints bootingLine
	listeningMark = "listening"   // then it calls the host
	nowMark       = "now"         // then it answers us
	bootingLine   = "[unikernel-ai] Kernel booting..."
)

// guestMarks asks the guest for its boot points, from its first instruction on.
func guestMarks(ctx context.Context, g *guest) ([]mark, error) {
	r, err := g.call(ctx, infoTool, map[string]any{}, nil)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(r.StructuredContent)
	if err != nil {
		return nil, err
	}
	return decodeMarks(b)
}

// decodeMarks reads the boot points of the tool's result:
//
//	{"boot": [{"name": "runtime start", "ms": 0.4}, ...], ...}
func decodeMarks(doc []byte) ([]mark, error) {
	var info struct {
		Boot []struct {
			Name string  `json:"name"`
			Ms   float64 `json:"ms"`
		} `json:"boot"`
	}
	if err := json.Unmarshal(doc, &info); err != nil {
		return nil, fmt.Errorf("tool %s: its result is of another form: %w", infoTool, err)
	}
	if len(info.Boot) == 0 {
		return nil, errors.New("tool " + infoTool + ": it knows no boot points")
	}
	marks := make([]mark, 0, len(info.Boot))
	for _, p := range info.Boot {
		marks = append(marks, mark{p.Name, time.Duration(p.Ms * float64(time.Millisecond))})
	}
	return marks, nil
}

// A sighting is when something that follows a guest's point was seen here.
type sighting struct {
	name string // of the guest's point
	at   time.Time
}

// timeline brings the guest's points onto the host's clock and adds the host's.
// All times are from QEMU's start.
//
// What the guest does is seen here late, by a little or by a lot on a busy
// machine, but never early. So each sighting bounds when the guest's clock
// began from above, and the least bound is the best. Without a sighting of one
// of its points the guest's are left out: nothing ties the clocks together.
func timeline(started time.Time, guest []mark, seen []sighting, ready, replied time.Time) []mark {
	all := []mark{{"QEMU starts", 0}}
	first, tied := time.Duration(math.MaxInt64), false
	for _, s := range seen {
		if i := slices.IndexFunc(guest, func(m mark) bool { return m.name == s.name }); i >= 0 {
			first, tied = min(first, s.at.Sub(started)-guest[i].at), true
		}
	}
	if tied {
		all = append(all, mark{"first instruction", first})
		for _, m := range guest {
			if m.name != nowMark { // when it was asked, which is no part of the boot
				all = append(all, mark{m.name, first + m.at})
			}
		}
	}
	all = append(all, mark{"the host is told", ready.Sub(started)}, mark{"first MCP reply", replied.Sub(started)})
	slices.SortStableFunc(all, func(a, b mark) int { return cmp.Compare(a.at, b.at) })
	return all
}

// barWidth is how long the longest bar of a timeline is, in characters.
const barWidth = 40

// printTimeline prints the points with bars to scale.
func printTimeline(w io.Writer, s style, marks []mark) {
	width, end := 0, time.Duration(1)
	for _, m := range marks {
		width, end = max(width, len([]rune(m.name))), max(end, m.at)
	}
	for _, m := range marks {
		n := int(float64(barWidth) * max(0, float64(m.at)) / float64(end))
		fmt.Fprintf(w, "%8.1f  %-*s  %s\n", milliseconds(m.at), width, printable(m.name), s.green(strings.Repeat("━", n)))
	}
}
