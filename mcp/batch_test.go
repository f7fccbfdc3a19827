package mcp

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// readBig is a batch that reads the resource test://big so often, and then, if wait
// is set, calls a tool that takes 20 s.
func readBig(times int, wait bool) string {
	var list []string
	for i := range times {
		list = append(list, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"resources/read","params":{"uri":"test://big"}}`, 100+i))
	}
	if wait {
		list = append(list, `{"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"wait","arguments":{}}}`)
	}
	return "[" + strings.Join(list, ",") + "]\n"
}

// TestBatchHoldsNoMemory: the responses to a batch wait for the slowest call, and a
// client may have many batches. What they hold comes out of the budget, and all of
// it goes back, whether the batch is answered or its connection ends before.
func TestBatchHoldsNoMemory(t *testing.T) {
	const size, most = 20 << 10, 200 << 10
	for _, leave := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newFixture(&Options{Limits: Limits{MaxBuffered: most}})
			s.AddResource(Resource{URI: "test://big", Name: "big"},
				func(context.Context) ([]Contents, error) { return []Contents{{Text: strings.Repeat("x", size)}}, nil })
			c, ended := pipe(t, s)
			r := bufio.NewReader(c)
			hello := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}`
			go func() {
				_, _ = io.WriteString(c, hello+"\n"+`{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"+readBig(50, true))
			}()
			if _, err := r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if used := s.budget.used.Load(); used < most/2 || used > most {
				t.Errorf("%d bytes of the budget in use, want at most %d and not far below", used, most)
			}
			if leave {
				c.Close()
				<-ended
			} else {
				answers(t, r, most)
			}
			time.Sleep(time.Minute)
			if used := s.budget.used.Load(); used != 0 {
				t.Errorf("leave=%v: %d bytes of the budget are lost", leave, used)
			}
		})
	}
}

// answers reads the answer to readBig(50, true) and checks that some of it found no room.
func answers(t *testing.T, r *bufio.Reader, most int) {
	t.Helper()
	line, err := r.ReadBytes('\n')
	if err != nil || len(line) > most+50*200 {
		t.Fatalf("answer of %d bytes, %v", len(line), err)
	}
	var list []struct {
		ID    any
		Error *struct{ Code int }
	}
	if err := json.Unmarshal(line, &list); err != nil {
		t.Fatal(err)
	}
	busy := 0
	for _, a := range list {
		if a.ID == nil {
			t.Error("an answer has no id")
		}
		if a.Error != nil && a.Error.Code == CodeBusy {
			busy++
		}
	}
	if len(list) != 51 || busy < 30 || busy == 51 {
		t.Errorf("%d answers, %d of them busy, want 51, most of them", len(list), busy)
	}
}
