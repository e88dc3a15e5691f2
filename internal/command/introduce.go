package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/appanage/appanage/internal/demo"
)

// introduction says where the demo is, who can sign in to it, and a request that works as it stands. The data is kept
// where the operator has named a database.
func introduction(page string, users []demo.User, kept bool) string {
	until := ", gone when it stops"
	if kept {
		until = ", kept in the database that was named"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\nAppanage runs with demo data%s.\n\n  Page     %s/\n  GraphQL  %s/graphql\n  Mailbox  %s/mailbox\n\n", until, page, page, page)
	fmt.Fprintf(&text, "Sign in as one of these. The password of all is  %s\n\n", users[0].Password)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "  USER NAME\tCLIENT CODE\tWHO\tWHAT HE CAN DO")
	for _, u := range users {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s, %s\t%s\n", u.UserName, u.ClientCode, u.Name, u.ClientName, u.Can)
	}
	_ = table.Flush()
	fmt.Fprintf(&text, `
A first request, a token for %s:

  curl -s %s/graphql -H 'Content-Type: application/json' -d %s

`, users[0].UserName, page, signInBody(users[0]))
	return text.String()
}

// signInBody is a body of JSON in the quotes of a shell, whatever the password.
func signInBody(u demo.User) string {
	input, err := json.Marshal(map[string]string{"identifier": u.UserName, "password": u.Password})
	if err != nil {
		panic(err) // strings
	}
	body := `{"query":"mutation($i:SessionCreateInput!){sessionCreate(input:$i){token errors{code message}}}","variables":{"i":` + string(input) + `}}`
	return "'" + strings.ReplaceAll(body, "'", `'\''`) + "'"
}
