package apitest

import (
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// drafts: what the leaf has made of definitions, and bundles that it, and its user for another client, have sent.
func (f *farm) drafts() {
	ctx, soon := f.System(), clock.Now().Add(time.Hour)
	version := oid.New[oid.DefinitionVersion]()
	f.Must(f.Ent().DefinitionVersion.Create().SetID(version).SetClientID(f.leaf).SetApplicationID(f.any).SetKind(enum.DefinitionPage).SetName("home").SetNumber(1).
		SetContent("{}").SetWhole(true).SetFinal(false).SetPublic(false).SetRemoved(false).Exec(ctx))
	f.Must(f.Ent().DefinitionLayer.Create().SetClientID(f.leaf).SetApplicationID(f.any).SetKind(enum.DefinitionPage).SetName("home").SetCurrentID(version).SetWhole(true).Exec(ctx))
	for _, sender := range []struct {
		client oid.Client
		user   oid.User
	}{{f.leaf, f.carlID}, {f.c, f.lea}} {
		sent := oid.New[oid.Bundle]()
		f.Must(f.Ent().Bundle.Create().SetID(sent).SetClientID(sender.client).SetUserID(sender.user).SetSize(2).SetExpiresAt(soon).Exec(ctx))
		f.Must(f.Ent().BundlePart.Create().SetID(string(sent) + "-0").SetBundleID(sent).SetPosition(0).SetContent("{}").Exec(ctx))
	}
}

// registrations: rules of the leaf, and of others that give something of the leaf's; codes, requests, and what is under way.
func (f *farm) registrations() {
	ctx, soon := f.System(), clock.Now().Add(time.Hour)
	rule := func(of oid.Client, app oid.Application) *ent.RegistrationRuleCreate {
		return f.Ent().RegistrationRule.Create().SetClientID(of).SetApplicationID(app).SetClientType(enum.ClientBusiness)
	}
	f.Must(rule(f.leaf, f.any).SetGives(enum.GivesAccess).SetGivenID(string(f.any)).SetGivenApplicationID(f.any).SetLevel(enum.LevelRead).Exec(ctx))
	f.Must(rule(f.p, f.app).SetGives(enum.GivesAccess).SetGivenID(string(f.any)).SetGivenApplicationID(f.any).SetLevel(enum.LevelRead).Exec(ctx))
	f.Must(rule(f.p, f.app).SetGives(enum.GivesPackage).SetGivenID(string(f.pack)).SetPackageID(f.pack).Exec(ctx))
	f.Must(rule(f.p, f.app).SetGives(enum.GivesRole).SetGivenID(string(f.mid)).SetRoleID(f.mid).Exec(ctx))
	code := func(of oid.Client, by oid.User) *ent.RegistrationCodeCreate {
		return f.Ent().RegistrationCode.Create().SetClientID(of).SetApplicationID(f.any).SetAuthorID(by).SetExpiresAt(soon)
	}
	f.Must(code(f.leaf, f.carlID).Exec(ctx))
	f.Must(code(f.p, f.lea).Exec(ctx))
	f.Must(code(f.p, f.carlID).SetUsedAt(clock.Now()).SetUsedClientID(f.leaf).Exec(ctx))
	for _, at := range []oid.Client{f.leaf, f.p} {
		f.Must(f.Ent().Registration.Create().SetClientID(at).SetApplicationID(f.any).SetType(enum.RegisterByEmail).SetAddress("x@example.org").
			SetAddressKey("x@example.org").SetLocale("en").SetBeganAt(soon).SetExpiresAt(soon).SetForgetAt(soon).Exec(ctx))
	}
	ask := func(of oid.Client, by oid.User) *ent.AccessRequestCreate {
		return f.Ent().AccessRequest.Create().SetClientID(of).SetApplicationID(f.any).SetUserID(by).SetMessage("please")
	}
	f.Must(ask(f.leaf, f.carlID).SetPending(true).Exec(ctx))
	f.Must(ask(f.c, f.lea).SetPending(true).Exec(ctx))
	f.Must(ask(f.c, f.carlID).SetStatus(enum.RequestRefused).SetDecidedAt(soon).SetDecidedByID(f.lea).Exec(ctx))
}
