package demo

import (
	"context"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
)

// permissionRow is the permissions of an application on one sort of its objects.
type permissionRow struct{ application, entity, actions string }

var permissions = []permissionRow{
	{"invoice-flow", "Invoice", "CREATE READ UPDATE DELETE"},
	{"invoice-flow", "Reminder", "CREATE READ"},
	{"auftragsbuch", "Order", "CREATE READ UPDATE DELETE"},
	{"auftragsbuch", "Customer", "CREATE READ UPDATE"},
	{"auftragsbuch", "Site", "READ UPDATE"},
	{"werkstattplaner", "Machine", "READ UPDATE"},
	{"werkstattplaner", "Job", "CREATE READ UPDATE DELETE"},
	{"einsatzplan", "Shift", "CREATE READ UPDATE DELETE"},
	{"vorbestellung", "Preorder", "CREATE READ UPDATE"},
	{"tarnbrook-crm", "Contact", "CREATE READ UPDATE DELETE"},
	{"tarnbrook-crm", "Deal", "CREATE READ UPDATE"},
	{"tarnbrook-crm", "Campaign", "CREATE READ"},
	{"tarnbrook-crm-classic", "Contact", "READ UPDATE"},
	{"appointment-desk", "Calendar", "READ UPDATE"},
	{"appointment-desk", "Appointment", "CREATE READ UPDATE DELETE"},
	{"oakledge-store", "Article", "CREATE READ UPDATE"},
	{"oakledge-store", "Purchase", "READ UPDATE"},
}

// does says an action in a description.
var does = map[string]string{"CREATE": "create", "READ": "read", "UPDATE": "change", "DELETE": "delete"}

// roleRow is a role of an application, owned by the application's owner unless another client is named. Its rights
// are authorities of that application (of the hub, where there is none), its sub-roles stand above it.
type roleRow struct {
	application, name string
	rights, subRoles  string // separated by blanks; by commas
	owner             string
	description       string
}

func (r roleRow) key() string { return within(r.application, r.name) }

// within is how the tables name what belongs to an application, or to none.
func within(application, name string) string {
	if application == "" {
		return name
	}
	return application + "/" + name
}

var platformRoles = []roleRow{
	{name: readerRole, owner: system, description: "Sees everything and changes nothing.",
		rights: "Application_READ Client_READ User_READ Role_READ Permission_READ Package_READ Definition_READ Session_READ Audit_READ"},
}

var applicationRoles = []roleRow{
	{application: "invoice-flow", name: "Viewer", rights: "Invoice_READ Reminder_READ"},
	{application: "invoice-flow", name: "Clerk", rights: "Invoice_CREATE Invoice_UPDATE Reminder_CREATE", subRoles: "Viewer"},
	{application: "invoice-flow", name: "Lead", rights: "Invoice_DELETE", subRoles: "Clerk"},

	{application: "auftragsbuch", name: "Einsicht", rights: "Order_READ Customer_READ Site_READ"},
	{application: "auftragsbuch", name: "Sachbearbeitung", rights: "Order_CREATE Order_UPDATE Customer_CREATE Customer_UPDATE", subRoles: "Einsicht"},
	{application: "auftragsbuch", name: "Leitung", rights: "Order_DELETE Site_UPDATE", subRoles: "Sachbearbeitung"},
	{application: "auftragsbuch", name: "Bauleitung", owner: "HOLZWERK", rights: "Site_UPDATE", subRoles: "Sachbearbeitung",
		description: "Eine eigene Rolle des Holzwerks, das die Anwendung schreiben darf."},

	{application: "werkstattplaner", name: "Werkbank", rights: "Job_READ Job_UPDATE Machine_READ"},
	{application: "werkstattplaner", name: "Planung", rights: "Job_CREATE Job_DELETE Machine_UPDATE", subRoles: "Werkbank"},
	{application: "einsatzplan", name: "Schicht", rights: "Shift_READ"},
	{application: "einsatzplan", name: "Disposition", rights: "Shift_CREATE Shift_UPDATE Shift_DELETE", subRoles: "Schicht"},
	{application: "vorbestellung", name: "Verkauf", rights: "Preorder_CREATE Preorder_READ Preorder_UPDATE"},

	{application: "tarnbrook-crm", name: "Reader", rights: "Contact_READ Deal_READ Campaign_READ"},
	{application: "tarnbrook-crm", name: "Agent", rights: "Contact_CREATE Contact_UPDATE Deal_CREATE Deal_UPDATE", subRoles: "Reader"},
	{application: "tarnbrook-crm", name: "Manager", rights: "Contact_DELETE Campaign_CREATE", subRoles: "Agent"},
	{application: "tarnbrook-crm-classic", name: "Clerk", rights: "Contact_READ Contact_UPDATE"},
	// Two ways lead from Practice Lead to Calendar Viewer.
	{application: "appointment-desk", name: "Calendar Viewer", rights: "Calendar_READ Appointment_READ"},
	{application: "appointment-desk", name: "Reception", rights: "Appointment_CREATE Appointment_UPDATE", subRoles: "Calendar Viewer"},
	{application: "appointment-desk", name: "Practitioner", rights: "Calendar_UPDATE", subRoles: "Calendar Viewer"},
	{application: "appointment-desk", name: "Practice Lead", rights: "Appointment_DELETE", subRoles: "Reception,Practitioner"},
	{application: "oakledge-store", name: "Staff", rights: "Article_READ Purchase_READ Purchase_UPDATE"},
	{application: "oakledge-store", name: "Manager", rights: "Article_CREATE Article_UPDATE", subRoles: "Staff"},
}

