// Package keeper keeps a guest within reach of a bridge: one that runs already, by
// its address, or one in a VM of its own, which it starts again when it dies.
//
// A bridge sees a guest as something to dial. Each connection ends with the guest;
// dialling again waits for the next one.
//
//	start -> boot -> listens -> ended -> wait -> start ...
//	                                     100 ms, twice as long each time, at most 10 s
//
// A guest that has run for 10 s before it ended counts as the first to end; one that ends
// eight times in a row before that is given up, and so is one whose first boot
// fails: it would fail again.
package keeper
