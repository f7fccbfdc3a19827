package mcp

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// Metric is one measured number. Name is in OpenMetrics form, with the unit last:
// kernel_memory_free_bytes. A counter only grows; its name has no _total here.
type Metric struct {
	Name    string
	Help    string
	Counter bool // else a gauge
	Value   float64
}

const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// AddMetrics adds the resources metrics://openmetrics (text) and metrics://json, and
// metrics:// which has both. They hold the server's own numbers and those of more, which
// may be nil and is called for each reading.
func (s *Server) AddMetrics(more func() []Metric) {
	text := func() Contents {
		return Contents{URI: "metrics://openmetrics", MIMEType: openMetricsType, Text: string(s.appendOpenMetrics(nil, more))}
	}
	doc := func() Contents {
		return Contents{URI: "metrics://json", MIMEType: "application/json", Text: string(s.metricsJSON(more))}
	}
	s.AddResource(Resource{URI: "metrics://", Name: "metrics", Description: "all measurements, in OpenMetrics and in JSON"},
		func(context.Context) ([]Contents, error) { return []Contents{text(), doc()}, nil })
	s.AddResource(Resource{URI: "metrics://openmetrics", Name: "metrics-text", Description: "all measurements in OpenMetrics text", MIMEType: openMetricsType},
		func(context.Context) ([]Contents, error) { return []Contents{text()}, nil })
	s.AddResource(Resource{URI: "metrics://json", Name: "metrics-json", Description: "all measurements in JSON", MIMEType: "application/json"},
		func(context.Context) ([]Contents, error) { return []Contents{doc()}, nil })
}

// metrics returns the server's own numbers.
func (s *Server) metrics() []Metric {
	s.mu.Lock()
	open := len(s.sessions)
	s.mu.Unlock()
	st := &s.stats
	count := func(name, help string, v uint64) Metric { return Metric{name, help, true, float64(v)} }
	list := []Metric{
		{"mcp_uptime_seconds", "Time since the server was made.", false, time.Since(st.start).Seconds()},
		{"mcp_connections_open", "Connections of the moment.", false, float64(open)},
		count("mcp_connections", "Connections served.", st.connections.Load()),
		count("mcp_connections_refused", "Connections over the limit.", st.refused.Load()),
		count("mcp_connections_evicted", "Idle connections that made place for others.", st.evicted.Load()),
		{"mcp_calls_at_work", "Requests at work on goroutines of their own.", false, float64(s.atWork.Load())},
		count("mcp_messages_received", "Lines received.", st.messagesIn.Load()),
		count("mcp_received_bytes", "Bytes received.", st.bytesIn.Load()),
		count("mcp_writes", "Writes to connections.", st.writes.Load()),
		count("mcp_sent_bytes", "Bytes sent.", st.bytesOut.Load()),
		count("mcp_cancelled", "Requests cancelled by clients.", st.cancels.Load()),
		count("mcp_panics", "Panics of handlers.", st.panics.Load()),
		{"mcp_buffered_bytes", "Held for long messages.", false, float64(s.budget.used.Load())},
	}
	for i, k := range errorKinds {
		list = append(list, count("mcp_errors_"+k.name, "Error responses of that kind.", st.errors[i].Load()))
	}
	return list
}

// appendOpenMetrics appends the OpenMetrics 1.0 exposition.
func (s *Server) appendOpenMetrics(dst []byte, more func() []Metric) []byte {
	list := s.metrics()
	if more != nil {
		list = append(list, more()...)
	}
	for _, m := range list {
		kind, suffix := "gauge", ""
		if m.Counter {
			kind, suffix = "counter", "_total"
		}
		dst = appendFamily(dst, m.Name, kind, m.Help)
		dst = append(dst, m.Name...)
		dst = append(dst, suffix...)
		dst = append(dst, ' ')
		dst = append(appendNumber(dst, m.Value), '\n')
	}
	cat := s.catalog.Load()
	dst = appendFamily(dst, "mcp_tool_failures", "counter", "Calls that ended with an error.")
	for _, name := range cat.toolNames {
		dst = append(dst, `mcp_tool_failures_total{tool="`+name+`"} `...)
		dst = strconv.AppendUint(dst, cat.tools[name].stats.failed.Load(), 10)
		dst = append(dst, '\n')
	}
	dst = appendFamily(dst, "mcp_tool_duration_seconds", "histogram", "From request to result.")
	for _, name := range cat.toolNames {
		dst = cat.tools[name].stats.appendHistogram(dst, name)
	}
	return append(dst, "# EOF\n"...)
}

func appendFamily(dst []byte, name, kind, help string) []byte {
	dst = append(dst, "# TYPE "+name+" "+kind+"\n"...)
	return append(dst, "# HELP "+name+" "+help+"\n"...)
}

// appendHistogram appends the latency histogram; OpenMetrics counts upwards.
func (c *callStats) appendHistogram(dst []byte, tool string) []byte {
	var sum uint64
	line := func(suffix, label string) {
		dst = append(dst, "mcp_tool_duration_seconds_"+suffix+`{tool="`+tool+`"`+label+"} "...)
	}
	for i := range c.buckets {
		bound := "+Inf"
		if i < len(latencyBounds) {
			bound = strconv.FormatFloat(latencyBounds[i].Seconds(), 'f', -1, 64)
		}
		sum += c.buckets[i].Load()
		line("bucket", `,le="`+bound+`"`)
		dst = append(strconv.AppendUint(dst, sum, 10), '\n')
	}
	line("count", "")
	dst = append(strconv.AppendUint(dst, sum, 10), '\n')
	line("sum", "")
	return append(appendNumber(dst, time.Duration(c.nanos.Load()).Seconds()), '\n')
}

// toolMetrics is what metrics://json says of one tool.
type toolMetrics struct {
	Calls   uint64  `json:"calls"`
	Failed  uint64  `json:"failed"`
	Seconds float64 `json:"seconds"`
	// Buckets counts calls by latency: Buckets[i] took at most BoundsSeconds[i]
	// and more than the bound before; the last took longer than all.
	Buckets []uint64 `json:"buckets"`
}

func (s *Server) metricsJSON(more func() []Metric) []byte {
	var doc struct {
		Values        map[string]float64     `json:"values"`
		BoundsSeconds []float64              `json:"bounds_seconds"`
		Tools         map[string]toolMetrics `json:"tools"`
	}
	doc.Values, doc.Tools = map[string]float64{}, map[string]toolMetrics{}
	list := s.metrics()
	if more != nil {
		list = append(list, more()...)
	}
	for _, m := range list {
		if finite(m.Value) {
			doc.Values[m.Name] = m.Value
		}
	}
	for _, b := range latencyBounds {
		doc.BoundsSeconds = append(doc.BoundsSeconds, b.Seconds())
	}
	for name, t := range s.catalog.Load().tools {
		m := toolMetrics{Failed: t.stats.failed.Load(), Seconds: time.Duration(t.stats.nanos.Load()).Seconds()}
		for i := range t.stats.buckets {
			n := t.stats.buckets[i].Load()
			m.Calls += n
			m.Buckets = append(m.Buckets, n)
		}
		doc.Tools[name] = m
	}
	b, err := json.Marshal(&doc)
	if err != nil {
		panic(err) // plain numbers always marshal
	}
	return b
}
