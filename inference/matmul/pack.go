package matmul

// pack does one of the tasks that fill A' and B'.
func (g *product[T]) pack(b *region, task int) {
	if task < b.packB {
		from := task * b.panelB
		g.packB(b, from, min(from+b.panelB, b.panels))
		return
	}
	task -= b.packB
	panels := (b.rows + g.tile.rows - 1) / g.tile.rows
	for p := task * panels / b.packA; p < (task+1)*panels/b.packA; p++ {
		g.packA(b, p*g.tile.rows)
	}
}

// packA copies rows i.. of a block of A into a panel.
func (g *product[T]) packA(b *region, i int) {
	t, a := g.tile, g.a
	rows := min(t.rows, b.rows-i)
	height := t.height(rows)
	dst := g.pa[i*b.depth:][:height*b.depth]
	if rows < height {
		clear(dst)
	}
	src, _ := a.from(b.i0+i, b.l0)
	switch {
	case !a.transposed:
		t.interleave(dst, height, src, a.ld, rows, b.depth)
	case rows == t.rows:
		t.columns(dst, src, a.ld, b.depth)
	default: // row l of the storage holds column l of A
		for l := range b.depth {
			copy(dst[l*height:l*height+rows], src[l*a.ld:])
		}
	}
}

// rowsAtOnce is how many rows of B are copied into several panels before the next
// ones are: their pages stay in the translation buffer.
const rowsAtOnce = 32

// packB copies panels [from, to) of a block of B.
func (g *product[T]) packB(b *region, from, to int) {
	t := g.tile
	finite := true
	if g.b.transposed {
		for p := from; p < to; p++ {
			finite = g.packTransposed(b, p) && finite
		}
	} else {
		for l := 0; l < b.depth; l += rowsAtOnce {
			n := min(rowsAtOnce, b.depth-l)
			for p := from; p < to; p++ {
				dst := g.pb[(p*b.depth+l)*t.cols:][:n*t.cols]
				src := g.b.v[(b.l0+l)*g.b.ld+b.j0+p*t.cols:]
				if cols := b.cols - p*t.cols; cols < t.cols {
					finite = edgePanel(dst, t.cols, src, g.b.ld, cols, n) && finite
					continue
				}
				finite = t.panel(dst, src, g.b.ld, n) && finite
			}
		}
	}
	if !finite {
		g.odd.Store(int64(b.number))
	}
}

// edgePanel is panel for rows of cols elements, padded to width.
func edgePanel[T float](dst []T, width int, src []T, ld, cols, n int) bool {
	clear(dst)
	for l := range n {
		copy(dst[l*width:l*width+cols], src[l*ld:])
	}
	return finite(dst)
}

// packTransposed copies panel p of B, of which row j of the storage is column j.
func (g *product[T]) packTransposed(b *region, p int) bool {
	t := g.tile
	dst := g.pb[p*t.cols*b.depth:][:t.cols*b.depth]
	cols := min(t.cols, b.cols-p*t.cols)
	if cols < t.cols {
		clear(dst)
	}
	src, _ := g.b.from(b.l0, b.j0+p*t.cols)
	t.interleave(dst, t.cols, src, g.b.ld, cols, b.depth)
	return t.finite(dst)
}
