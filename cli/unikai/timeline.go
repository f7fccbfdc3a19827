package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// listeningMark is the name of the point at which the guest listens and says
// so to the host; by it both clocks are brought together.
const listeningMark = "listening"

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

// timeline brings the guest's points onto the host's clock: what the guest
// calls listening is when its call arrived here. Without that point the
// guest's are left out, for nothing ties the clocks together.
//
// All times are from QEMU's start. The call's way to the host counts as part
// of the guest's boot, so the guest's points are late by that, at most.
func timeline(started, ready, replied time.Time, guest []mark) []mark {
	all := []mark{{"QEMU starts", 0}}
	i := slices.IndexFunc(guest, func(m mark) bool { return m.name == listeningMark })
	if i >= 0 {
		first := ready.Sub(started) - guest[i].at
		if !slices.ContainsFunc(guest, func(m mark) bool { return m.at == 0 }) {
			all = append(all, mark{"first instruction", first})
		}
		for _, m := range guest {
			if m.at <= guest[i].at { // not what came after, nor "now"
				all = append(all, mark{m.name, first + m.at})
			}
		}
	} else {
		all = append(all, mark{listeningMark, ready.Sub(started)})
	}
	all = append(all, mark{"first MCP reply", replied.Sub(started)})
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
