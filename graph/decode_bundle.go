package graph

import (
	"context"

	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/bundle"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/oid"
)

func (r *Resolver) exportApplication(ctx context.Context, input model.ApplicationExportInput) (oid.Application, error) {
	id, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	if err != nil {
		return "", err
	}
	return id, r.Bundles.Export(ctx, id)
}

// downloads is where bundles are downloaded from, with a ticket after it.
const downloads = "/bundles/"

// exported shows the way to the download. A repeat with an Idempotency-Key gets a way of its own: it is decided anew there.
func (r *Resolver) exported(ctx context.Context, id oid.Application) *model.ApplicationExportPayload {
	ticket, expires := r.Bundles.Ticket(ctx, id)
	path := downloads + ticket
	return &model.ApplicationExportPayload{Download: &path, ExpiresAt: &expires, Errors: []*model.UserError{}}
}

func (r *Resolver) importApplication(ctx context.Context, input model.ApplicationImportInput) (oid.Application, error) {
	id, err := parseID[oid.Bundle]("input.bundleId", input.BundleID)
	if err != nil {
		return "", err
	}
	return r.Bundles.Import(ctx, bundle.Import{Bundle: id, Name: input.Name.Value(), Code: text(input.Code)})
}

// imported shows what an import has made: as the trail has it, so that a repeat with an Idempotency-Key says the same.
func (r *Resolver) imported(ctx context.Context, id oid.Application) ([]*model.BundleCount, error) {
	out := []*model.BundleCount{}
	if len(chosen(ctx, "made")) == 0 {
		return out, nil
	}
	changes, err := r.Bundles.Imported(ctx, id)
	for _, c := range changes {
		if c.Made > 0 {
			out = append(out, &model.BundleCount{Kind: c.Kind, Count: c.Made})
		}
	}
	return out, err
}

// upgrade reads the input of an upgrade.
func upgrade(input model.ApplicationUpgradeInput) (bundle.Upgrade, error) {
	app, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	if err != nil {
		return bundle.Upgrade{}, err
	}
	id, err := parseID[oid.Bundle]("input.bundleId", input.BundleID)
	return bundle.Upgrade{Application: app, Bundle: id, DryRun: input.DryRun}, err
}

// upgradeApplication brings an application up, and gives what that did. A dry run leaves nothing that an Idempotency-Key
// could be kept for. A repeat of another one has the numbers, which the trail keeps, and names no layers.
func (r *Resolver) upgradeApplication(ctx context.Context, input model.ApplicationUpgradeInput) (*bundle.Report, []*model.UserError, error) {
	var report *bundle.Report
	command := func(ctx context.Context) (oid.Application, error) {
		cmd, err := upgrade(input)
		if err != nil {
			return "", err
		}
		report, err = r.Bundles.Upgrade(ctx, cmd)
		return cmd.Application, err
	}
	if input.DryRun {
		_, err := command(ctx)
		errs, err := userErrors(err)
		return report, errs, err
	}
	id, errs, err := done(ctx, r, command)
	if err != nil || len(errs) > 0 {
		return nil, errs, err
	}
	if report == nil {
		report, err = r.Bundles.Upgraded(ctx, id, oid.Bundle(input.BundleID))
	}
	return report, errs, err
}

func upgradeReport(r *bundle.Report) *model.UpgradeReport {
	out := &model.UpgradeReport{
		Changes: []*model.UpgradeChange{}, Conflicts: []*model.UpgradeConflict{}, ConflictCount: r.ConflictCount,
		Sleeping: []*model.DefinitionName{}, SleepingCount: r.SleepingCount,
	}
	for _, c := range r.Changes {
		out.Changes = append(out.Changes, &model.UpgradeChange{Kind: c.Kind, Made: c.Made, Changed: c.Changed, Dropped: c.Dropped})
	}
	for _, c := range r.Conflicts {
		out.Conflicts = append(out.Conflicts, &model.UpgradeConflict{Kind: c.Kind, Name: c.Name, ClientCode: c.Client, Path: c.Pointer})
	}
	for _, l := range r.Sleeping {
		out.Sleeping = append(out.Sleeping, definitionName(l))
	}
	return out
}

func definitionName(l definition.Overlay) *model.DefinitionName {
	return &model.DefinitionName{Kind: l.Kind, Name: l.Name, ClientCode: l.Client}
}
