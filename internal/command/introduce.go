package command

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/appanage/appanage/internal/demo"
)

// introduce prints where the demo is, who can sign in to it, and a request that works as it stands.
func introduce(w io.Writer, page string, users []demo.User) {
	fmt.Fprintf(w, "\nAppanage runs with demo data, gone when it stops.\n\n  Page     %s/\n  GraphQL  %s/graphql\n\n", page, page)
	fmt.Fprintf(w, "Sign in as one of these. The password of all is  %s\n\n", users[0].Password)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  USER NAME\tCLIENT CODE\tWHO\tWHAT HE CAN DO")
	for _, u := range users {
		fmt.Fprintf(table, "  %s\t%s\t%s, %s\t%s\n", u.UserName, u.ClientCode, u.Name, u.ClientName, u.Can)
	}
	_ = table.Flush()
	fmt.Fprintf(w, `
A first request, a token for %s:

  curl -s %s/graphql -H 'Content-Type: application/json' -d '{"query":"mutation($i:SessionCreateInput!){sessionCreate(input:$i){token errors{code message}}}","variables":{"i":{"identifier":"%s","password":"%s"}}}'

`, users[0].UserName, page, users[0].UserName, users[0].Password)
}
