package generator

// fifo is a queue that reuses its memory.
type fifo[T comparable] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

func (q *fifo[T]) push(v T) { q.items = append(q.items, v) }

func (q *fifo[T]) peek() T { return q.items[q.head] }

func (q *fifo[T]) pop() T {
	v := q.items[q.head]
	q.head++
	if q.head >= 1024 || q.head == len(q.items) {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	return v
}

// remove takes v out, wherever it is.
func (q *fifo[T]) remove(v T) {
	for i := q.head; i < len(q.items); i++ {
		if q.items[i] == v {
			q.items = append(q.items[:i], q.items[i+1:]...)
			return
		}
	}
}
