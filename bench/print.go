package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figures are what one request of a target takes.
type figures struct {
	elapsed       time.Duration // the median of the rounds: the machine's other work shows least in it
	process       time.Duration
	database      time.Duration
	allocs, bytes float64
	statements    float64
}

func (r result) figures(t int) figures {
	var total sample
	var elapsed []time.Duration
	for _, s := range r.rounds[t] {
		total = total.plus(s)
		elapsed = append(elapsed, s.elapsed/time.Duration(s.count))
	}
	slices.Sort(elapsed)
	n := time.Duration(total.count)
	return figures{
		elapsed: elapsed[len(elapsed)/2], process: total.process / n, database: total.database / n,
		allocs: float64(total.allocs) / float64(n), bytes: float64(total.bytes) / float64(n), statements: r.statements[t],
	}
}

// line is one scenario on one engine, for the ratios at the end.
type line struct {
	engine, scenario, as string
	figures              [targets]figures
}

func newLine(engine string, r result) line {
	l := line{engine: engine, scenario: r.scenario.name, as: r.scenario.as.who}
	for t := range targets {
		l.figures[t] = r.figures(t)
	}
	return l
}

// over is a target's figure over that of the handler by hand.
func (l line) over(t int, f func(figures) float64) string {
	byHand := f(l.figures[byHandTarget])
	if byHand == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", f(l.figures[t])/byHand)
}

func elapsed(f figures) float64   { return float64(f.elapsed) }
func processor(f figures) float64 { return float64(f.process + f.database) }
func allocs(f figures) float64    { return f.allocs }
func sqls(f figures) float64      { return f.statements }

// printFigures prints what one request takes.
func printFigures(w io.Writer, lines []line) {
	rows := [][]string{{"engine", "scenario", "asked by", "of", "time", "CPU server", "CPU database", "allocs", "bytes", "SQL"}}
	for _, l := range lines {
		head := []string{l.engine, l.scenario, l.as}
		for t, f := range l.figures {
			rows = append(rows, slices.Concat(head, []string{names[t]}, f.cells()))
			head = []string{"", "", ""}
		}
	}
	printTable(w, rows)
}

func (f figures) cells() []string {
	return []string{
		micros(f.elapsed), micros(f.process), micros(f.database),
		fmt.Sprintf("%.0f", f.allocs), fmt.Sprintf("%.0f", f.bytes), fmt.Sprintf("%.1f", f.statements),
	}
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}

// printRatios prints the executors' figures over those of the handler by hand; CPU is that of server and database.
func printRatios(w io.Writer, lines []line) {
	rows := [][]string{
		{"over by hand", "", "reference:", "", "", "", "planner:", "", "", ""},
		{"engine", "scenario", "time", "CPU", "allocs", "SQL", "time", "CPU", "allocs", "SQL"},
	}
	for _, l := range lines {
		row := []string{l.engine, l.scenario}
		for _, t := range []int{referenceTarget, plannerTarget} {
			row = append(row, l.over(t, elapsed), l.over(t, processor), l.over(t, allocs), l.over(t, sqls))
		}
		rows = append(rows, row)
	}
	printTable(w, rows)
}

func printTable(w io.Writer, rows [][]string) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		_, _ = io.WriteString(table, strings.Join(row, "\t")+"\t\n") // a terminal that is gone
	}
	_ = table.Flush()
}
