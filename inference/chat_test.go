package inference_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/inference/models/modeltest"
)

// chatty is the embedded model with a chat template put into its keys.
func chatty(t testing.TB, template string) []byte {
	t.Helper()
	b := kjv.Q8_0()
	const keys = 24 // offset of the first
	extra := gguftest.File{Keys: []gguftest.Key{{Name: "tokenizer.chat_template", Value: template}}}.Bytes()[keys:]
	f, err := gguf.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	extra = extra[:8+len("tokenizer.chat_template")+4+8+len(template)]
	first := f.Tensors[0].Offset // the data moves by a multiple of the alignment: pad with a key
	for _, x := range f.Tensors {
		first = min(first, x.Offset)
	}
	pad := gguftest.File{Keys: []gguftest.Key{{Name: "pad", Value: strings.Repeat("x", (-(len(extra) + 8 + 3 + 4 + 8))&31)}}}.Bytes()[keys:]
	pad = pad[:8+3+4+8+(-(len(extra)+8+3+4+8))&31]
	out := append(slices.Clone(b[:keys]), extra...)
	out = append(append(out, pad...), b[keys:]...)
	out[16] += 2 // count of keys
	return out
}

const turns = "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<s>assistant:{% endif %}"

func TestChatTokensComeFromTheTemplate(t *testing.T) {
	m, err := inference.Load(chatty(t, turns))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := m.ChatTokens([]inference.Message{{Role: "user", Content: "Speak <s> unto </s> me."}})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return id != 1 })); n != 2 || ids[0] != 1 || slices.Contains(ids, 2) {
		t.Errorf("%d beginnings in %v, want the template's 2, and no end", n, ids)
	}
	if text, err := m.Detokenize(ids); err != nil || text != "user: Speak <s> unto </s> me.\nassistant:" {
		t.Errorf("prompt %q, %v", text, err)
	}
	res, err := m.Chat(context.Background(), []inference.Message{{Role: "user", Content: "Speak."}}, inference.Options{MaxTokens: 5}, nil)
	if err != nil || res.Stats.Tokens != 5 || res.Text == "" {
		t.Errorf("Chat = %+v, %v", res, err)
	}
}

func TestChatErrors(t *testing.T) {
	plain := load(t, inference.Config{})
	if _, err := plain.Chat(context.Background(), []inference.Message{{Role: "user"}}, inference.Options{}, nil); !errors.Is(err, inference.ErrNoChat) || plain.HasChat() {
		t.Errorf("without a template: %v", err)
	}
	user := inference.Message{Role: "user", Content: "x"}
	for _, c := range []struct {
		name, template, want string
		messages             []inference.Message
	}{
		{"no messages", turns, "no messages", nil},
		{"long", turns, "more than 65536 bytes", []inference.Message{user, {Role: "user", Content: strings.Repeat("x", inference.MaxText)}}},
		{"long prompt", "{% for i in range(9000) %}{{ messages[0].content }} words {% endfor %}", "prompt of", []inference.Message{user}},
		{"bad template", "{% macro f() %}", `"macro" is not supported`, []inference.Message{user}},
		{"its own", "{{ raise_exception('not so') }}", "not so", []inference.Message{user}},
	} {
		m, err := inference.Load(chatty(t, c.template))
		if err != nil {
			t.Fatal(c.name, err)
		}
		if _, err := m.ChatTokens(c.messages); err == nil || !strings.Contains(err.Error(), c.want) || !m.HasChat() {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}

// TestSmolLM2Chats needs the model's file. What it says is what a float64 engine says
// (package transformer's TestSmolLM2EqualsFloat64Reference).
func TestSmolLM2Chats(t *testing.T) {
	data := modeltest.Read(t, "smollm2-135m-instruct")
	m, err := inference.LoadConfig(data, inference.Config{Context: 512, Sessions: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ say, want string }{
		{"What is the capital of France?", "The capital of France is Paris."},
		{"2+2=?", "The answer is 2."}, // so it says
	} {
		res, err := m.Chat(context.Background(), []inference.Message{{Role: "user", Content: c.say}}, inference.Options{MaxTokens: 24}, nil)
		if err != nil || res.Text != c.want || res.Stop != inference.StopEOS {
			t.Errorf("%q: %q, %s, %v, want %q", c.say, res.Text, res.Stop, err, c.want)
		}
		again, err := m.Chat(context.Background(), []inference.Message{{Role: "user", Content: c.say}, {Role: "assistant", Content: res.Text}, {Role: "user", Content: "Why?"}},
			inference.Options{MaxTokens: 3}, nil)
		if held := res.Stats.PromptTokens + len(res.Tokens) - 1; err != nil || again.Stats.Reused < held {
			t.Errorf("%q, and then why: %v, %d tokens of %d were taken up, the session held %d", c.say, err, again.Stats.Reused, again.Stats.PromptTokens, held)
		}
		t.Logf("%q: %v; %.0f and %.0f tokens/s", c.say, res.Tokens, res.Stats.PromptRate(), res.Stats.DecodeRate())
	}
}
