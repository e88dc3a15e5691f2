package sweep

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/ent/migrate"
)

// roots says how each field of Query is called, and what its answer is held against.
var roots = map[string]func(r *run, f *ast.FieldDefinition){
	"viewer":                 (*run).viewer,
	"node":                   (*run).node,
	"nodes":                  (*run).nodes,
	"application":            (*run).lookup,
	"applicationsAvailable":  (*run).available,
	"definition":             (*run).askDefinitions,
	"definitions":            (*run).listDefinitions,
	"effectiveAccess":        (*run).effective,
	"applicationRemovalPlan": (*run).removalPlan,
	"applications":           (*run).everyVisible,
	"auditEvents":            (*run).everyVisible,
	"authorityHolders":       (*run).holders,
	"client":                 (*run).lookup,
	"clients":                (*run).everyVisible,
	"outboxEvents":           (*run).everyVisible,
	"packages":               (*run).everyVisible,
	"permissions":            (*run).everyVisible,
	"propertyDefinitions":    (*run).definitions,
	"registrationOptions":    (*run).options,
	"resolveUrl":             (*run).resolved,
	"roles":                  (*run).everyVisible,
	"users":                  (*run).everyVisible,
}

// mutation says how a mutation is called.
type mutation struct {
	// input is all it takes to succeed, with objects of the caller's own: then nothing but the id under trial, which
	// takes the place of its leaf, can be wrong.
	input func(r *run) map[string]any
	// refusal is the code that answers an unknown id; NOT_FOUND when empty.
	refusal string
	// instead has, by a leaf, another one that it takes the place of.
	instead map[string]string
	// tells says of a leaf which hidden objects it may be told of, and so is not tried with.
	tells map[string]func(r *run, id string) bool
}

