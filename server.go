// Appanage is the hub of a multi-tenant application platform: a GraphQL API over its clients, users, rights and
// applications. This file is the command line and nothing else.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // IANA zones where the machine has none

	"github.com/alecthomas/kong"

	"github.com/appanage/appanage/internal/command"
)

// cli is the command line: flags and environment variables in one.
type cli struct {
	Serve   command.Serve   `cmd:"" help:"Run the server. The database is made and migrated as needed."`
	Migrate command.Migrate `cmd:"" help:"Apply pending migrations and leave."`
	Admin   command.Admin   `cmd:"" help:"Look after the platform from the machine it runs on."`
	Version versionCommand  `cmd:"" help:"Print the version and leave."`
}

type versionCommand struct{}

// Run prints the version that the build recorded.
func (versionCommand) Run() error { //nolint:unparam // the form kong asks for
	version := "development"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	fmt.Println("appanage", version)
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	parsed := kong.Parse(&cli{},
		kong.Name("appanage"),
		kong.Description("The hub of a multi-tenant application platform: clients, users, rights and applications behind one GraphQL API. Every flag is an environment variable too: --listen is APPANAGE_LISTEN."),
		kong.DefaultEnvars("APPANAGE"),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "appanage:", err)
		stop()
		os.Exit(1)
	}
}
