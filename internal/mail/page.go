package mail

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

const style = "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}" +
	"article{border-top:1px solid #ccc;padding:1rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}"

// pagePolicy: no scripts, no other host, and no style but the page's own. The page is shown to this machine only: the
// links in it are secrets.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var page = template.Must(template.New("mailbox").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Mailbox</title>
<style>` + style + `</style>
</head>
<body>
<h1>Mailbox</h1>
<p>What this demo has sent, newest first. Nothing has left this machine.</p>
{{range .}}<article>
<h2>{{if .SMS}}Text message{{else}}{{.Subject}}{{end}}</h2>
<p>To {{.To}}, <time>{{.At.UTC.Format "2006-01-02 15:04:05"}} UTC</time></p>
<pre>{{range .Lines}}{{if .Link}}<a rel="noreferrer" href="{{.Text}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}
{{end}}</pre>
</article>
{{else}}<p>Nothing yet.</p>
{{end}}</body>
</html>
`))

type shown struct {
	Sent
	Lines []line
}

// line is a line of a mail. One that is nothing but an address of the web can be clicked.
type line struct {
	Text string
	Link bool
}

// Page shows the mailbox at whatever path it is mounted. Only requests from this machine, to this machine by a name of
// its own, are answered: no other site can have its name point here and read along.
func (b *Mailbox) Page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Cache-Control", "no-store")
		if !loopback(r.RemoteAddr) || !loopback(r.Host) {
			http.NotFound(w, r)
			return
		}
		header.Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, b.shown()) // whoever asked has gone
	})
}

func (b *Mailbox) shown() []shown {
	list := b.Sent()
	slices.Reverse(list)
	out := make([]shown, len(list))
	for i, m := range list {
		out[i].Sent = m
		for text := range strings.Lines(m.Text) {
			text = strings.TrimRight(text, "\r\n")
			link := (strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")) && !strings.ContainsAny(text, " \t")
			out[i].Lines = append(out[i].Lines, line{text, link})
		}
	}
	return out
}

// loopback tells whether an address, with or without a port, is of this machine.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
