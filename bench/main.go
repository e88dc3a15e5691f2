// Bench measures the hub, by either executor of its reads, beside a handler written by hand for the same answers
// (package byhand): what one request takes in time, processor time, memory and SQL statements, on both engines, and the
// ratios. All answer over loopback in this process, in turns; the client is a process of its own.
//
//	go run ./bench                                         all, at 1,000 clients and 10,000 applications
//	go run ./bench -scale 10 -engine sqlite -run 'read|keyset' -time 10s
//	go run ./bench -load -scale 10 -database sqlite:x.db   load the data only, into an empty database
//	go run ./bench -scale 10 -database sqlite:x.db         measure there
//	go run ./bench -profile DIR                            and write profiles of the planner
//
// The data comes with sessions of three owners, whose tokens stand in world.go: never serve such a database to others.
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
	"syscall"
	"time"

	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
)

// options are the command line.
type options struct {
	scale    float64
	database string
	load     bool
	asClient bool
	each     time.Duration
	rounds   int
	engine   *regexp.Regexp
	run      *regexp.Regexp
	profile  string
}

func parse() (o options) {
	flag.Float64Var(&o.scale, "scale", 1, "how much data: 1 is 1,000 clients and 10,000 applications")
	flag.StringVar(&o.database, "database", "", "URL of an empty database, or one loaded with the same scale; else each engine has one in memory")
	flag.BoolVar(&o.load, "load", false, "load the data into the database, and nothing else")
	flag.BoolVar(&o.asClient, "client", false, "be the client (the program starts itself so)")
	flag.DurationVar(&o.each, "time", 1500*time.Millisecond, "time for each scenario, engine and target")
	flag.IntVar(&o.rounds, "rounds", 10, "turns that the time is cut into")
	flag.StringVar(&o.profile, "profile", "", "directory for processor profiles of the planner, one for each scenario")
	engine := flag.String("engine", "", "regular expression of the engines: sqlite, mariadb")
	run := flag.String("run", "", "regular expression of the scenarios")
	flag.Parse()
	o.engine, o.run = regexp.MustCompile(*engine), regexp.MustCompile(*run)
	return o
}

func main() {
	o := parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := perform(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func perform(ctx context.Context, o options) error {
	if o.asClient {
		return serveJobs(ctx, os.Stdin, os.Stdout)
	}
	w, err := scaled(o.scale)
	switch {
	case err != nil:
		return err
	case o.load && o.database == "":
		return errors.New("-load needs a -database")
	case o.load:
		return loadInto(ctx, o.database, w)
	}
	return bench(ctx, w, o)
}

// loadInto migrates an empty database and loads it.
func loadInto(ctx context.Context, database string, w world) error {
	h, err := hub.Open(ctx, database, identity.DefaultSessionLimits)
	if err != nil {
		return err
	}
	return errors.Join(w.load(ctx, h.DB, os.Stderr), h.Close())
}

// bench runs everything asked for and prints it.
func bench(ctx context.Context, w world, o options) error {
	fmt.Printf("%s %s/%s, %d processors; %d clients, %d applications\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), w.clients, w.applications())
	var lines []line
	for _, e := range o.engines() {
		db, err := e.start(ctx)
		if err != nil {
			return err
		}
		measured, err := onEngine(ctx, db, w, o)
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

// engines are those asked for: the given database alone, where there is one.
func (o options) engines() (list []engine) {
	if o.database != "" {
		return []engine{given(o.database)}
	}
	for _, e := range engines {
		if o.engine.MatchString(e.name) {
			list = append(list, e)
		}
	}
	return list
}

// onEngine measures all scenarios on one database.
func onEngine(ctx context.Context, db database, w world, o options) (_ []line, err error) {
	sys, err := newSystem(ctx, db.url, w, os.Stderr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sys.close()) }()
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
	for _, sc := range scenarios(w, sys.lists) {
		if !o.run.MatchString(sc.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", db.engine, sc.name)
		r, err := m.measure(ctx, sc, o.each, o.rounds)
		if err == nil && o.profile != "" {
			err = m.profile(o.profile, db.engine, r)
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, newLine(db.engine, r))
	}
	if o.run.MatchString("definition") {
		err = measureDefinitions(ctx, sys, db, o.each, os.Stdout)
	}
	return lines, err
}