var mutations = map[string]mutation{
	"accessGrantSet": {
		input: func(r *run) map[string]any {
			return map[string]any{"applicationId": r.own("Application"), "clientId": r.own("Client"), "level": "READ"}
		},
		instead: map[string]string{"clientCode": "clientId"}, tells: map[string]func(*run, string) bool{"clientCode": (*run).ofMyBase},
	},
	"accessGrantTake": {
		input: func(r *run) map[string]any { return map[string]any{"applicationId": r.own("Application")} },
		tells: map[string]func(*run, string) bool{"applicationId": (*run).offered},
	},
	"accessRequestCreate": {
		input: func(*run) map[string]any { return map[string]any{"message": "swept"} },
		tells: map[string]func(*run, string) bool{"applicationCode": (*run).mayAsk},
	},
	"accessRequestGrant":  {input: func(*run) map[string]any { return map[string]any{} }},
	"accessRequestRefuse": {input: func(*run) map[string]any { return map[string]any{} }},
	"accessGrantRevoke":   {input: func(*run) map[string]any { return map[string]any{} }},
	"applicationArchive":  {input: func(*run) map[string]any { return map[string]any{} }},
	"applicationCreate":   {input: func(*run) map[string]any { return map[string]any{"name": "Swept"} }},
	"applicationDependencyAdd": {input: func(r *run) map[string]any {
		return map[string]any{"applicationId": r.own("Application"), "dependencyId": r.own("Application")}
	}},
	"applicationDependencyRemove": {input: func(*run) map[string]any { return map[string]any{} }},
	"applicationExport":           {input: func(*run) map[string]any { return map[string]any{} }},
	"applicationImport":           {input: func(r *run) map[string]any { return map[string]any{"bundleId": r.bundle(), "name": "Swept"} }},
	"applicationUpgrade":          {input: func(r *run) map[string]any { return map[string]any{"bundleId": r.bundle(), "dryRun": false} }},
	"applicationRemove":           {input: func(*run) map[string]any { return map[string]any{"token": "0.swept"} }},
	"applicationRestore":          {input: func(*run) map[string]any { return map[string]any{} }},
	"applicationUpdate":           {input: func(*run) map[string]any { return map[string]any{"name": "Swept"} }},
	"applicationPropertiesDelete": {
		input: func(r *run) map[string]any {
			return map[string]any{"applicationId": r.own("Application"), "names": []any{"COLOUR"}}
		},
		tells: map[string]func(*run, string) bool{"clientId": (*run).hasMine},
	},
	"applicationPropertiesSet": {
		input: func(r *run) map[string]any {
			return map[string]any{"applicationId": r.own("Application"), "properties": []any{map[string]any{"name": "SWEPT", "value": "1"}}}
		},
		tells: map[string]func(*run, string) bool{"clientId": (*run).hasMine},
	},
	"definitionDelete":      {input: ofPage("", "")},
	"definitionPatch":       {input: ofPage("patch", "etag")},
	"definitionRestore":     {input: func(*run) map[string]any { return map[string]any{} }},
	"definitionSave":        {input: ofPage("content", "")},
	"membershipRolesAdd":    {input: ofMade("Membership", "roleIds", "Role")},
	"membershipRolesRemove": {input: ofMade("Membership", "roleIds", "Role")},
	"packageCreate":         {input: func(*run) map[string]any { return map[string]any{"code": "SWEPT", "name": "Swept"} }},
	"packageUpdate":         {input: func(*run) map[string]any { return map[string]any{"name": "Swept"} }},
	"packageDelete":         {input: func(*run) map[string]any { return map[string]any{} }},
	"packageRolesAdd":       {input: ofMade("Package", "roleIds", "Role")},
	"packageRolesRemove":    {input: ofMade("Package", "roleIds", "Role")},
	"packageGive":           {input: ofMade("Package", "clientIds", "Client")},
	"packageTake":           {input: ofMade("Package", "clientIds", "Client")},
	"permissionCreate": {input: func(r *run) map[string]any {
		return map[string]any{"applicationId": r.own("Application"), "name": "Swept_READ"}
	}},
	"permissionUpdate": {input: func(*run) map[string]any { return map[string]any{"description": "Swept"} }},
	"permissionDelete": {input: func(*run) map[string]any { return map[string]any{} }},
	"registrationCodeCreate": {input: func(r *run) map[string]any {
		return map[string]any{"applicationId": r.own("Application"), "email": "swept@example.com"}
	}},
	"registrationCodeDelete": {input: func(*run) map[string]any { return map[string]any{} }},
	"registrationComplete":   atPlace(map[string]any{"clientType": "BUSINESS", "name": "Swept", "userName": "swept", "password": "swept with a new broom"}),
	"registrationRuleCreate": {
		input: func(r *run) map[string]any {
			return map[string]any{"applicationId": r.own("Application"), "clientType": "BUSINESS", "roleId": r.made("Role")}
		},
		instead: map[string]string{"givenApplicationId": "roleId", "packageId": "roleId"},
	},
	"registrationRuleDelete": {input: func(*run) map[string]any { return map[string]any{} }},
	"registrationStart":      atPlace(map[string]any{"email": "swept@example.com"}),
	"registrationVerify":     atPlace(map[string]any{"secret": "unknown"}),
	"roleCreate": {input: func(r *run) map[string]any {
		return map[string]any{"applicationId": r.own("Application"), "name": "Swept"}
	}},
	"roleUpdate":            {input: func(*run) map[string]any { return map[string]any{"name": "Swept"} }},
	"roleDelete":            {input: func(*run) map[string]any { return map[string]any{} }},
	"rolePermissionsAdd":    {input: ofMade("Role", "permissionIds", "Permission")},
	"rolePermissionsRemove": {input: ofMade("Role", "permissionIds", "Permission")},
	"roleSubRolesAdd":       {input: ofMade("Role", "roleIds", "Role")},
	"roleSubRolesRemove":    {input: ofMade("Role", "roleIds", "Role")},
	"invitationAccept":      {input: func(*run) map[string]any { return map[string]any{"token": "unknown"} }},
	"invitationCreate":      {input: func(*run) map[string]any { return map[string]any{"email": "swept@example.com"} }},
	"invitationDecline":     {input: func(*run) map[string]any { return map[string]any{"token": "unknown"} }},
	"invitationDelete":      {input: func(*run) map[string]any { return map[string]any{} }},
	// Whatever client it names, the answer is the same, and of one that is known something is noted: so it is refused for
	// something else. The test of reset requests holds the answers against each other.
	"passwordResetRequest": {refusal: "INVALID", input: func(*run) map[string]any { return map[string]any{"identifier": ""} }},
	"passwordSet": {input: func(*run) map[string]any {
		return map[string]any{"token": "unknown", "password": "swept with a new broom"}
	}},
	"clientCreate":  {input: func(*run) map[string]any { return map[string]any{"name": "Swept"} }},
	"clientUpdate":  {input: func(*run) map[string]any { return map[string]any{"name": "Swept"} }},
	"clientSuspend": {input: func(*run) map[string]any { return map[string]any{} }},
	"clientResume":  {input: func(*run) map[string]any { return map[string]any{} }},
	"clientMove": {input: func(r *run) map[string]any {
		return map[string]any{"id": r.own("Client"), "managerId": r.own("Client")}
	}},
	"clientDelete": {input: func(*run) map[string]any { return map[string]any{} }},
	"clientUrlBind": {input: func(r *run) map[string]any {
		return map[string]any{"applicationId": r.own("Application"), "origin": "https://swept.example"}
	}},
	"clientUrlProve":  {input: func(*run) map[string]any { return map[string]any{} }},
	"clientUrlUnbind": {input: func(*run) map[string]any { return map[string]any{} }},
	"sessionCreate": {refusal: "CREDENTIALS", input: func(*run) map[string]any {
		return map[string]any{"identifier": "nobody", "password": "correct horse battery staple"}
	}},
	"sessionDelete":       {input: func(*run) map[string]any { return map[string]any{} }},
	"sessionSwitchClient": {input: func(*run) map[string]any { return map[string]any{} }},
	"userCreate":          {input: func(*run) map[string]any { return map[string]any{"name": "Swept", "email": "swept@example.com"} }},
	"userDelete":          {input: func(*run) map[string]any { return map[string]any{} }},
	"userPasswordReset":   {input: func(*run) map[string]any { return map[string]any{} }},
	"userResume":          {input: func(*run) map[string]any { return map[string]any{} }},
	"userSuspend":         {input: func(*run) map[string]any { return map[string]any{} }},
	"userUpdate":          {input: func(*run) map[string]any { return map[string]any{"name": "Swept", "email": "swept@example.com"} }},
	"membershipDelete":    {input: func(*run) map[string]any { return map[string]any{} }},
	"viewerPasswordSet":   {refusal: "INVALID", input: func(*run) map[string]any { return map[string]any{"oldPassword": "x", "newPassword": "x"} }},
	"viewerUpdate":        {refusal: "INVALID", input: func(*run) map[string]any { return map[string]any{"name": ""} }},
}

