package sampler

import (
	"cmp"
	"slices"
)

// compare orders by chance, largest first, then by token.
func compare(a, b candidate) int {
	if a.p != b.p {
		return cmp.Compare(b.p, a.p)
	}
	return cmp.Compare(a.id, b.id)
}

// topK moves the k first of list in compare's order to its front, in any order,
// and returns them. 0 < k < len(list). Quickselect: linear on average.
func topK(list []candidate, k int) []candidate {
	for lo, hi := 0, len(list)-1; lo < hi; {
		// Hoare's partition round the middle element; all elements differ.
		pivot := list[(lo+hi)/2]
		i, j := lo, hi
		for i <= j {
			for compare(list[i], pivot) < 0 {
				i++
			}
			for compare(list[j], pivot) > 0 {
				j--
			}
			if i <= j {
				list[i], list[j] = list[j], list[i]
				i++
				j--
			}
		}
		switch {
		case k-1 <= j:
			hi = j
		case k-1 >= i:
			lo = i
		default:
			lo = hi
		}
	}
	return list[:k]
}

// topP returns the fewest candidates, first in compare's order, whose chances
// reach p of the total. 0 < p < 1.
func topP(list []candidate, p float32) []candidate {
	total := sum(list)
	// A candidate below this cannot be among them: even if all were as small,
	// those before would have reached p. It spares sorting the long tail.
	least := total * (1 - float64(p)) / float64(len(list))
	kept := list[:0]
	for _, c := range list {
		if float64(c.p) >= least {
			kept = append(kept, c)
		}
	}
	slices.SortFunc(kept, compare)
	reached := 0.0
	for i, c := range kept {
		if reached += float64(c.p); reached >= total*float64(p) {
			return kept[:i+1]
		}
	}
	return kept
}
