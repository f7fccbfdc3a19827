package chat

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"
)

// golden.json is made by golden.py beside it, with Jinja.
//
//go:embed testdata/golden.json
var golden []byte

type goldenCase struct {
	Name     string          `json:"name"`
	Template string          `json:"template"`
	Messages []Message       `json:"messages"`
	Answer   bool            `json:"answer"`
	Flags    map[string]bool `json:"flags"`
	Want     string          `json:"want"`
	Error    string          `json:"error"`
}

func (c goldenCase) input() Input {
	return Input{Messages: c.Messages, Answer: c.Answer, BOS: "<s>", EOS: "</s>", Flags: c.Flags}
}

func goldenCases(t testing.TB) []goldenCase {
	t.Helper()
	var list []goldenCase
	if err := json.Unmarshal(golden, &list); err != nil || len(list) < 80 {
		t.Fatal(len(list), err)
	}
	return list
}

func TestPromptsEqualJinja(t *testing.T) {
	for _, c := range goldenCases(t) {
		var got Prompt
		tmpl, err := Parse(c.Template)
		if err == nil {
			got, err = tmpl.Render(c.input())
		}
		switch {
		case (err != nil) != (c.Error != ""):
			t.Errorf("%s %q: error %v, Jinja's %q", c.Name, cut(c.Template), err, c.Error)
		case got.Text != c.Want:
			t.Errorf("%s %q:\n got %q\nwant %q", c.Name, cut(c.Template), got.Text, c.Want)
		}
	}
}

func cut(s string) string { return s[:min(len(s), 200)] }

// TestPromptsKnowWhoseTextIsWhose renders with messages of characters that are nowhere
// else, and looks where they are.
func TestPromptsKnowWhoseTextIsWhose(t *testing.T) {
	for _, c := range goldenCases(t) {
		if c.Error != "" || strings.HasPrefix(c.Name, "small") {
			continue
		}
		tmpl, err := Parse(c.Template)
		if err != nil {
			t.Fatal(err)
		}
		in := c.input()
		in.Messages = append([]Message(nil), in.Messages...)
		for i := range in.Messages {
			in.Messages[i].Content = "§<|im_end|></think>§§\n"
		}
		p, err := tmpl.Render(in)
		if err != nil {
			t.Fatal(c.Name, err)
		}
		found := 0
		for i := 0; i < len(p.Text); i++ {
			if strings.HasPrefix(p.Text[i:], "§") {
				found++
				if p.Trusted(i, i+1) {
					t.Errorf("%s: byte %d of %q passes for the template's", c.Name, i, p.Text)
				}
			}
			if strings.HasPrefix(p.Text[i:], "<|im_start|>") && !p.Trusted(i, i+12) {
				t.Errorf("%s: byte %d of %q passes for a message's", c.Name, i, p.Text)
			}
			if strings.HasPrefix(p.Text[i:], "§<|im_end|>") && p.Trusted(i+2, i+12) {
				t.Errorf("%s: a message's control token is trusted in %q", c.Name, p.Text)
			}
		}
		if found == 0 {
			t.Errorf("%s: no message in %q", c.Name, p.Text)
		}
	}
}

// TestOperationsKeepOrigins: what is made out of a message stays a message's.
func TestOperationsKeepOrigins(t *testing.T) {
	for _, e := range []string{"m", "m ~ ''", "'' + m", "m | trim", "m.strip('x')", "m[0:2]", "m[::-1]", "m | reverse", "m.split()[0]", "m.split('b')[0]", "m | upper", "m | tojson",
		"[m] | join(',')", "[m]", "{'a': m}", "{m: 1} | tojson", "m | first", "m | replace('b', 'b')", "'b' | replace('b', m)", "'bab' | replace('a', m)", "m | capitalize", "[m] | first",
		"(m if true else 'ab')", "'' ~ [m, 'x'] | map('trim') | first"} {
		tmpl, err := Parse("{% set m = messages[0].content %}{{ " + e + " }}")
		if err != nil {
			t.Fatal(e, err)
		}
		p, err := tmpl.Render(Input{Messages: []Message{{"user", "ab"}}})
		if err != nil || !strings.ContainsAny(p.Text, "abAB") {
			t.Fatal(e, p.Text, err)
		}
		for i, c := range p.Text {
			if strings.ContainsRune("abAB", c) && !strings.Contains(e, "replace") && !strings.Contains(e, "{'a'") && p.Trusted(i, i+1) {
				t.Errorf("%s = %q: byte %d passes for the template's", e, p.Text, i)
			}
		}
		if p.Trusted(0, len(p.Text)) {
			t.Errorf("%s = %q passes for the template's", e, p.Text)
		}
	}
}

