package yamlconf

import "strings"

// Nearest returns the one of the known names that a writer of name most likely
// meant: the one with the fewest edits, the first of them where several are as
// near. Case is no edit.
func Nearest(name string, known []string) string {
	best, least := "", 0
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); best == "" || d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours that make b of a (optimal string alignment).
func distance(a, b string) int {
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitute := one[j-1]
			if a[i-1] != b[j-1] {
				substitute++
			}
			row[j] = min(one[j]+1, row[j-1]+1, substitute)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(b)]
}
