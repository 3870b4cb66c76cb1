package generator

import "time"

// maxLead bounds how early a thread wakes: beyond it something else has the
// processor, and waking yet earlier would only take more of it.
const maxLead = 150 * time.Microsecond

// lead is how long before a moment a thread has to be woken to be awake at it:
// the median delay of its wake-ups. A halted virtual processor takes 50 µs and
// more; a busy one, none.
type lead time.Duration

// learn moves the estimate towards delay, by a step that does not depend on how
// far off it is: so many steps up as down are a median, which outliers do not move.
func (l *lead) learn(delay time.Duration) {
	const step = lead(time.Microsecond)
	if lead(delay) > *l {
		*l = min(*l+step, lead(maxLead))
	} else {
		*l = max(*l-step, 0)
	}
}
