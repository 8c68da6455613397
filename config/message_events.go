package config

import (
	"reflect"
	"strconv"

	"github.com/invopop/jsonschema"

	"github.com/haldane-dev/haldane/analysis"
)

// eventTypes are the types of events that texts may be written for.
func eventTypes() []analysis.EventType {
	return []analysis.EventType{
		analysis.EventRunStarted, analysis.EventRunPassed, analysis.EventRunFailed, analysis.EventRunMarginal,
		analysis.EventRunInconclusive, analysis.EventRollbackVerified, analysis.EventRollbackNotRecovered,
		analysis.EventDeliveryFailed, analysis.EventHoldEngaged, analysis.EventHoldReleased, analysis.EventRunQueued,
		analysis.EventRunCancelled, analysis.EventRunSuperseded, analysis.EventSourceTroubled,
		analysis.EventSourceRecovered, analysis.EventRollbackRequested, analysis.EventRollbackApproved,
		analysis.EventRollbackRefused, analysis.EventRollbackUpdated, analysis.EventDeliveryDone,
		analysis.EventRunAcknowledged, analysis.EventMessagesDigest, analysis.EventVerdictFeedback,
	}
}

func asTexts(types []analysis.EventType) []string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = string(t)
	}
	return out
}

func quoted(t analysis.EventType) string { return strconv.Quote(string(t)) }

// sampleOf is sampleData for one type of event: what such an event never has is not
// there, so that a template that needs it is found when the config is loaded.
func sampleOf(typ analysis.EventType, words []string) MessageData {
	d := sampleData(words)
	d.Type, d.Event.Type = typ, typ
	if typ != analysis.EventRunFailed && typ != analysis.EventRollbackRequested {
		d.Rollback = nil // how an earlier one stands is in .Run.Rollback
	}
	if typ != analysis.EventDeliveryFailed {
		d.Failed = nil
	}
	if typ != analysis.EventHoldEngaged && typ != analysis.EventHoldReleased {
		d.Hold = nil
	}
	switch typ {
	case analysis.EventRunStarted, analysis.EventRunQueued:
		d.Run.Outcome, d.Run.Score, d.Run.FinishedAt, d.Findings = nil, nil, nil, nil
	case analysis.EventMessagesDigest: // of many runs
		d = MessageData{Type: typ, DeliveryID: d.DeliveryID, Reason: d.Reason, Event: analysis.Event{ID: d.Event.ID, Type: typ, Text: d.Event.Text}}
	}
	return d
}

func (*Texts) schema() *jsonschema.Schema {
	names := words(any(string(anyEvent)))
	for _, t := range eventTypes() {
		names.Enum = append(names.Enum, string(t))
	}
	return &jsonschema.Schema{Type: "object", PropertyNames: names, AdditionalProperties: reflectType(reflect.TypeFor[Text]())}
}
