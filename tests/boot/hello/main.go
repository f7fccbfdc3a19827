// Hello is the smallest image: it prints a line and powers the VM off.
package main

import "fmt"

func main() {
	fmt.Println("PASS hello")
}
