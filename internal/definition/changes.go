package definition

import (
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/delta"
)

// Changes is what makes one version of a layer into another of the same: the delta between what is stored of them. ok is
// false for versions of different layers, and where one is the end of the layer.
func Changes(from, to *ent.DefinitionVersion) (changes delta.Value, ok bool, err error) {
	if from.ClientID != to.ClientID || PlaceOf(from) != PlaceOf(to) || from.Removed || to.Removed {
		return changes, false, nil
	}
	var both [2]delta.Value
	for i, v := range []*ent.DefinitionVersion{from, to} {
		if both[i], err = delta.Parse([]byte(v.Content), Limits.ForDelta()); err != nil {
			return changes, false, fmt.Errorf("definition: read version %s: %w", v.ID, err)
		}
	}
	return delta.Diff(both[0], both[1]), true, nil
}
