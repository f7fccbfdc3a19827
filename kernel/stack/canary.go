package stack

// Canary returns the value to keep at the lowest 8 bytes of the stack that begins
// at low, under the secret of this boot. It differs from stack to stack, is never
// zero, and its lowest byte is zero only by chance.
func Canary(secret, low uint64) uint64 {
	if v := secret ^ low; v != 0 {
		return v
	}
	return ^low
}

// Health is what a look at a canary tells.
type Health uint8

// Healths.
const (
	Intact  Health = iota
	Zeroed         // overwritten with zeros: the page was lost or cleared
	Foreign        // holds the canary of another stack: a stack was mixed up
	Broken         // overwritten: the stack overflowed, or a stray write hit it
)

var healthNames = [...]string{
	Intact: "intact", Zeroed: "stack canary zeroed", Foreign: "stack canary of another stack",
	Broken: "stack canary overwritten",
}

// String returns h in words.
func (h Health) String() string {
	if int(h) < len(healthNames) {
		return healthNames[h]
	}
	return "unknown health"
}

// Check judges the value found at low.
func (l Layout) Check(secret, low, value uint64) Health {
	switch {
	case value == Canary(secret, low):
		return Intact
	case value == 0:
		return Zeroed
	}
	if other := value ^ secret; other%pageSize == 0 {
		if _, ok := l.SlotOf(other); ok {
			return Foreign
		}
	}
	return Broken
}
