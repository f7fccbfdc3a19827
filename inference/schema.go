package inference

import (
	"fmt"

	"github.com/unikernel-ai/unikernel-ai/inference/constrain"
)

// grammar compiles the schema of Options, nil if there is none. It is bounded in memory and
// time whatever the schema says.
func (m *Model) grammar(schema []byte) (*constrain.Grammar, error) {
	if schema == nil {
		return nil, nil
	}
	m.long.Lock() // as in Tokenize: one at a time
	defer m.long.Unlock()
	g, err := constrain.Compile(string(schema))
	if err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	return g, nil
}

// value starts a value of g, nil if that is nil. The tree of the vocabulary is made at the first.
func (m *Model) value(g *constrain.Grammar) (*constrain.Output, error) {
	if g == nil {
		return nil, nil
	}
	m.long.Lock()
	defer m.long.Unlock()
	if m.vocabulary == nil {
		m.vocabulary = constrain.NewVocabulary(m.tokens.Len(), m.tokens.AppendText, m.tokens.Ends)
	}
	v, err := constrain.New(g, m.vocabulary)
	if err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	return v, nil
}

// narrow takes the tokens out of the logits that the value cannot go on with.
func (g *generation) narrow() {
	if g.value != nil {
		// The last token that is chosen needs no place in the session.
		g.value.Mask(g.w.logits, min(g.max-g.res.Stats.Tokens, g.w.session.Free()+1))
	}
}

// follow tells the value of the token that was chosen, and ends the text where the value is complete and
// ends or cannot go on.
func (g *generation) follow(id int32) error {
	if g.value == nil {
		return nil
	}
	if err := g.value.Next(id); err != nil {
		return err
	}
	if g.value.Final() || g.res.Stop != "" && g.value.Complete() {
		g.res.Stop = StopEOS
	}
	return nil
}
