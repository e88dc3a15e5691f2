package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
)

// profile writes a processor profile of the planner at a scenario that has just been measured, for as long again.
func (m *meter) profile(dir, engine string, r result) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a directory for profiles: %w", err)
	}
	name := strings.NewReplacer(" ", "-", ",", "").Replace(engine + " " + r.scenario.name + ".pprof")
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return fmt.Errorf("make a profile: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return fmt.Errorf("make a profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	_, err = m.sample(plannerTarget, r.counts[plannerTarget]*len(r.rounds[plannerTarget]))
	return err
}
