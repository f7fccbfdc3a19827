package mcp

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Metric is one measured number, or a histogram. Name is in OpenMetrics form, with the
// unit last: kernel_memory_free_bytes. A counter only grows; its name has no _total here.
type Metric struct {
	Name      string
	Help      string
	Counter   bool // else a gauge
	Value     float64
	Histogram *Histogram // if not nil: instead of Counter and Value
}

// Histogram counts events by size. Bounds grow; Counts[i] events were at most Bounds[i]
// and more than the bound before, and one count more is for those above all bounds.
type Histogram struct {
	Bounds []float64
	Counts []uint64
	Sum    float64 // of all sizes; below 0: unknown
}

const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// AddMetrics adds the resources metrics://openmetrics (text) and metrics://json, and
// metrics:// which has both. They hold the server's own numbers and those of more, which
// may be nil and is called for each reading.
func (s *Server) AddMetrics(more func() []Metric) {
	text := func(list []Metric) Contents {
		return Contents{URI: "metrics://openmetrics", MIMEType: openMetricsType, Text: string(s.appendOpenMetrics(nil, list))}
	}
	doc := func(list []Metric) Contents {
		return Contents{URI: "metrics://json", MIMEType: "application/json", Text: string(s.metricsJSON(list))}
	}
	s.AddResource(Resource{URI: "metrics://", Name: "metrics", Description: "all measurements, in OpenMetrics and in JSON"},
		func(context.Context) ([]Contents, error) {
			list := s.metrics(more)
			return []Contents{text(list), doc(list)}, nil
		})
	s.AddResource(Resource{URI: "metrics://openmetrics", Name: "metrics-text", Description: "all measurements in OpenMetrics text", MIMEType: openMetricsType},
		func(context.Context) ([]Contents, error) { return []Contents{text(s.metrics(more))}, nil })
	s.AddResource(Resource{URI: "metrics://json", Name: "metrics-json", Description: "all measurements in JSON", MIMEType: "application/json"},
		func(context.Context) ([]Contents, error) { return []Contents{doc(s.metrics(more))}, nil })
}

// metrics returns the server's own numbers and those of more. What cannot be shown, or has
// a name that was there before, is left out: one bad line would spoil the whole text.
func (s *Server) metrics(more func() []Metric) []Metric {
	s.mu.Lock()
	open := len(s.sessions)
	s.mu.Unlock()
	st := &s.stats
	count := func(name, help string, v uint64) Metric {
		return Metric{Name: name, Help: help, Counter: true, Value: float64(v)}
	}
	gauge := func(name, help string, v float64) Metric { return Metric{Name: name, Help: help, Value: v} }
	list := []Metric{
		gauge("mcp_uptime_seconds", "Time since the server was made.", time.Since(st.start).Seconds()),
		gauge("mcp_connections_open", "Connections of the moment.", float64(open)),
		count("mcp_connections", "Connections served.", st.connections.Load()),
		count("mcp_connections_refused", "Connections over the limit.", st.refused.Load()),
		count("mcp_connections_evicted", "Idle connections that made place for others.", st.evicted.Load()),
		gauge("mcp_calls_at_work", "Requests at work on goroutines of their own.", float64(s.atWork.Load())),
		count("mcp_messages_received", "Lines received.", st.messagesIn.Load()),
		count("mcp_received_bytes", "Bytes received.", st.bytesIn.Load()),
		count("mcp_writes", "Writes to connections.", st.writes.Load()),
		count("mcp_sent_bytes", "Bytes sent.", st.bytesOut.Load()),
		count("mcp_cancelled", "Requests cancelled by clients.", st.cancels.Load()),
		count("mcp_panics", "Panics of handlers.", st.panics.Load()),
		gauge("mcp_buffered_bytes", "Held for long messages.", float64(s.budget.used.Load())),
	}
	for i, k := range errorKinds {
		list = append(list, count("mcp_errors_"+k.name, "Error responses of that kind.", st.errors[i].Load()))
	}
	if more != nil {
		list = append(list, more()...)
	}
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(m Metric) bool {
		bad := seen[m.Name] || !validMetric(&m)
		seen[m.Name] = true
		return bad
	})
}

// metricsJSON returns the document metrics://json. Numbers that JSON has no form for are
// left out.
func (s *Server) metricsJSON(list []Metric) []byte {
	type histogram struct {
		// Buckets counts by size: Buckets[i] are at most Bounds[i] and more than the bound
		// before; the last is above all.
		Bounds  []float64 `json:"bounds"`
		Buckets []uint64  `json:"buckets"`
	}
	type tool struct {
		Calls   uint64   `json:"calls"`
		Failed  uint64   `json:"failed"`
		Seconds float64  `json:"seconds"`
		Buckets []uint64 `json:"buckets"`
	}
	var doc struct {
		Values     map[string]float64   `json:"values"`
		Histograms map[string]histogram `json:"histograms"`
		// Bounds are those of the buckets of all tools.
		Bounds []float64       `json:"bounds_seconds"`
		Tools  map[string]tool `json:"tools"`
	}
	doc.Values, doc.Histograms, doc.Tools = map[string]float64{}, map[string]histogram{}, map[string]tool{}
	for _, m := range list {
		switch h := m.Histogram; {
		case h != nil:
			doc.Histograms[m.Name] = histogram{h.Bounds, h.Counts}
		case finite(m.Value):
			doc.Values[m.Name] = m.Value
		}
	}
	doc.Bounds = latencyBoundSeconds()
	for name, t := range s.catalog.Load().tools {
		h := t.stats.histogram()
		doc.Tools[name] = tool{h.total(), t.stats.failed.Load(), h.Sum, h.Counts}
	}
	b, err := json.Marshal(&doc)
	if err != nil {
		panic(err) // plain numbers always marshal
	}
	return b
}
