package kjv

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

func TestDigest(t *testing.T) {
	sum := sha256.Sum256(Q8_0())
	if got := hex.EncodeToString(sum[:]); got != SHA256 {
		t.Errorf("the file's sha256 is %s, SHA256 says %s", got, SHA256)
	}
}
