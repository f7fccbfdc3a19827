//go:build race

package matmul

// raceEnabled: the race detector has sync.Pool forget at random.
const raceEnabled = true
