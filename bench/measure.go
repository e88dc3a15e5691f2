package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// sample is what a number of requests took, on the server's side but for the elapsed time.
type sample struct {
	count         int
	elapsed       time.Duration
	process       time.Duration // processor time of this process, which serves and does nothing else
	database      time.Duration // processor time of mariadbd; SQLite's is the process's
	allocs, bytes uint64
}

func (s sample) plus(t sample) sample {
	return sample{s.count + t.count, s.elapsed + t.elapsed, s.process + t.process, s.database + t.database, s.allocs + t.allocs, s.bytes + t.bytes}
}

// usage is the processor time and the memory used so far.
type usage struct {
	process, database time.Duration
	memory            runtime.MemStats
}

// meter measures the targets of a system, each of which listens at an address of its own.
type meter struct {
	system   *system
	address  [targets]string
	client   *client
	database func() (time.Duration, error)
	sent     int // requests, since the scenario began
}

// newMeter has the targets listen; stop ends them and the client.
func newMeter(ctx context.Context, sys *system, db database, c *client) (m *meter, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	m = &meter{system: sys, client: c, database: db.time}
	var stopped [targets]<-chan error
	for t, handler := range sys.handler {
		if m.address[t], stopped[t], err = serve(ctx, handler); err != nil {
			cancel()
			return nil, nil, err
		}
	}
	return m, func() error {
		err := c.close()
		cancel()
		for _, end := range stopped {
			err = errors.Join(err, <-end)
		}
		return err
	}, nil
}

func (m *meter) usage() (u usage, err error) {
	runtime.ReadMemStats(&u.memory)
	if u.database, err = m.database(); err == nil {
		u.process, err = processTime()
	}
	return u, err
}

// sample has one target answer a number of requests.
func (m *meter) sample(t, count int) (sample, error) {
	runtime.GC() // what others left is not this one's to clear
	before, err := m.usage()
	if err != nil {
		return sample{}, err
	}
	m.sent += count
	elapsed, err := m.client.do(job{Address: m.address[t], Count: count})
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", names[t], err)
	}
	after, err := m.usage()
	return sample{
		count: count, elapsed: elapsed, process: after.process - before.process, database: after.database - before.database,
		allocs: after.memory.Mallocs - before.memory.Mallocs, bytes: after.memory.TotalAlloc - before.memory.TotalAlloc,
	}, err
}

// result is a scenario measured: the rounds of each target.
type result struct {
	scenario   scenario
	statements statements
	rounds     [targets][]sample
	counts     [targets]int // requests of a round
}

// measure checks a scenario, then runs it for a time on each target, in rounds that take turns. Of writes, every
// one must have left its audit event.
func (m *meter) measure(ctx context.Context, sc scenario, each time.Duration, rounds int) (r result, err error) {
	r.scenario = sc
	if r.statements, err = m.system.verify(ctx, sc); err != nil {
		return r, err
	}
	events, err := m.system.events(ctx)
	if err != nil {
		return r, err
	}
	m.sent = 0
	counts := &r.counts
	for t := range counts {
		if counts[t], err = m.warm(sc, t, each/time.Duration(rounds)); err != nil {
			return r, err
		}
	}
	for round := range rounds {
		for i := range counts {
			t := (round + i) % len(counts)
			s, err := m.sample(t, counts[t])
			if err != nil {
				return r, err
			}
			r.rounds[t] = append(r.rounds[t], s)
		}
	}
	if sc.kind == writes {
		err = m.system.grown(ctx, events, m.sent)
	}
	return r, err
}

// warm hands the client its requests, runs them for a while, and finds how many take the time of one round.
func (m *meter) warm(sc scenario, t int, round time.Duration) (int, error) {
	var requests [][]byte
	for _, r := range sc.requests[t] {
		requests = append(requests, r.wire(sc.as.token()))
	}
	if _, err := m.client.do(job{Address: m.address[t], Requests: requests}); err != nil {
		return 0, err
	}
	for count := 1; ; count *= 2 {
		s, err := m.sample(t, count)
		if err != nil {
			return 0, err
		}
		if s.elapsed > round/2 {
			return max(1, int(float64(count)*float64(round)/float64(s.elapsed))), nil
		}
	}
}
