package mcp

import (
	"math"
	"strconv"
	"strings"
)

// The text format of OpenMetrics 1.0. A family is its TYPE, UNIT and HELP lines and its
// samples; families have different names and end with # EOF.

// appendOpenMetrics appends the exposition of list, which metrics has made, and of all tools.
func (s *Server) appendOpenMetrics(dst []byte, list []Metric) []byte {
	for i := range list {
		switch m := &list[i]; {
		case m.Histogram != nil:
			dst = appendFamily(dst, m.Name, "histogram", m.Help)
			dst = m.Histogram.appendTo(dst, m.Name, "")
		case m.Counter:
			dst = appendFamily(dst, m.Name, "counter", m.Help)
			dst = appendSample(dst, m.Name, "_total", "", m.Value)
		default:
			dst = appendFamily(dst, m.Name, "gauge", m.Help)
			dst = appendSample(dst, m.Name, "", "", m.Value)
		}
	}
	cat := s.catalog.Load()
	dst = appendFamily(dst, "mcp_tool_failures", "counter", "Calls that ended with an error.")
	for _, name := range cat.toolNames {
		dst = appendSample(dst, "mcp_tool_failures", "_total", `tool="`+name+`"`, float64(cat.tools[name].stats.failed.Load()))
	}
	dst = appendFamily(dst, "mcp_tool_duration_seconds", "histogram", "From request to result.")
	for _, name := range cat.toolNames { // validName: no name needs an escape
		dst = cat.tools[name].stats.histogram().appendTo(dst, "mcp_tool_duration_seconds", `tool="`+name+`"`)
	}
	return append(dst, "# EOF\n"...)
}

// units are the suffixes of names that are units. OpenMetrics 1.0 "Units and Base Units".
var units = [...]string{"bytes", "seconds", "ratio"}

// appendFamily appends the lines before a family's samples. "MetricFamily": a unit is the
// suffix of the name.
func appendFamily(dst []byte, name, kind, help string) []byte {
	dst = append(dst, "# TYPE "+name+" "+kind+"\n"...)
	for _, u := range units {
		if strings.HasSuffix(name, "_"+u) {
			dst = append(dst, "# UNIT "+name+" "+u+"\n"...)
		}
	}
	dst = append(dst, "# HELP "+name+" "...)
	for i := range len(help) {
		switch x := help[i]; x {
		case '\\', '"':
			dst = append(dst, '\\', x)
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, x)
		}
	}
	return append(dst, '\n')
}

// appendSample appends one sample; labels are without braces.
func appendSample(dst []byte, name, suffix, labels string, v float64) []byte {
	dst = append(append(dst, name...), suffix...)
	if labels != "" {
		dst = append(append(append(dst, '{'), labels...), '}')
	}
	dst = append(dst, ' ')
	return append(appendNumber(dst, v), '\n')
}

// appendTo appends the samples of one histogram. OpenMetrics counts upwards: each bucket
// has those before it. There is a count if, and only if, there is a sum ("Histogram").
func (h *Histogram) appendTo(dst []byte, name, labels string) []byte {
	sum := uint64(0)
	for i, n := range h.Counts {
		le := "+Inf"
		if i < len(h.Bounds) {
			le = bound(h.Bounds[i])
		}
		le = `le="` + le + `"`
		if labels != "" {
			le = labels + "," + le
		}
		sum += n
		dst = appendSample(dst, name, "_bucket", le, float64(sum))
	}
	if h.Sum < 0 {
		return dst
	}
	dst = appendSample(dst, name, "_count", labels, float64(sum))
	return appendSample(dst, name, "_sum", labels, h.Sum)
}

// bound writes a bucket's bound, as "Considerations: Canonical Numbers" asks: Go's %g,
// with .0 if it would look like an integer.
func bound(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.ContainsAny(s, ".e") {
		return s
	}
	return s + ".0"
}

// total returns how many events were counted.
func (h *Histogram) total() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// validMetric reports whether m can stand in the text: its name is one of OpenMetrics
// ("ABNF", metricname), a counter is a number from 0 on, a histogram has one count more
// than bounds, which grow.
func validMetric(m *Metric) bool {
	for i := range len(m.Name) {
		switch x := m.Name[i]; {
		case 'a' <= x && x <= 'z', 'A' <= x && x <= 'Z', x == '_', x == ':', i > 0 && '0' <= x && x <= '9':
		default:
			return false
		}
	}
	if h := m.Histogram; h != nil {
		if len(h.Counts) != len(h.Bounds)+1 || math.IsNaN(h.Sum) {
			return false
		}
		for i, b := range h.Bounds {
			if math.IsNaN(b) || math.IsInf(b, 0) || i > 0 && b <= h.Bounds[i-1] {
				return false
			}
		}
	} else if m.Counter && !(m.Value >= 0 && !math.IsInf(m.Value, 1)) {
		return false
	}
	return m.Name != "" && !strings.HasPrefix(m.Name, "mcp_tool_")
}
