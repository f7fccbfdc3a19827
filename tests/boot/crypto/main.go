// Crypto uses packages of the standard library that come with 32 MiB of
// variables, and tells how much memory that takes.
package main

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"

	"github.com/unikernel-ai/unikernel-ai/kernel"
)

// mostUsed is how much memory may be in use, in frames: less than the variables
// of crypto/internal/fips140/drbg alone have.
const mostUsed = 16 << 20 / kernel.PageSize

// leastTotal is what must be left of 40 MiB beside the image, in frames. With few=on there
// is less RAM.
const leastTotal = 32 << 20 / kernel.PageSize

func main() {
	err := check()
	if err == nil {
		err = checkTail()
	}
	if err == nil {
		err = checkModule()
	}
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	fmt.Println("PASS crypto")
}

func check() error {
	before, err := kernel.ReadStats()
	if err != nil {
		return err
	}
	var a, b [32]byte
	for _, buf := range [...][]byte{a[:], b[:]} {
		if _, err := rand.Read(buf); err != nil {
			return err
		}
	}
	if a == b {
		return fmt.Errorf("two random numbers are %x", a)
	}
	// FIPS 180-4, with the example of its "SHA-256" test vectors.
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte("abc"))); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		return fmt.Errorf("SHA-256 of abc is %s", got)
	}
	after, err := kernel.ReadStats()
	if err != nil {
		return err
	}
	fmt.Printf("memory in use: %d KiB, then %d KiB, of %d KiB\n", before.FramesUsed*4, after.FramesUsed*4, after.FramesTotal*4)
	if after.FramesUsed > mostUsed || after.FramesTotal < leastTotal && os.Getenv("few") != "on" {
		return fmt.Errorf("%d frames in use of %d, want at most %d of at least %d", after.FramesUsed, after.FramesTotal, mostUsed, leastTotal)
	}
	return nil
}