// packageRow bundles roles, of its application where it has one.
type packageRow struct{ code, name, application, owner, roles string }

var packages = []packageRow{
	{"READERS", "Readers", "", system, readerRole},
	{"INVOICE_FLOW", "Invoice Flow", "invoice-flow", system, "Viewer,Clerk,Lead"},
	{"INVOICE_VIEW", "Invoice Flow, to look at", "invoice-flow", system, "Viewer"},
	{"AUFTRAGSBUCH", "Auftragsbuch", "auftragsbuch", "MORGENAU", "Einsicht,Sachbearbeitung,Leitung"},
	{"BAUSTELLE", "Baustelle", "auftragsbuch", "HOLZWERK", "Bauleitung"},
	{"WERKSTATT", "Werkstatt", "werkstattplaner", "MORGENAU", "Werkbank,Planung"},
	{"EINSATZPLAN", "Einsatzplan", "einsatzplan", "HOLZNORD", "Schicht,Disposition"},
	{"FILIALE", "Filiale", "vorbestellung", "KORNWINKEL", "Verkauf"},
	{"CRM_TEAM", "CRM Team", "tarnbrook-crm", "TARNBROOK", "Reader,Agent,Manager"},
	{"CRM_READER", "CRM, to look at", "tarnbrook-crm", "TARNBROOK", "Reader"},
	{"APPOINTMENTS", "Appointment Desk", "appointment-desk", "TARNBROOK", "Calendar Viewer,Reception,Practitioner,Practice Lead"},
	{"STORE_TEAM", "Store Team", "oakledge-store", "OAKLEDGE", "Staff,Manager"},
}

// giftRow gives a package to clients, by a client that has it, or owns it.
type giftRow struct{ pack, clients, giver string }

var gifts = []giftRow{
	{authority.PlatformPackage, "MORGENAU TARNBROOK", system},
	{authority.PlatformPackage, "HOLZWERK", "MORGENAU"},
	{authority.PlatformPackage, "HOLZNORD", "HOLZWERK"},
	{authority.PlatformPackage, "FERNHILL OAKLEDGE", "TARNBROOK"},
	{"READERS", "MORGENAU TARNBROOK", system},
	{"READERS", "HOLZWERK", "MORGENAU"},
	{"INVOICE_FLOW", "MORGENAU TARNBROOK", system},
	{"INVOICE_FLOW", "HOLZWERK", "MORGENAU"},
	{"INVOICE_VIEW", "OAKLEDGE", "TARNBROOK"},
	{"AUFTRAGSBUCH", "HOLZWERK KORNWINKEL", "MORGENAU"},
	{"AUFTRAGSBUCH", "HOLZNORD OSTERMOOR", "HOLZWERK"},
	{"BAUSTELLE", "HOLZNORD", "HOLZWERK"},
	{"WERKSTATT", "HOLZWERK", "MORGENAU"},
	{"WERKSTATT", "HOLZNORD HOLZSUED", "HOLZWERK"},
	{"EINSATZPLAN", "OSTERMOOR AHLFELD", "HOLZNORD"},
	{"FILIALE", "MARKTGASSE SEEUFER", "KORNWINKEL"},
	{"CRM_TEAM", "OAKLEDGE FERNHILL MARROWBY", "TARNBROOK"},
	{"CRM_READER", "NANDAKUMAR", "MARROWBY"},
	{"APPOINTMENTS", "FERNHILL", "TARNBROOK"},
	{"APPOINTMENTS", "EASTGATE HARBOURSIDE", "FERNHILL"},
	{"STORE_TEAM", "OAKLEDGECA OAKLEDGETRADE", "OAKLEDGE"},
}

// madeRole is a role with its closure: itself and all sub-roles by whatever way.
type madeRole struct {
	id      oid.Role
	reached map[oid.Role]struct{}
}