// anything is what a leaf names that takes ids of every type.
const anything = "anything with an id"

// named says what those leaves name that are not called after it: clientId and clientCode name a Client; id and code
// an object of the type that their field answers with.
var named = map[string]string{
	"Query.node.id":                                  anything,
	"Query.nodes.ids":                                anything,
	"AuditEventFilter.actorUserId":                   "User",
	"ClientFilter.managerId":                         "Client",
	"ClientCreateInput.managerId":                    "Client",
	"ClientUpdateInput.id":                           "Client",
	"ClientSuspendInput.id":                          "Client",
	"ClientResumeInput.id":                           "Client",
	"ClientMoveInput.id":                             "Client",
	"ClientMoveInput.managerId":                      "Client",
	"ClientDeleteInput.id":                           "Client",
	"SessionCreateInput.url":                         "ClientUrl",
	"ClientUrlProveInput.id":                         "ClientUrl",
	"ClientUrlUnbindInput.id":                        "ClientUrl",
	"InvitationDeleteInput.id":                       "Invitation",
	"PasswordResetRequestInput.url":                  "ClientUrl",
	"UserPasswordResetInput.id":                      "User",
	"AccessGrantRevokeInput.id":                      "AccessGrant",
	"AccessRequestGrantInput.id":                     "AccessRequest",
	"AccessRequestRefuseInput.id":                    "AccessRequest",
	"RegistrationCodeDeleteInput.id":                 "RegistrationCode",
	"RegistrationCompleteInput.url":                  "ClientUrl",
	"RegistrationRuleCreateInput.givenApplicationId": "Application",
	"RegistrationRuleDeleteInput.id":                 "RegistrationRule",
	"RegistrationStartInput.url":                     "ClientUrl",
	"RegistrationVerifyInput.url":                    "ClientUrl",
	"DefinitionVersion.changesSince.versionId":       "DefinitionVersion",
	"DefinitionRestoreInput.versionId":               "DefinitionVersion",
	"Query.applicationRemovalPlan.id":                "Application",
	"ApplicationRemoveInput.id":                      "Application",
	"ApplicationUpdateInput.id":                      "Application",
	"ApplicationArchiveInput.id":                     "Application",
	"ApplicationRestoreInput.id":                     "Application",
	"ApplicationDependencyAddInput.dependencyId":     "Application",
	"ApplicationDependencyFilter.dependencyId":       "Application",
	"ApplicationDependencyRemoveInput.id":            "ApplicationDependency",
	"SessionDeleteInput.id":                          "Session",
	"MembershipDeleteInput.id":                       "Membership",
	"UserDeleteInput.id":                             "User",
	"UserResumeInput.id":                             "User",
	"UserSuspendInput.id":                            "User",
	"UserUpdateInput.id":                             "User",
	"MembershipRolesAddInput.id":                     "Membership",
	"MembershipRolesRemoveInput.id":                  "Membership",
	"PackageUpdateInput.id":                          "Package",
	"PackageDeleteInput.id":                          "Package",
	"PackageRolesAddInput.id":                        "Package",
	"PackageRolesRemoveInput.id":                     "Package",
	"PackageGiveInput.id":                            "Package",
	"PackageTakeInput.id":                            "Package",
	"PermissionUpdateInput.id":                       "Permission",
	"PermissionDeleteInput.id":                       "Permission",
	"RoleUpdateInput.id":                             "Role",
	"RoleDeleteInput.id":                             "Role",
	"RolePermissionsAddInput.id":                     "Role",
	"RolePermissionsRemoveInput.id":                  "Role",
	"RoleSubRolesAddInput.id":                        "Role",
	"RoleSubRolesRemoveInput.id":                     "Role",
}

