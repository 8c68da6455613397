package analysis

import "time"

// Feedback is what a person says of a finished run's verdict: was it right?
type Feedback struct {
	Right Answered  `json:"right"`
	Note  string    `json:"note,omitempty"`
	By    Cause     `json:"by"`
	At    time.Time `json:"at"`
}

// Answered is the answer.
type Answered string

// The answers.
const (
	AnsweredYes    Answered = "yes"
	AnsweredNo     Answered = "no"
	AnsweredUnsure Answered = "unsure"
)

// Quality is how good the verdicts on releases were, as far as people said.
//
// Precision is the share of failures that were right; Recall the share of bad releases
// that were failed, the others being passes that people called wrong. Both are null while
// nobody has said anything that counts.
type Quality struct {
	Plan      string   `json:"plan"`
	Metric    string   `json:"metric,omitempty"` // "" is the whole plan
	Right     int      `json:"right"`            // verdicts that people called right
	Wrong     int      `json:"wrong"`
	Unsure    int      `json:"unsure"`
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
}
