package metrictest

import (
	"strings"
	"testing"
)

// Texts that break one rule each, and one that breaks none: the checker can fail.
func TestParse(t *testing.T) {
	const good = "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds x \\\\ y\na_seconds -1.5\n" +
		"# TYPE b counter\nb_total{k=\"v\"} 3\nb_total{k=\"w\"} 0\n" +
		"# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\nh_sum 7.5\n# EOF\n"
	list, err := Parse(good)
	if err != nil || len(list) != 3 {
		t.Fatalf("the good text: %d families, %v", len(list), err)
	}
	if v, ok := Value(list, "b_total", "k", "v"); v != 3 || !ok {
		t.Errorf("b_total{k=v} = %v, %v", v, ok)
	}
	if v, ok := Value(list, "h_bucket", "le", "0.5"); v != 1 || !ok {
		t.Errorf("h_bucket{le=0.5} = %v, %v", v, ok)
	}
	for _, c := range []struct{ name, from, to string }{
		{"no end", "# EOF\n", ""},
		{"text behind the end", "# EOF\n", "# EOF\n# EOF\n\n"},
		{"counter without _total", "b_total{k=\"v\"}", "b{k=\"v\"}"},
		{"negative counter", "b_total{k=\"v\"} 3", "b_total{k=\"v\"} -3"},
		{"counter is no number", "b_total{k=\"v\"} 3", "b_total{k=\"v\"} NaN"},
		{"the same sample twice", "k=\"w\"", "k=\"v\""},
		{"unknown type", "gauge", "gouge"},
		{"family twice", "# TYPE b counter", "# TYPE a_seconds counter"},
		{"name of another's sample", "# TYPE h histogram", "# TYPE b_total gauge\n# TYPE h histogram"},
		{"unit is no suffix", "UNIT a_seconds seconds", "UNIT a_seconds bytes"},
		{"metadata behind samples", "a_seconds -1.5\n", "a_seconds -1.5\n# HELP a_seconds z\n"},
		{"bad escape", "x \\\\ y", "x \\q"},
		{"two spaces", "b_total{k=\"w\"} 0", "b_total{k=\"w\"}  0"},
		{"label twice", "k=\"w\"", "k=\"w\",k=\"x\""},
		{"label without quotes", "k=\"w\"", "k=w"},
		{"bound is not canonical", "0.5", "1"},
		{"no last bucket", "+Inf", "5.0"},
		{"buckets shrink", "\"} 2\nh_count 2", "\"} 0\nh_count 0"},
		{"bounds shrink", "\"0.5\"} 1\n", "\"0.5\"} 1\nh_bucket{le=\"0.4\"} 1\n"},
		{"count is not that of the buckets", "h_count 2", "h_count 3"},
		{"empty line", "# TYPE h", "\n# TYPE h"},
		{"value is no number", "-1.5", "1_0"},
	} {
		bad := strings.Replace(good, c.from, c.to, 1)
		if bad == good {
			t.Fatalf("%s: nothing changed", c.name)
		}
		if _, err := Parse(bad); err == nil {
			t.Errorf("%s: no error for\n%s", c.name, bad)
		}
	}
}