// claims are the leaves for codes to be given out, with the type of what is called by them. That a code is taken may be
// said (domain 0), but a foreign one is taken no otherwise than one's own.
var claims = map[string]string{"ApplicationCreateInput.code": "Application", "ApplicationImportInput.code": "Application", "ClientCreateInput.code": "Client"}

// names gives the type of the objects that a leaf takes the id or code of.
func (a api) names(l leaf) (typ string, ok bool) {
	if typ = orElse(named[l.key()], claims[l.key()]); typ != "" {
		return typ, true
	}
	if nameless[l.key()] != "" {
		return "", true
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(l.name(), "s"), "Id"), "Code")
	if stem != "" {
		typ = strings.ToUpper(stem[:1]) + stem[1:]
	}
	if parent, field, _ := strings.Cut(l.in, "."); field != "" && (l.name() == "id" || l.name() == "code") {
		typ = a.Types[parent].Fields.ForName(field).Type.Name()
	}
	_, ok = kinds[typ]
	return typ, ok
}

// gaps says what of the SDL the sweep has no instructions for, and where to write them.
func (a api) gaps() []string {
	var list []string
	gap := func(missing bool, item, advice string) {
		if missing {
			list = append(list, item+": "+advice)
		}
	}
	for _, f := range fields(a.Query) {
		gap(roots[f.Name] == nil, "Query."+f.Name, "say in roots how it is called and what it answers")
	}
	for _, f := range fields(a.Mutation) {
		gap(mutations[f.Name].input == nil, "Mutation."+f.Name, "say in mutations how it is called")
		gap(len(f.Arguments) != 1 || f.Arguments[0].Name != "input", "Mutation."+f.Name, "the sweep calls mutations with one argument, input: teach it")
	}
	for _, def := range a.objects() {
		k, known := kinds[def.Name]
		gap(!known, def.Name, "say in kinds where it is stored and who sees it")
		for _, f := range fields(def) {
			item := def.Name + "." + f.Name
			switch target := a.target(f); {
			case a.connection(f) != nil:
				gap(lists[item] == nil, item, "say in lists which objects it holds")
			case len(f.Arguments) > 0:
				gap(apart[item] == nil, item, "the sweep calls connections with arguments, but no other field of an object: teach it")
			case isNode(target):
				gap(known && !hasColumn(k.table, column(f.Name)+"_id"), item, "the sweep reads edges from a column called after them: teach it")
			case !target.IsLeafType():
				gap(inner[item] == nil, item, "the sweep knows objects with an id and values, but no others within an object: teach it")
			}
		}
	}
	for _, f := range fields(a.Types[oneself]) {
		item := oneself + "." + f.Name
		gap(a.connection(f) != nil && lists[item] == nil, item, "say in lists which objects it holds")
	}
	return slices.Concat(list, a.gapsInArguments(), a.leftovers())
}

