package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// The client is a process of its own, this program started again: what it takes to send requests and to read answers
// is then not counted for the server.

// job asks the client for requests to one address, one after the other. It goes on in the list where the last job
// for the address stopped.
type job struct {
	Address  string
	Requests [][]byte // set once for each list
	Count    int
}

// outcome is how a job went.
type outcome struct {
	Took  time.Duration
	Error string
}

// client is the parent's end.
type client struct {
	jobs  *gob.Encoder
	done  *gob.Decoder
	close func() error
}

func startClient(ctx context.Context) (*client, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-client")
	cmd.Stderr = os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		return nil, err
	}
	return newClient(in, out, cmd.Wait), nil
}

// newClient speaks to a client by two pipes; wait returns when it has ended.
func newClient(in io.WriteCloser, out io.Reader, wait func() error) *client {
	return &client{gob.NewEncoder(in), gob.NewDecoder(out), func() error { return errors.Join(in.Close(), wait()) }}
}

func (c *client) do(j job) (time.Duration, error) {
	var o outcome
	if err := errors.Join(c.jobs.Encode(j), c.done.Decode(&o)); err != nil {
		return 0, fmt.Errorf("the client is gone: %w", err)
	}
	if o.Error != "" {
		return 0, errors.New(o.Error)
	}
	return o.Took, nil
}

// serveJobs is the child's whole life.
func serveJobs(ctx context.Context, in io.Reader, out io.Writer) error {
	jobs, done := gob.NewDecoder(in), gob.NewEncoder(out)
	connections := map[string]*connection{}
	for {
		var j job
		if err := jobs.Decode(&j); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		o := outcome{}
		start := time.Now()
		if err := run(ctx, connections, j); err != nil {
			o.Error = err.Error()
		}
		o.Took = time.Since(start)
		if err := done.Encode(o); err != nil {
			return err
		}
	}
}

func run(ctx context.Context, connections map[string]*connection, j job) error {
	c := connections[j.Address]
	if c == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", j.Address)
		if err != nil {
			return err
		}
		c = &connection{Conn: conn, in: textproto.NewReader(bufio.NewReaderSize(conn, 64<<10))}
		connections[j.Address] = c
	}
	if j.Requests != nil {
		c.requests, c.next = j.Requests, 0
	}
	for range j.Count {
		if err := c.exchange(); err != nil {
			return err
		}
	}
	return nil
}

// connection sends its requests in turn.
type connection struct {
	net.Conn
	in       *textproto.Reader
	requests [][]byte
	next     int
}

// exchange sends the next request and reads the answer. Anything but a 200 without GraphQL errors is an error.
func (c *connection) exchange() error {
	if _, err := c.Write(c.requests[c.next]); err != nil {
		return err
	}
	c.next = (c.next + 1) % len(c.requests)
	status, err := c.in.ReadLineBytes()
	if err != nil {
		return err
	}
	refused := !bytes.HasPrefix(status, []byte("HTTP/1.1 200 "))
	length, err := c.header()
	if err != nil {
		return err
	}
	start, err := c.in.R.Peek(min(length, len(`{"errors"`)))
	if err != nil {
		return err
	}
	if refused || string(start) == `{"errors"` {
		body, _ := io.ReadAll(io.LimitReader(c.in.R, int64(length)))
		return fmt.Errorf("%s %s", status, body)
	}
	_, err = c.in.R.Discard(length)
	return err
}

// header reads to the end of the header and gives the length of the body.
func (c *connection) header() (length int, err error) {
	for {
		line, err := c.in.ReadLineBytes()
		if err != nil || len(line) == 0 {
			return length, err
		}
		if value, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if length, err = strconv.Atoi(value); err != nil {
				return 0, err
			}
		}
	}
}

// wire is a request as it goes over a connection.
func (r request) wire(token string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n", r.method, r.path, token)
	if r.body != nil {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n")
	b.Write(r.body)
	return b.Bytes()
}
