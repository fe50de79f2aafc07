package main

import "sync"

// budget bounds the bytes that are worked on at once to maxInFlight. One
// goroutine takes; any may give.
type budget struct {
	mu    sync.Mutex
	freed sync.Cond
	used  int
}

// maxInFlight is the size in bytes of all batches that were read and are not
// yet printed. What is larger goes alone.
const maxInFlight = 64 << 20

func newBudget() *budget {
	b := new(budget)
	b.freed.L = &b.mu
	return b
}

// take waits until n bytes more may be worked on.
func (b *budget) take(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.used > 0 && b.used+n > maxInFlight {
		b.freed.Wait()
	}
	b.used += n
}

// give gives back n bytes that were taken.
func (b *budget) give(n int) {
	b.mu.Lock()
	b.used -= n
	b.mu.Unlock()
	b.freed.Signal()
}
