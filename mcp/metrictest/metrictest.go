// Package metrictest reads OpenMetrics text strictly, for tests: what it takes without an
// error obeys the rules of OpenMetrics 1.0 that a server like ours can break. It knows
// nothing of package mcp and is no part of any image.
package metrictest

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Family is one metric family as it was read.
type Family struct {
	Name, Type, Unit, Help string
	Samples                []Sample
}

// Sample is one line: name{labels} value.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
}

var (
	metaLine   = regexp.MustCompile(`^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*)(?: (.*))?$`)
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$`)
	label      = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)`)
)

// suffixes are those that the samples of a type have ("MetricFamily types").
var suffixes = map[string][]string{
	"gauge": {""}, "counter": {"_total", "_created"}, "histogram": {"_bucket", "_count", "_sum", "_created"}, "info": {"_info"},
}

// Parse reads a whole exposition. The error names the first line that breaks a rule.
func Parse(text string) ([]Family, error) {
	body, ok := strings.CutSuffix(text, "# EOF\n")
	if !ok {
		return nil, fmt.Errorf("the text does not end with # EOF and a newline")
	}
	var list []Family
	taken := map[string]string{} // sample names and families, by who has them
	for i, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		if err := readLine(&list, taken, line); err != nil {
			return nil, fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
	}
	for i := range list {
		if err := list[i].check(); err != nil {
			return nil, fmt.Errorf("family %s: %w", list[i].Name, err)
		}
	}
	return list, nil
}

// readLine adds one line to the families.
func readLine(list *[]Family, taken map[string]string, line string) error {
	if m := metaLine.FindStringSubmatch(line); m != nil {
		return readMeta(list, taken, m[1], m[2], m[3])
	}
	m := sampleLine.FindStringSubmatch(line)
	if m == nil || len(*list) == 0 {
		return fmt.Errorf("neither metadata nor a sample of a family")
	}
	f := &(*list)[len(*list)-1]
	owner, ok := taken[m[1]]
	if !ok || owner != f.Name || !slices.Contains(suffixes[f.Type], strings.TrimPrefix(m[1], f.Name)) {
		return fmt.Errorf("sample of no family, or between those of another")
	}
	labels, err := readLabels(m[2])
	if err != nil {
		return err
	}
	v, err := strconv.ParseFloat(m[3], 64)
	if err != nil || strings.Contains(m[3], "_") || strings.HasPrefix(m[3], "0x") {
		return fmt.Errorf("value: %v", err)
	}
	f.Samples = append(f.Samples, Sample{m[1], labels, v})
	return nil
}

// readMeta begins a family at TYPE, which comes first in our texts, or adds to it.
func readMeta(list *[]Family, taken map[string]string, kind, name, rest string) error {
	if kind == "TYPE" {
		all, ok := suffixes[rest]
		if !ok {
			return fmt.Errorf("type %q", rest)
		}
		for _, s := range append([]string{""}, all...) {
			if owner, ok := taken[name+s]; ok && owner != name {
				return fmt.Errorf("the name is also that of family %s", owner)
			} else if ok && s == "" && all[0] != "" {
				return fmt.Errorf("the family was there before")
			}
			taken[name+s] = name
		}
		for i := range *list {
			if (*list)[i].Name == name {
				return fmt.Errorf("the family was there before")
			}
		}
		*list = append(*list, Family{Name: name, Type: rest})
		return nil
	}
	if len(*list) == 0 || (*list)[len(*list)-1].Name != name {
		return fmt.Errorf("metadata of another family")
	}
	f := &(*list)[len(*list)-1]
	switch {
	case len(f.Samples) > 0:
		return fmt.Errorf("metadata behind samples")
	case kind == "UNIT" && (f.Unit != "" || !strings.HasSuffix(name, "_"+rest)):
		return fmt.Errorf("unit is given twice, or is not the suffix of the name")
	case kind == "UNIT":
		f.Unit = rest
	case f.Help != "":
		return fmt.Errorf("help is given twice")
	case strings.Contains(strings.NewReplacer(`\\`, "", `\n`, "", `\"`, "").Replace(rest), `\`):
		return fmt.Errorf("bad escape")
	default:
		f.Help = rest
	}
	return nil
}

func readLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for text != "" {
		m := label.FindStringSubmatch(text)
		if m == nil {
			return nil, fmt.Errorf("labels at %q", text)
		}
		if _, ok := labels[m[1]]; ok {
			return nil, fmt.Errorf("label %s is given twice", m[1])
		}
		labels[m[1]] = m[2]
		text = text[len(m[0]):]
	}
	return labels, nil
}

// check looks at what the samples of a family must be to each other.
func (f *Family) check() error {
	last := map[string]float64{} // bound of the last bucket, by the other labels
	sums := map[string]float64{} // its count
	seen := map[string]bool{}
	for _, s := range f.Samples {
		key := fmt.Sprint(s.Name, s.Labels)
		if seen[key] {
			return fmt.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if f.Type != "gauge" && !(s.Value >= 0 && !math.IsInf(s.Value, 0)) {
			return fmt.Errorf("%s = %v is no count", key, s.Value)
		}
		if f.Type != "histogram" {
			continue
		}
		le, isBucket := s.Labels["le"]
		if isBucket != (s.Name == f.Name+"_bucket") {
			return fmt.Errorf("%s: le and buckets belong together", key)
		}
		delete(s.Labels, "le")
		who := fmt.Sprint(s.Labels)
		if isBucket {
			bound, err := strconv.ParseFloat(le, 64)
			if err != nil || !strings.ContainsAny(le, ".eI") {
				return fmt.Errorf("le=%q is not canonical", le)
			}
			if before, ok := last[who]; ok && bound <= before || s.Value < sums[who] {
				return fmt.Errorf("bucket le=%q does not grow", le)
			}
			last[who], sums[who] = bound, s.Value
			s.Labels["le"] = le
			continue
		}
		if s.Name == f.Name+"_count" && s.Value != sums[who] {
			return fmt.Errorf("count %v, the last bucket has %v", s.Value, sums[who])
		}
	}
	for who, bound := range last {
		if !math.IsInf(bound, 1) {
			return fmt.Errorf("histogram %s has no bucket +Inf", who)
		}
	}
	return nil
}

// Value returns the value of the only sample with that name and those labels, given as
// name, value, name, value. ok is false if there is none.
func Value(list []Family, name string, labels ...string) (v float64, ok bool) {
	for _, f := range list {
	next:
		for _, s := range f.Samples {
			if s.Name != name || len(s.Labels) != len(labels)/2 {
				continue
			}
			for i := 0; i < len(labels); i += 2 {
				if s.Labels[labels[i]] != labels[i+1] {
					continue next
				}
			}
			return s.Value, true
		}
	}
	return 0, false
}