// readBuiltIn names what authority.Install has made. Shipped roles are sub-roles of none of the demo's.
func (f *filler) readBuiltIn(ctx context.Context) error {
	all, err := f.tx.Permission.Query().All(ctx)
	if err != nil {
		return err
	}
	for _, p := range all {
		f.permissions[p.Authority] = p.ID
	}
	for _, name := range []string{ownerRole, clientOwnerRole, applicationManagerRole} {
		f.roles[name] = madeRole{id: authority.BuiltInRole(name)}
	}
	f.packages[authority.PlatformPackage] = authority.BuiltInPackage(authority.PlatformPackage)
	return nil
}

func (f *filler) makePermissions(ctx context.Context) error {
	for _, p := range permissions {
		app := f.apps.of(p.application)
		ctx, client := f.past(ctx, app.owner), f.clients.of(app.owner)
		for _, action := range strings.Fields(p.actions) {
			id, name := oid.New[oid.Permission](), p.application+"."+p.entity+"_"+action
			err := f.tx.Permission.Create().SetID(id).SetClientID(client).SetApplicationID(app.id).
				SetAuthority(name).SetAuthorityKey(fold.Key(name)).SetDescription("May " + does[action] + " " + p.entity + " objects.").Exec(ctx)
			if err != nil {
				return err
			}
			if err := f.note(ctx, client, "Permission", string(id), map[string]any{"authority": name}); err != nil {
				return err
			}
			f.permissions[name] = id
		}
	}
	return nil
}

func (f *filler) makeRoles(ctx context.Context, rows []roleRow) error {
	for _, r := range rows {
		by := f.ownerOf(r.owner, r.application)
		ctx, client, id := f.past(ctx, by), f.clients.of(by), oid.New[oid.Role]()
		create := f.tx.Role.Create().SetID(id).SetClientID(client).SetName(r.name).SetNameKey(fold.Key(r.name)).SetDescription(r.description)
		prefix := ""
		if r.application != "" {
			create.SetApplicationID(f.apps.of(r.application).id)
			prefix = r.application + "."
		}
		for _, right := range strings.Fields(r.rights) {
			create.AddPermissionIDs(f.permissions.of(prefix + right))
		}
		made := madeRole{id, map[oid.Role]struct{}{id: {}}}
		for _, sub := range f.inside(r.application, r.subRoles) {
			create.AddSubRoleIDs(sub.id)
			for reached := range sub.reached {
				made.reached[reached] = struct{}{}
			}
		}
		if err := create.Exec(ctx); err != nil {
			return err
		}
		if err := f.makePaths(ctx, made); err != nil {
			return err
		}
		if err := f.note(ctx, client, "Role", string(id), map[string]any{"name": r.name}); err != nil {
			return err
		}
		f.roles[r.key()] = made
	}
	return nil
}

func (f *filler) makePaths(ctx context.Context, r madeRole) error {
	paths := make([]*ent.RolePathCreate, 0, len(r.reached))
	for reached := range r.reached {
		paths = append(paths, f.tx.RolePath.Create().SetRoleID(r.id).SetReachedRoleID(reached))
	}
	return f.tx.RolePath.CreateBulk(paths...).Exec(ctx)
}

func (f *filler) makePackages(ctx context.Context) error {
	for _, p := range packages {
		ctx, client, id := f.past(ctx, p.owner), f.clients.of(p.owner), oid.New[oid.Package]()
		create := f.tx.RolePackage.Create().SetID(id).SetClientID(client).SetCode(p.code).SetName(p.name).SetNameKey(fold.Key(p.name))
		if p.application != "" {
			create.SetApplicationID(f.apps.of(p.application).id)
		}
		for _, r := range f.inside(p.application, p.roles) {
			create.AddRoleIDs(r.id)
		}
		if err := create.Exec(ctx); err != nil {
			return err
		}
		if err := f.note(ctx, client, "Package", string(id), map[string]any{"code": p.code, "name": p.name}); err != nil {
			return err
		}
		f.packages[p.code] = id
	}
	return nil
}

func (f *filler) makeGifts(ctx context.Context) error {
	for _, g := range gifts {
		ctx, giver, pack := f.past(ctx, g.giver), f.clients.of(g.giver), f.packages.of(g.pack)
		for _, to := range strings.Fields(g.clients) {
			id, client := oid.New[oid.PackageGift](), f.clients.of(to)
			if err := f.tx.PackageGift.Create().SetID(id).SetClientID(client).SetPackageID(pack).SetGiverID(giver).Exec(ctx); err != nil {
				return err
			}
			if err := f.note(ctx, client, "PackageGift", string(id), map[string]any{"packageId": pack, "giverId": giver}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownerOf is the client named, else the application's owner.
func (f *filler) ownerOf(named, application string) string {
	if named != "" {
		return named
	}
	return f.apps.of(application).owner
}

// inside finds roles of one application, or of none, named in a list with commas.
func (f *filler) inside(application, names string) []madeRole {
	var out []madeRole
	for name := range strings.SplitSeq(names, ",") {
		if name != "" {
			out = append(out, f.roles.of(within(application, name)))
		}
	}
	return out
}
