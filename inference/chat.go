package inference

import (
	"context"
	"errors"
	"fmt"

	"github.com/unikernel-ai/unikernel-ai/inference/chat"
	"github.com/unikernel-ai/unikernel-ai/inference/tokenizer"
)

// Message is one turn of a chat. Roles are what the model's template knows: "system",
// "user" and "assistant".
type Message = chat.Message

// ErrNoChat is returned by Chat and ChatTokens for a model without a chat template.
var ErrNoChat = errors.New("inference: the model has no chat template")

const templateKey = "tokenizer.chat_template"

// HasChat reports whether the model's file has a chat template, and is not an encoder's.
func (m *Model) HasChat() bool { return m.encoder == nil && m.file.Has(templateKey) }

// Chat answers messages: it generates as Generate does, after the prompt that the
// model's template makes of them. The answer ends where the model ends its turn.
func (m *Model) Chat(ctx context.Context, messages []Message, o Options, each func(Token) error) (Result, error) {
	tokens, err := m.ChatTokens(messages)
	if err != nil {
		return Result{}, err
	}
	return m.generate(ctx, tokens, o, each)
}

// ChatTokens returns the tokens of the prompt for an answer to messages. Control tokens
// come out of the template alone: what a message holds is text, whatever it looks
// like. Messages and the prompt may have up to MaxText bytes.
func (m *Model) ChatTokens(messages []Message) ([]int32, error) {
	if m.encoder != nil {
		return nil, ErrEncoder
	}
	if !m.HasChat() {
		return nil, ErrNoChat
	}
	if len(messages) == 0 {
		return nil, fmt.Errorf("inference: no messages")
	}
	size := 0
	for _, msg := range messages {
		if size += len(msg.Role) + len(msg.Content); size > MaxText {
			return nil, fmt.Errorf("inference: messages of more than %d bytes", MaxText)
		}
	}
	m.long.Lock() // as in Tokenize: rendering takes memory too
	defer m.long.Unlock()
	if m.template == nil {
		src, err := m.file.String(templateKey)
		if err == nil {
			m.template, err = chat.Parse(src)
		}
		if err != nil {
			return nil, fmt.Errorf("inference: %w", err)
		}
	}
	p, err := m.template.Render(chat.Input{
		Messages: messages, Answer: true, BOS: m.tokens.Special(m.tokens.BOS), EOS: m.tokens.Special(m.tokens.EOS),
	})
	if err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	if len(p.Text) > MaxText {
		return nil, fmt.Errorf("inference: the messages make a prompt of %d bytes, at most %d", len(p.Text), MaxText)
	}
	ids := m.tokens.EncodeTemplate(p.Text, p.Trusted)
	if bos := m.tokens.BOS; m.tokens.AddBOS && bos != tokenizer.None && (len(ids) == 0 || ids[0] != bos) {
		ids = append([]int32{bos}, ids...)
	}
	return ids, nil
}
