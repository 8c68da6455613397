package analysis

// Events that are only recorded: nobody is told of them, so they have no messages.
const (
	EventSamplesPushed  EventType = "samples.pushed"  // the first of their sender; each sample keeps who sent it
	EventConfigReloaded EventType = "config.reloaded" // of no run: the config was read again
	EventConfigRefused  EventType = "config.refused"  // and is broken: the one before it stays in force
)
