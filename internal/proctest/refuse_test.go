package proctest

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// What does not go together is refused before anything happens, with a word on what to do.
func TestConfigurationsRefused(t *testing.T) {
	for name, one := range map[string]struct {
		args []string
		env  map[string]string
		says string
	}{
		"MySQL without a secret":    {args: []string{"serve", "--database", "mysql://hub:hub@127.0.0.1:1/hub"}, says: "--secret (or APPANAGE_SECRET) is needed"},
		"short secret":              {args: []string{"serve"}, env: map[string]string{"SECRET": "too-short"}, says: "--secret: 9 characters are too few"},
		"demo for the network":      {args: []string{"serve", "--demo", "--listen", "0.0.0.0:0"}, says: "--demo listens on loopback only"},
		"demo for all of IPv6":      {args: []string{"serve", "--demo", "--listen", "[::]:0"}, says: "--demo listens on loopback only"},
		"demo on every address":     {args: []string{"serve", "--demo", "--listen", ":0"}, says: "--demo listens on loopback only"},
		"demo by environment":       {args: []string{"serve"}, env: map[string]string{"DEMO": "true", "LISTEN": "192.0.2.1:80"}, says: "--demo listens on loopback only"},
		"demo in production":        {args: []string{"serve", "--demo", "--production"}, says: "--demo and --production exclude each other"},
		"administrator without key": {args: []string{"serve"}, env: map[string]string{"ADMIN_USER": "root"}, says: "--admin-user and --admin-password go together"},
		"every origin":              {args: []string{"serve", "--cors-origin", "*"}, says: "--cors-origin"},
		"no such participants":      {args: []string{"serve", "--participants", "nowhere.json"}, says: "--participants: open nowhere.json"},
		"no port":                   {args: []string{"serve", "--listen", "localhost"}, says: "--listen"},
		"unknown engine":            {args: []string{"serve", "--listen", "127.0.0.1:0", "--database", "postgres://hub@127.0.0.1/hub"}, env: map[string]string{"SECRET": secret}, says: "sqlite:path or mysql://"},
		"unknown flag":              {args: []string{"serve", "--admin-pasword", password}, says: "--admin-pasword"},
		"unknown command":           {args: []string{"server"}, says: "server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, code := call{args: one.args, env: one.env}.finish(t)
			if code == 0 || !strings.Contains(out, one.says) {
				t.Errorf("exit code %d, and no %q:\n%s", code, one.says, out)
			}
			for _, s := range []string{password, one.env["SECRET"]} {
				if s != "" && strings.Contains(out, s) {
					t.Errorf("a secret shows:\n%s", out)
				}
			}
		})
	}
}

// Whatever is wrong with the database's URL or with the database, its password does not show.
func TestDatabasePasswordStaysHidden(t *testing.T) {
	const word = "pa55word-of-the-database"
	for name, database := range map[string]string{
		"wrong password":    "mysql://hub:" + word + "@" + refusingMySQL(t) + "/hub",
		"nobody there":      "mysql://hub:" + word + "@127.0.0.1:1/hub",
		"no such host":      "mysql://hub:" + word + "@host.invalid/hub",
		"malformed":         "mysql://hub:" + word + "%zz@127.0.0.1/hub",
		"no database named": "mysql://hub:" + word + "@127.0.0.1",
		"unknown option":    "mysql://hub:" + word + "@127.0.0.1/hub?timeout=" + word[:3],
		"no such TLS":       "mysql://hub:" + word + "@127.0.0.1/hub?tls=nonsense",
		"unknown scheme":    "mariadb://hub:" + word + "@127.0.0.1/hub",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := call{env: map[string]string{"DATABASE": database, "SECRET": secret}}
			for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"migrate"}, {"admin", "create", "--user-name", "root"}} {
				c.args, c.stdin = args, password
				out, code := c.finish(t)
				if code == 0 || !strings.Contains(out, "database") {
					t.Errorf("%s: exit code %d, and not a word on the database:\n%s", args, code, out)
				}
				if strings.Contains(out, word) {
					t.Errorf("%s: the password shows:\n%s", args, out)
				}
			}
		})
	}
}

// refusingMySQL is a server that greets and then lets nobody in, as one does with a wrong password: the tests' own
// MariaDB lets everybody in.
func refusingMySQL(t *testing.T) (address string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go refuse(conn)
		}
	}()
	return listener.Addr().String()
}

// refuse speaks the beginning of MySQL's protocol: the greeting (version 10), the client's answer, and the error 1045.
func refuse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	greeting := "\x0a8.0.0\x00" + "\x01\x00\x00\x00" + "12345678\x00" + "\xff\xf7" + "\x2d" + "\x02\x00" + "\xff\x81" + "\x15" +
		strings.Repeat("\x00", 10) + "123456789012\x00" + "mysql_native_password\x00"
	packet(conn, 0, greeting)
	header := make([]byte, 4)
	if _, err := io.ReadFull(conn, header); err != nil {
		return
	}
	length := int64(header[0]) | int64(header[1])<<8 | int64(header[2])<<16
	if _, err := io.CopyN(io.Discard, conn, length); err != nil {
		return
	}
	packet(conn, 2, "\xff\x15\x04#28000Access denied for user 'hub'@'localhost' (using password: YES)")
}

func packet(w io.Writer, number byte, text string) {
	header := []byte{byte(len(text)), 0, 0, number} // the length has three bytes; these texts are short
	_, _ = io.WriteString(w, string(header)+text)   // a client that has gone learns nothing more
}

// A database that a newer program has migrated is left alone.
func TestNewerDatabaseRefused(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		c.args = []string{"migrate"}
		if out, code := c.finish(t); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, out)
		}
		ctx, db := look(t, c)
		if _, err := db.Exec(ctx, `INSERT INTO schema_revisions (version, description, applied, total, executed_at, execution_micros, hash, partial_hashes, error, error_statement)
			VALUES ('99990101000000', 'from the future', 1, 1, '9999-01-01 00:00:00', 1, 'h1:future', '[]', '', '')`); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"migrate"}, {"admin", "create", "--user-name", "root"}} {
			c.args, c.stdin = args, password
			if out, code := c.finish(t); code == 0 || !strings.Contains(out, "the database is newer than this program") {
				t.Errorf("%s: exit code %d:\n%s", args, code, out)
			}
		}
	})
}

// A port that is taken is said before the database is touched.
func TestTakenPortRefused(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c := call{args: []string{"serve", "--listen", listener.Addr().String()}, env: map[string]string{"DATABASE": testkit.Database(t, store.SQLite)}}
	if out, code := c.finish(t); code == 0 || !strings.Contains(out, "address already in use") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	ctx, db := look(t, c)
	if files, err := db.Pending(ctx); err != nil || len(files) == 0 {
		t.Errorf("the database is migrated: %q pending, %v", files, err)
	}
}