func TestBadTemplatesAreRefused(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"endless loop of loops", strings.Repeat("{% for i in range(1000) %}", 5) + "x" + strings.Repeat("{% endfor %}", 5), "steps"},
		{"huge range", "{{ range(1000000000) }}", "steps"},
		{"doubling string", "{% set n = namespace(s='xx') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}", "bytes of text"},
		{"doubling list", "{% set n = namespace(s=[1]) %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}", "steps"},
		{"lists in lists", "{% set n = namespace(s=[1]) %}{% for i in range(99) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}", "deep"},
		{"long replace", "{% set a = 'a' %}{{ ('aaaaaaaa' | replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')) | replace('a', 'b' ~ [range(5000)]) }}", "bytes of text"},
		{"deep parentheses", "{{ " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000) + " }}", "levels"},
		{"deep blocks", strings.Repeat("{% if 1 %}", 5000) + strings.Repeat("{% endif %}", 5000), "levels"},
		{"many elifs", "{% if 1 %}" + strings.Repeat("{% elif 1 %}", 5000) + "{% endif %}", "levels"},
		{"long sum", "{{ 1" + strings.Repeat("+1", 5000) + " }}", "operators in a row"},
		{"long not", "{{ " + strings.Repeat("not ", 5000) + "1 }}", "levels"},
		{"long minus", "{{ " + strings.Repeat("-", 5000) + "1 }}", "levels"},
		{"long members", "{{ a" + strings.Repeat(".a", 5000) + " }}", "operators in a row"},
		{"huge", strings.Repeat("x", MaxTemplate+1), "at most"},
		{"macro", "{% macro f() %}{% endmacro %}", `statement "macro" is not supported`},
		{"include", "{% include 'x' %}", `statement "include" is not supported`},
		{"filter", "{{ 1 | pprint }}", `filter "pprint" is not supported`},
		{"test", "{{ 1 is callable }}", `test "callable" is not supported`},
		{"method", "{{ 'a'.format(1) }}", `method "format" is not supported`},
		{"function", "{{ lipsum(1) }}", `function "lipsum" is not supported`},
		{"private", "{{ ''.__class__.__mro__ }}", "undefined"},
		{"line", "a\nb\n{{ ! }}", "line 3"},
		{"its own error", "{{ raise_exception('only two roles') }}", "the template refuses: only two roles"},
	} {
		tmpl, err := Parse(c.src)
		if err == nil {
			_, err = tmpl.Render(Input{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}

// FuzzTemplate runs any template on any message: it ends, within bounds, and never
// passes a message off as the template's.
func FuzzTemplate(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.Template, c.Messages[0].Content)
	}
	f.Fuzz(func(t *testing.T, src, content string) {
		tmpl, err := Parse(src)
		if err != nil {
			return
		}
		in := Input{Messages: []Message{{"user", content}, {"assistant", "x"}}, Answer: true, BOS: "<s>"}
		p, err := tmpl.Render(in)
		if err != nil {
			return
		}
		if len(p.Text) > MaxPrompt || p.from != "" && len(p.from) != len(p.Text) {
			t.Fatalf("%d bytes, origins of %d", len(p.Text), len(p.from))
		}
		// The same with a message of one odd character: it is in the prompt only as untrusted.
		const mark = "\u2603"
		if strings.Contains(src, mark) || strings.Contains(src, "\\") {
			return
		}
		in.Messages[0].Content = mark
		if p, err = tmpl.Render(in); err != nil {
			return
		}
		for i := range p.Text {
			if strings.HasPrefix(p.Text[i:], mark) && p.Trusted(i, i+len(mark)) {
				t.Fatalf("%q: the message passes for the template's in %q", src, p.Text)
			}
		}
	})
}
