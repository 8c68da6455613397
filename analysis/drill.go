package analysis

import "context"

// DrillRequest asks for a drill: the whole chain that follows a bad verdict, on a verdict
// that is made up.
type DrillRequest struct {
	Plan string
	// ForReal sends everything. Without it nothing is sent: actions are checked, and say
	// what they would have sent.
	ForReal bool
	// Environment is the plan's. Typing it is the safety catch of ForReal.
	Environment string
	// Version is what is called bad, BaselineVersion what is rolled back to. A drill that is
	// not for real makes them up when they are missing.
	Version, BaselineVersion string
	By                       Cause
}

// Driller makes drills.
//
// The run that Drill returns is finished: its outcome is fail, and its deliveries follow as
// from any other. It condemns no version, teaches nothing about noise, counts for no cap
// and no hold, takes nobody's feedback, and is nobody's newer run.
//
// Errors: NotFound for an unknown plan; Invalid, with its fields, for a request that cannot
// work; Conflict when the plan does nothing on a failure, or, for real, while a release is
// being analysed.
type Driller interface {
	Drill(ctx context.Context, r DrillRequest) (Run, error)
}

// Rehearser is an Action that can say what it would send for a delivery, without sending
// anything. The text is for people, in a few words, without secrets. An error says why it
// could not be sent.
type Rehearser interface {
	Rehearse(ctx context.Context, d Delivery) (string, error)
}

// DrillMark begins the reason of a delivery that a drill checked and did not send.
const DrillMark = "drill: "
