// Package notice words what the hub tells people by mail and text message, in their language, as text and as HTML.
package notice

import (
	"embed"
	"fmt"
	"html/template"
	"path"
	"strings"
	texts "text/template"
	"time"

	"golang.org/x/text/language"
)

// Kind says what a notice is about.
type Kind string

// The kinds.
const (
	Welcome                Kind = "welcome"
	Reset                  Kind = "reset"
	Invitation             Kind = "invitation"
	RegistrationLink       Kind = "registration-link"
	RegistrationCode       Kind = "registration-code"
	RegistrationInvitation Kind = "registration-invitation"
)

// Notice is what somebody is told. Nothing in it comes from a stranger's form: whoever can make the hub send mail to any address
// must not have a say in its words.
type Notice struct {
	Kind Kind
	// Locale is the reader's, BCP 47: the nearest language there is a text in is used, else English.
	Locale string
	// Application and Client are names, where the notice is about them.
	Application, Client string
	// Link leads on; Code is what stands in it, or goes without one.
	Link, Code string
	Lasts      time.Duration // for how long the secret works: whole hours, or whole minutes
}

// Mail is a worded notice.
type Mail struct{ Subject, Text, HTML string }

//go:embed texts/*.tmpl
var files embed.FS

// wordings are the texts by language, the first of them where none fits; layout puts them into a page.
var (
	languages = []language.Tag{language.English, language.German}
	matcher   = language.NewMatcher(languages)
	wordings  = read()
	layout    = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="{{.Language}}">
<head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body>
<p>{{.Before}}</p>
{{if .Link}}<p><a href="{{.Link}}">{{.Link}}</a></p>
<p>{{.Beside}}</p>
{{end}}<p><code>{{.Code}}</code></p>
<p>{{.After}}</p>
</body>
</html>
`))
)

func read() []*texts.Template {
	out := make([]*texts.Template, len(languages))
	for i, l := range languages {
		name := path.Join("texts", l.String()+".tmpl")
		out[i] = texts.Must(texts.New(l.String()).Option("missingkey=error").ParseFS(files, name))
	}
	return out
}

// Hours is how many hours the secret works; 0 where they are not whole.
func (n Notice) Hours() int {
	if n.Lasts%time.Hour != 0 {
		return 0
	}
	return int(n.Lasts / time.Hour)
}

// Minutes is how many minutes the secret works.
func (n Notice) Minutes() int { return int(n.Lasts / time.Minute) }

// words is one text of the notice in the reader's language.
func (n Notice) words(name string) (string, error) {
	var out strings.Builder
	if err := wordings[n.language()].ExecuteTemplate(&out, name, n); err != nil {
		return "", fmt.Errorf("notice: %s: %w", name, err)
	}
	return out.String(), nil
}

// language is the place of the reader's language among those there are.
func (n Notice) language() int {
	_, i := language.MatchStrings(matcher, n.Locale)
	return i
}

// Mail words the notice for mail. The link stands in it, with the secret in its fragment (fragments do not reach logs), and the
// code on a line of its own for frontends that ask for it.
func (n Notice) Mail() (Mail, error) {
	w := struct{ Language, Subject, Before, Link, Beside, Code, After string }{
		Language: languages[n.language()].String(), Link: n.Link, Code: n.Code,
	}
	for name, to := range map[string]*string{
		string(n.Kind) + ".subject": &w.Subject, string(n.Kind) + ".before": &w.Before, string(n.Kind) + ".after": &w.After, "link": &w.Beside,
	} {
		var err error
		if *to, err = n.words(name); err != nil {
			return Mail{}, err
		}
	}
	paragraphs := []string{w.Before, w.Code, w.After}
	if n.Link != "" {
		paragraphs = []string{w.Before, w.Link, w.Beside, w.Code, w.After}
	}
	var page strings.Builder
	if err := layout.Execute(&page, w); err != nil {
		return Mail{}, fmt.Errorf("notice: lay out: %w", err)
	}
	return Mail{Subject: w.Subject, Text: strings.Join(paragraphs, "\n\n") + "\n", HTML: page.String()}, nil
}

// SMS words the notice for a text message.
func (n Notice) SMS() (string, error) { return n.words(string(n.Kind) + ".sms") }