func (a api) gapsInArguments() []string {
	var list []string
	for _, def := range append(a.objects(), a.Query, a.Mutation, a.Types[oneself]) {
		for _, f := range fields(def) {
			for _, l := range a.leaves(def, f) {
				item := def.Name + "." + f.Name + "(" + l.String() + ")"
				if _, known := a.names(l); (l.isID() || l.isCode()) && !known {
					list = append(list, item+": say in named what it names")
				} else if a.connection(f) != nil && !slices.Contains(connectionArguments, l.path[0]) && !strings.HasPrefix(needed[def.Name+"."+f.Name], l.path[0]+":") {
					list = append(list, item+": the sweep has no variation for this argument of a connection: teach it")
				}
			}
		}
	}
	return list
}

// leftovers are instructions for what the SDL has no more.
func (a api) leftovers() []string {
	there := map[string]bool{}
	for _, def := range a.Types {
		there[def.Name] = true
		for _, f := range def.Fields {
			there[def.Name+"."+f.Name] = true
			for _, argument := range f.Arguments {
				there[def.Name+"."+f.Name+"."+argument.Name] = true
			}
		}
	}
	var list []string
	left := func(table string, keys iter.Seq[string], prefix string) {
		for _, key := range slices.Sorted(keys) {
			if !there[prefix+key] {
				list = append(list, prefix+key+": is in "+table+", but not in the SDL")
			}
		}
	}
	left("roots", maps.Keys(roots), "Query.")
	left("mutations", maps.Keys(mutations), "Mutation.")
	left("named", maps.Keys(named), "")
	left("claims", maps.Keys(claims), "")
	left("inner", maps.Keys(inner), "")
	left("kinds", maps.Keys(kinds), "")
	left("lists", maps.Keys(lists), "")
	left("apart", maps.Keys(apart), "")
	left("nameless", maps.Keys(nameless), "")
	left("needed", maps.Keys(needed), "")
	return list
}

// connectionArguments are those that every connection has, and may have.
var connectionArguments = []string{"first", "after", "last", "before", "filter", "orderBy"}

func hasColumn(table, column string) bool {
	for _, t := range migrate.Tables {
		if t.Name == table {
			return t.HasColumn(column)
		}
	}
	return false
}
