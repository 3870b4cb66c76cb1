package stats

import "math/rand/v2"

// Orders returns an order of n modes for each round: a Williams design under
// random names, its rows in random order. Over n rounds (2n when n is odd) every
// mode stands in every place once and follows every other mode once, so neither
// its place nor its predecessor favours it.
func Orders(n, rounds int, seed uint64) [][]int {
	rng := rand.New(rand.NewPCG(seed, 0x6f72646572))
	var out [][]int
	for len(out) < rounds {
		rows := williams(n)
		names := rng.Perm(n)
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for _, row := range rows {
			for i := range row {
				row[i] = names[row[i]]
			}
		}
		out = append(out, rows...)
	}
	return out[:rounds]
}

// williams returns the rows of a Williams design: 0, 1, n-1, 2, n-2, … shifted by
// each residue, and for odd n their mirror images as well.
func williams(n int) [][]int {
	first := make([]int, n)
	for i := range first {
		first[i] = (i + 1) / 2
		if i%2 == 0 {
			first[i] = (n - i/2) % n
		}
	}
	var rows [][]int
	for shift := range n {
		row := make([]int, n)
		for i, v := range first {
			row[i] = (v + shift) % n
		}
		rows = append(rows, row)
	}
	if n%2 == 1 && n > 1 {
		for _, row := range rows[:n] {
			mirror := make([]int, n)
			for i, v := range row {
				mirror[n-1-i] = v
			}
			rows = append(rows, mirror)
		}
	}
	return rows
}
