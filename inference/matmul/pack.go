package matmul

// packA copies rows i0.. and columns l0.. of A into panels of mr rows.
func packA(dst []float32, a matrix, i0, l0, rows, depth int) {
	for i := 0; i < rows; i += mr {
		panel := dst[i*depth : (i+mr)*depth]
		n := min(mr, rows-i)
		if n < mr {
			clear(panel)
		}
		if a.transposed { // row l of the storage holds column l of A
			for l := range depth {
				copy(panel[l*mr:l*mr+n], a.v[(l0+l)*a.ld+i0+i:])
			}
			continue
		}
		if n == mr {
			packRows(panel, a.v[(i0+i)*a.ld+l0:], a.ld, depth)
			continue
		}
		for r := range n {
			for l, v := range a.v[(i0+i+r)*a.ld+l0:][:depth] {
				panel[l*mr+r] = v
			}
		}
	}
}

// packRows interleaves mr rows, ld elements apart, into one panel.
func packRows(panel, a []float32, ld, depth int) {
	r0, r1, r2 := a[:depth], a[ld:][:depth], a[2*ld:][:depth]
	r3, r4, r5 := a[3*ld:][:depth], a[4*ld:][:depth], a[5*ld:][:depth]
	for l := range r0 {
		p := panel[l*mr : l*mr+mr : l*mr+mr]
		p[0], p[1], p[2] = r0[l], r1[l], r2[l]
		p[3], p[4], p[5] = r3[l], r4[l], r5[l]
	}
}

// packPanel copies panel p of B into g.pb.
func (g *gemmState) packPanel(_ *worker, p int) {
	b, depth := g.b, g.depth
	panel := g.pb[p*nr*depth : (p+1)*nr*depth]
	j := g.j0 + p*nr
	n := min(nr, g.cols-p*nr)
	if n < nr {
		clear(panel)
	}
	if !b.transposed {
		for l := range depth {
			copy(panel[l*nr:l*nr+n], b.v[(g.l0+l)*b.ld+j:])
		}
		return
	}
	for c := range n { // row j of the storage holds column j of B
		for l, v := range b.v[(j+c)*b.ld+g.l0:][:depth] {
			panel[l*nr+c] = v
		}
	}
}
