package plan

// writer gathers a program. Braces, names and everything else that no row changes run together into literals.
type writer struct {
	program program
	literal string
}

func (w *writer) text(s string) { w.literal += s }
func (w *writer) open()         { w.literal += "{" }
func (w *writer) close()        { w.literal += "}" }

// member begins the i-th member of an object.
func (w *writer) member(i int, f field) {
	if i > 0 {
		w.literal += ","
	}
	w.literal += quoted(f.Alias) + ":"
}

func (w *writer) op(o op) {
	o.literal, w.literal = w.literal, ""
	w.program.ops = append(w.program.ops, o)
}

func (w *writer) hole(h *hole) {
	w.op(op{code: opHole, at: len(w.program.holes)})
	w.program.holes = append(w.program.holes, h)
}

func (w *writer) done() program {
	w.program.tail = w.literal
	return w.program
}
