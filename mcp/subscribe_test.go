package mcp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// modern is a request of the stateless era; params are members, each with a comma behind.
func modern(id, method, params string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":{` + params +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}` + "\n"
}

// listenAll listens to the tools and to test://0 ... test://<n-1> under the given id.
func listenAll(id string, n int) string {
	uris := make([]string, n)
	for i := range uris {
		uris[i] = fmt.Sprintf(`"test://%d"`, i)
	}
	return modern(id, "subscriptions/listen", `"notifications":{"toolsListChanged":true,"resourceSubscriptions":[`+strings.Join(uris, ",")+`]},`)
}

// say writes to a connection that may only be read later.
func say(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// TestSlowListener: the one who reports changes never waits for a client that does not
// read; such a client costs one message a topic, and when it reads again it learns of
// everything that has changed, if not how often.
func TestSlowListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const topics, times = 50, 200
		s := newFixture(nil)
		c, ended := pipe(t, s)
		say(t, c, listenAll("1", topics))
		r := bufio.NewReader(c)
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "acknowledged") {
			t.Fatalf("first %q, %v; want the acknowledgement", line, err)
		}
		for range times { // no time passes here, so nothing waits
			for i := range topics {
				s.ResourceUpdated(fmt.Sprintf("test://%d", i))
			}
			s.ResourceUpdated("test://nobody")
			s.addTool(s.catalog.Load().tools["echo"])
			synctest.Wait()
		}
		for f := range s.hub.feeds {
			if n := len(f.waiting); n > topics+1 {
				t.Errorf("%d events wait, want at most %d", n, topics+1)
			}
		}
		seen, lines := map[string]int{}, 0
		go func() { say(t, c, modern("2", "tools/list", "")) }()
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(line, `"id":2`) {
				break
			}
			lines++
			if !strings.Contains(line, `"_meta":{"io.modelcontextprotocol/subscriptionId":1}`) {
				t.Fatalf("%q has not the id of its subscription", line)
			}
			_, uri, _ := strings.Cut(line, `"uri":`)
			seen[uri]++
		}
		if len(seen) != topics+1 || lines > 4*(topics+1) {
			t.Errorf("%d messages about %d topics, want few about %d", lines, len(seen), topics+1)
		}
		c.Close()
		<-ended
		if used := s.budget.used.Load(); used != 0 || len(s.hub.feeds) != 0 {
			t.Errorf("%d bytes of the budget and %d feeds are left", used, len(s.hub.feeds))
		}
	})
}

// TestSubscriptionLimits: how many and how long subscriptions may be, in both eras, and
// that what ends makes place.
func TestSubscriptionLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFixture(&Options{Limits: Limits{MaxSubscriptions: 4, MaxBuffered: 1 << 16}})
		c, ended := pipe(t, s)
		heard := listen(c)
		ask := func(line, want string) {
			t.Helper()
			say(t, c, line)
			synctest.Wait()
			if got := strings.Join(heard(), "\n"); !strings.Contains(got, want) || want == "" && got != "" {
				t.Errorf("%.200s\nheard %q, want %q", line, got, want)
			}
		}
		cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%s}}` + "\n"
		ask(listenAll("1", 3), "acknowledged")
		ask(listenAll("2", 0), `"id":2,"error":{"code":-31000`)
		ask(fmt.Sprintf(cancel, "1"), "")
		ask(listenAll("3", 4), `"id":3,"error":{"code":-31000`)
		ask(listenAll("4", 1), "acknowledged")
		ask(listenAll("5", 1), "acknowledged")
		ask(fmt.Sprintf(cancel, "4"), "")
		ask(fmt.Sprintf(cancel, "5"), "")
		if used := s.budget.used.Load(); used != 0 {
			t.Errorf("%d bytes of the budget are lost", used)
		}
		ask(string(benchInit)+string(benchOK), `"protocolVersion"`)
		subscribe := `{"jsonrpc":"2.0","id":6,"method":"resources/%s","params":{"uri":"%s"}}` + "\n"
		for i := range 4 {
			ask(fmt.Sprintf(subscribe, "subscribe", fmt.Sprint("test://", i)), `"result":{}`)
		}
		ask(fmt.Sprintf(subscribe, "subscribe", "test://4"), `"code":-31000`)
		ask(fmt.Sprintf(subscribe, "unsubscribe", "test://0"), `"result":{}`)
		ask(fmt.Sprintf(subscribe, "subscribe", strings.Repeat("x", 3000)), `"code":-32602`)
		ask(fmt.Sprintf(subscribe, "subscribe", "test://4"), `"result":{}`)
		c.Close()
		<-ended
		if used := s.budget.used.Load(); used != 0 || len(s.hub.feeds) != 0 {
			t.Errorf("%d bytes of the budget and %d feeds are left", used, len(s.hub.feeds))
		}
	})
}

// TestChangesWhileClientsComeAndGo is for the race detector.
func TestChangesWhileClientsComeAndGo(t *testing.T) {
	s := newFixture(nil)
	stop := make(chan struct{})
	var changing, clients sync.WaitGroup
	changing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			AddTool(s, Tool{Name: "new"}, func(context.Context, struct{}) (Text, error) { return "", nil })
			s.ResourceUpdated("test://0")
			s.RemoveTool("new")
		}
	})
	for range 4 {
		clients.Go(func() {
			for range 20 {
				client, server := net.Pipe()
				ended := make(chan error, 1)
				go func() { ended <- s.ServeConn(context.Background(), server) }()
				go func() {
					_, _ = io.WriteString(client, listenAll("1", 2)+string(benchInit)+string(benchOK)+
						`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`+"\n"+modern("2", "tools/list", ""))
				}()
				r := bufio.NewReader(client)
				for line := ""; !strings.Contains(line, `"id":2`); {
					var err error
					if line, err = r.ReadString('\n'); err != nil {
						t.Error(err)
						break
					}
				}
				client.Close()
				<-ended
			}
		})
	}
	clients.Wait()
	close(stop)
	changing.Wait()
	if n := len(s.hub.feeds); n != 0 {
		t.Errorf("%d feeds are left", n)
	}
}
