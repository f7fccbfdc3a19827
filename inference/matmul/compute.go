package matmul

// compute adds one block of rows times some panels of B' to C.
func (g *product[T]) compute(b *region, thread, task int) {
	i0 := task / b.across * b.high
	rows := min(b.high, b.rows-i0)
	from := task % b.across * b.wide
	to := min(from+b.wide, b.panels)
	beta := g.beta
	if b.l0 > 0 {
		beta = 1
	}
	if g.odd.Load() == int64(b.number) {
		g.computePlain(b, i0, rows, from, to, beta)
		return
	}
	t := g.tile
	full := rows / t.rows // panels
	rest := rows - full*t.rows
	height := t.height(rest)
	a := g.pa[i0*b.depth:]
	last := a[full*t.rows*b.depth:]
	for p := from; p < to; p++ {
		pb := g.pb[p*t.cols*b.depth : (p+1)*t.cols*b.depth]
		cols := min(t.cols, b.cols-p*t.cols)
		c := g.c[(b.i0+i0)*g.ldc+b.j0+p*t.cols:]
		if cols < t.cols {
			for i := range full {
				g.edge(b, thread, t.rows, t.rows, cols, beta, a[i*t.rows*b.depth:], pb, c[i*t.rows*g.ldc:])
			}
		} else if full > 0 {
			t.micro(t.rows, b.depth, full, g.alpha, beta, a, pb, c, g.ldc)
		}
		if rest == 0 {
			continue
		}
		c = c[full*t.rows*g.ldc:]
		if rest == height && cols == t.cols {
			t.micro(height, b.depth, 1, g.alpha, beta, last, pb, c, g.ldc)
		} else {
			g.edge(b, thread, height, rest, cols, beta, last, pb, c)
		}
	}
}

// edge computes a tile at the edge of C, where there is no room for all of it.
func (g *product[T]) edge(b *region, thread, height, rows, cols int, beta T, a, pb, c []T) {
	tile := g.edges[thread]
	g.tile.micro(height, b.depth, 1, g.alpha, 0, a, pb, tile, g.tile.cols)
	for r := range rows {
		merge(c[r*g.ldc:][:cols], tile[r*g.tile.cols:], 1, beta)
	}
}

// computePlain has gonum do what compute does. gonum skips zeros in A, so that
// 0·Inf and 0·NaN vanish where B is not transposed; skipping is slow, and only
// matters where B has such numbers.
func (g *product[T]) computePlain(b *region, i0, rows, from, to int, beta T) {
	j0 := b.j0 + from*g.tile.cols
	cols := min(to*g.tile.cols, b.cols) - from*g.tile.cols
	a, tA := g.a.from(b.i0+i0, b.l0)
	v, tB := g.b.from(b.l0, j0)
	g.engine.plain(tA, tB, rows, cols, b.depth, g.alpha, a, g.a.ld, v, g.b.ld, beta, g.c[(b.i0+i0)*g.ldc+j0:], g.ldc)
}

// height returns the least height of a panel that has room for rows.
func (t *tile[T]) height(rows int) int {
	best := t.rows
	for _, h := range t.heights {
		if h >= rows {
			best = h
		}
	}
	return best
}
