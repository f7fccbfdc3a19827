package constrain

// seen finds a thread in a list. Lists are short, but for schemas that are made to be slow: those get
// a hash table, which is empty when round changes.
type seen struct {
	round uint32
	table []slot // made when first needed
}

// slot says that thread index of the list belongs here, if round is the table's.
type slot struct {
	round uint32
	index int32
}

const (
	shortList = 16
	slots     = 4 * maxThreads
)

// has reports whether h is in list, which grows by h if it is not. Calls for one list follow each other.
func (s *seen) has(list []thread, h *thread) bool {
	if len(list) < shortList {
		for i := range list {
			if list[i] == *h {
				return true
			}
		}
		return false
	}
	if s.table == nil {
		s.table = make([]slot, slots)
	}
	if len(list) == shortList { // a new list, or one that has just become long
		if s.round++; s.round == 0 {
			clear(s.table)
			s.round = 1
		}
		for i := range list {
			s.find(list, &list[i], int32(i))
		}
	}
	return s.find(list, h, int32(len(list)))
}

// find reports whether h is in the table, and puts it there as index if not. One beyond those that are
// kept is not put there: the table never fills up.
func (s *seen) find(list []thread, h *thread, index int32) bool {
	i := h.hash ^ uint64(uint32(h.node))<<32 ^ uint64(uint32(h.count)) ^ uint64(uint32(h.frame))<<16 ^ uint64(uint32(h.keys))<<8 ^ uint64(h.sub)<<56
	i = (i ^ i>>29) * 0x9E3779B97F4A7C15 >> 40
	for ; ; i++ {
		at := &s.table[i%slots]
		if at.round != s.round {
			if index < maxThreads {
				*at = slot{s.round, index}
			}
			return false
		}
		if int(at.index) < len(list) && list[at.index] == *h {
			return true
		}
	}
}
