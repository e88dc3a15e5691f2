// Bench measures the hub beside a handler written by hand for the same answers (package byhand): what one request
// takes in time, processor time, memory and SQL statements, on both engines, and the ratios. Both answer over
// loopback in this process, in turns; the client is a process of its own.
//
//	go run ./bench                        all
//	go run ./bench -engine sqlite -run read -time 10s
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"time"
)

// options are the command line.
type options struct {
	size
	each   time.Duration
	rounds int
	engine *regexp.Regexp
	run    *regexp.Regexp
}

func main() {
	var o options
	flag.IntVar(&o.clients, "clients", 200, "clients, in families of 20")
	flag.IntVar(&o.applications, "applications", 2000, "applications")
	flag.DurationVar(&o.each, "time", 3*time.Second, "time for each scenario, engine and target")
	flag.IntVar(&o.rounds, "rounds", 10, "turns that the time is cut into")
	engine := flag.String("engine", "", "regular expression of the engines: sqlite, mariadb")
	run := flag.String("run", "", "regular expression of the scenarios")
	asClient := flag.Bool("client", false, "be the client (the program starts itself so)")
	flag.Parse()
	o.engine, o.run = regexp.MustCompile(*engine), regexp.MustCompile(*run)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if *asClient {
		err = serveJobs(ctx, os.Stdin, os.Stdout)
	} else if err = o.check(); err == nil {
		err = bench(ctx, o)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench runs everything asked for and prints it.
func bench(ctx context.Context, o options) error {
	fmt.Printf("%s %s/%s, %d processors; %d clients, %d applications\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.clients, o.applications)
	var lines []line
	for _, e := range engines {
		if !o.engine.MatchString(e.name) {
			continue
		}
		db, err := e.start(ctx)
		if err != nil {
			return err
		}
		measured, err := onEngine(ctx, db, o)
		if err := errors.Join(err, db.stop()); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		lines = append(lines, measured...)
	}
	printFigures(os.Stdout, lines)
	fmt.Println()
	printRatios(os.Stdout, lines)
	return nil
}

// onEngine measures all scenarios on one database.
func onEngine(ctx context.Context, db database, o options) (_ []line, err error) {
	start := time.Now()
	sys, err := newSystem(ctx, db.url, o.size)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sys.close()) }()
	fmt.Fprintf(os.Stderr, "%s: %d clients and %d applications loaded in %v\n", db.engine, o.clients, o.applications, time.Since(start).Round(time.Millisecond))
	c, err := startClient(ctx)
	if err != nil {
		return nil, err
	}
	m, stop, err := newMeter(ctx, sys, db, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var lines []line
	for _, sc := range scenarios(sys.world) {
		if !o.run.MatchString(sc.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", db.engine, sc.name)
		r, err := m.measure(ctx, sc, o.each, o.rounds)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line{db.engine, sc.name, r.figures(0), r.figures(1)})
	}
	return lines, nil
}
