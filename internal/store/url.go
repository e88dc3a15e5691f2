package store

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// address is a parsed database URL.
type address struct {
	engine Engine
	shown  string // for messages: without a password

	path string // SQLite

	user, password string // MySQL from here on
	network, host  string
	name           string
	tls            string
}

// errURL says no more than it does because the parser's own error quotes the URL, password and all.
var errURL = errors.New("the database URL must read sqlite:path or mysql://user:password@host:3306/name")

func parseURL(s string) (address, error) {
	if path, ok := strings.CutPrefix(s, "sqlite:"); ok {
		return parseSQLite(path)
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "mysql" {
		return address{}, errURL
	}
	return parseMySQL(u)
}

func parseSQLite(path string) (address, error) {
	path, err := url.PathUnescape(strings.TrimPrefix(path, "//"))
	if err != nil || path == "" || strings.HasPrefix(path, ":") {
		return address{}, fmt.Errorf("%w: the path of the SQLite file is missing or malformed", errURL)
	}
	return address{engine: SQLite, path: path, shown: "sqlite:" + path}, nil
}

func parseMySQL(u *url.URL) (address, error) {
	a := address{engine: MySQL, network: "tcp", host: u.Host, name: strings.TrimPrefix(u.Path, "/")}
	if u.User != nil {
		a.user = u.User.Username()
		a.password, _ = u.User.Password()
	}
	if a.name == "" || strings.Contains(a.name, "/") {
		return address{}, fmt.Errorf("%w: the name of the database is missing", errURL)
	}
	for key, values := range u.Query() {
		value := values[len(values)-1]
		switch key {
		case "socket":
			a.network, a.host = "unix", value
		case "tls":
			a.tls = value
		default:
			return address{}, fmt.Errorf("%w: the option %q is not known, only socket and tls are", errURL, key)
		}
	}
	if a.network == "tcp" && u.Port() == "" {
		a.host = net.JoinHostPort(u.Hostname(), "3306")
	}
	a.shown = fmt.Sprintf("mysql://%s@%s/%s", a.user, a.host, a.name)
	return a, nil
}
