// Package mariadb runs a private MariaDB server for tests and for the migrations' generator: a socket of its
// own, data in memory where the system has a tmpfs, gone with the process that started it.
package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/go-sql-driver/mysql" // registers the driver "mysql"
)

// Options of a server. The zero value is what most tests want.
type Options struct {
	// Durable syncs every commit, as a production server does; else a crash of the server loses commits.
	Durable bool
	// TCP listens on a port of the loopback too.
	TCP bool
}

// Server is a running server. Every user name is let in with every password, and may do everything.
type Server struct {
	socket string
	port   int
	admin  *sql.DB
	life   io.Closer // the supervisor ends the server when this closes
	done   chan error
	dir    string
}

// startTime is how long a server may take to come up on a busy machine; a tenth of a second is usual.
const startTime = 30 * time.Second

// supervisor runs the server beside a read of its standard input: that ends when the process holding the other
// end of the pipe closes it or dies, however it dies. Then the server is killed (there is nothing to save) and
// its directory removed.
const supervisor = `dir=$1; shift; "$@" </dev/null >"$dir/log" 2>&1 & server=$!
read -r _
kill -9 $server; wait $server 2>/dev/null; rm -rf "$dir"`

// Start runs a server and waits until it answers.
func Start(ctx context.Context, options Options) (*Server, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(Memory(), "appanage-mariadb-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for mariadbd: %w", err)
	}
	s := &Server{dir: dir, socket: filepath.Join(dir, "socket"), done: make(chan error, 1)}
	if err := s.launch(ctx, program, options); err != nil {
		return nil, errors.Join(fmt.Errorf("start mariadbd: %w", err), os.RemoveAll(dir))
	}
	if err := s.wait(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// find looks where distributions put the server, which is often not on a user's PATH.
func find() (string, error) {
	for _, name := range []string{"mariadbd", "/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd", "/opt/homebrew/bin/mariadbd"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("mariadbd is neither on the PATH nor in /usr/sbin; the tests need it: run make test, which installs it")
}

// Memory is the directory of a tmpfs; empty, meaning the usual temporary directory, where there is none.
func Memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func (s *Server) launch(ctx context.Context, program string, options Options) error {
	if err := os.Mkdir(filepath.Join(s.dir, "data"), 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	args, err := s.arguments(ctx, options)
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", supervisor, "sh", s.dir, program}, args...)...) // no context: it outlives the call
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                                                // an interrupt from the terminal is ours to handle
	s.life, err = cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("open a pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run it: %w", err)
	}
	go func() { s.done <- cmd.Wait() }()
	return nil
}

// arguments: no system tables are made (skip-grant-tables does without), which is most of a usual start; the
// buffers are small and, unless durability is asked for, nothing is synced.
func (s *Server) arguments(ctx context.Context, options Options) ([]string, error) {
	args := []string{
		"--no-defaults", "--datadir=" + filepath.Join(s.dir, "data"), "--socket=" + s.socket, "--tmpdir=" + s.dir,
		"--pid-file=" + filepath.Join(s.dir, "pid"), "--skip-grant-tables", "--skip-log-bin", "--skip-name-resolve",
		"--performance-schema=OFF", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M",
		"--innodb-log-buffer-size=2M", "--innodb-undo-tablespaces=0", "--loose-innodb-stats-persistent=OFF",
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin", "--max-connections=500",
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	if !options.Durable {
		args = append(args, "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=OFF", "--innodb-flush-method=nosync")
	}
	if !options.TCP {
		return append(args, "--skip-networking"), nil
	}
	port, err := freePort(ctx)
	s.port = port
	return append(args, "--bind-address=127.0.0.1", "--port="+strconv.Itoa(port)), err
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// wait returns once the server answers.
func (s *Server) wait(ctx context.Context) error {
	var err error
	s.admin, err = sql.Open("mysql", "root@unix("+s.socket+")/?multiStatements=true&interpolateParams=true")
	if err != nil {
		return fmt.Errorf("connect to mariadbd: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if _, err := os.Stat(s.socket); err == nil && s.admin.PingContext(ctx) == nil {
			return nil
		}
		if s.dead() || ctx.Err() != nil {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log")) // all there is to tell; without it the rest must do
			return fmt.Errorf("mariadbd does not come up; its log:\n%s", log)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// dead tells whether the server has given up: then its process is gone, but the supervisor still waits for us.
func (s *Server) dead() bool {
	log, err := os.ReadFile(filepath.Join(s.dir, "log"))
	return err == nil && strings.Contains(string(log), "[ERROR] Aborting")
}

// Stop kills the server and removes its data.
func (s *Server) Stop() error {
	var err error
	if s.admin != nil {
		err = s.admin.Close()
	}
	return errors.Join(err, s.life.Close(), <-s.done)
}

// Create makes an empty database.
func (s *Server) Create(ctx context.Context, name string) error {
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE `"+name+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		return fmt.Errorf("create the database %s: %w", name, err)
	}
	return nil
}

// Drop removes a database.
func (s *Server) Drop(ctx context.Context, name string) error {
	if _, err := s.admin.ExecContext(ctx, "DROP DATABASE `"+name+"`"); err != nil {
		return fmt.Errorf("drop the database %s: %w", name, err)
	}
	return nil
}

// Admin is a connection to no database in particular.
func (s *Server) Admin() *sql.DB { return s.admin }

// URL of a database, as store.Open takes it: by the socket, which child processes can use as well.
func (s *Server) URL(name string) string {
	return "mysql://root@localhost/" + name + "?socket=" + url.QueryEscape(s.socket)
}

// TCPURL is the URL by the loopback port. It panics when the server was not started with TCP.
func (s *Server) TCPURL(name string) string {
	if s.port == 0 {
		panic("mariadb: started without TCP")
	}
	return fmt.Sprintf("mysql://root@127.0.0.1:%d/%s", s.port, name)
}

// Scratch makes a database and opens it with the bare driver.
func (s *Server) Scratch(ctx context.Context) (*sql.DB, error) {
	const name = "scratch"
	if err := s.Create(ctx, name); err != nil {
		return nil, err
	}
	db, err := sql.Open("mysql", "root@unix("+s.socket+")/"+name+"?parseTime=true")
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", name, err)
	}
	return db, nil
}
