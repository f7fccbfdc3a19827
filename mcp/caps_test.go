package mcp

import (
	"encoding/json"
	"testing"
)

func TestCapabilitiesOfClients(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		want      clientCaps
	}{
		{"none", `{}`, 0},
		{"bare", `{"roots":{},"sampling":{},"elicitation":{}}`, capRoots | capSampling | capElicitForm},
		{"all", `{"roots":{"listChanged":true},"sampling":{"tools":{},"context":{}},"elicitation":{"form":{},"url":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}`,
			capRoots | capRootsChanged | capSampling | capSamplingTools | capSamplingContext | capElicitForm | capElicitURL | capTasks},
		{"URL mode only", `{"elicitation":{"url":{}}}`, capElicitURL},
		{"wrong types", `{"roots":true,"sampling":null,"elicitation":[],"extensions":{"io.modelcontextprotocol/tasks":true}}`, 0},
		{"wrong types inside", `{"roots":{"listChanged":"true"},"sampling":{"tools":1},"elicitation":{"url":false}}`, capRoots | capSampling | capElicitForm},
		{"unknown", `{"experimental":{"x":{}},"extensions":{"com.example/x":{}},"tasks":{"list":{}}}`, 0},
	} {
		if got := parseCaps([]byte(c.doc)); got != c.want {
			t.Errorf("%s: parseCaps(%s) = %b, want %b", c.name, c.doc, got, c.want)
		}
	}
}

// TestMissingCapabilities: what an error asks for is, word for word, what declares it.
func TestMissingCapabilities(t *testing.T) {
	for need := range clientCaps(1 << 8) {
		want := need
		if need&capRootsChanged != 0 {
			want |= capRoots
		}
		if need&(capSamplingTools|capSamplingContext) != 0 {
			want |= capSampling
		}
		var data struct {
			RequiredCapabilities json.RawMessage
		}
		e := errMissing(need)
		if err := json.Unmarshal(*e.Data, &data); err != nil || e.Code != -32021 {
			t.Fatalf("errMissing(%b) = %+v: %v", need, e, err)
		}
		if got := parseCaps(data.RequiredCapabilities); got != want {
			t.Errorf("errMissing(%b) asks for %s, which is %b, want %b", need, data.RequiredCapabilities, got, want)
		}
	}
}
