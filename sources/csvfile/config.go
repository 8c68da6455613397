package csvfile

import (
	"time"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/answer"
)

// Config are the settings of a file, or of a folder of them.
type Config struct {
	config.SourceCommon `yaml:",inline"`

	Path        string             `yaml:"path" doc:"file, or folder of the files that queries name; a relative path starts where Haldane was started; required"`
	Time        string             `yaml:"time" doc:"name of the column of times; default: the first column"`
	TimeUnit    answer.TimeUnit    `yaml:"time_unit" doc:"of times that are numbers; auto tells by their size; default auto" jsonschema:"enum=auto,enum=s,enum=ms,enum=us,enum=ns"`
	Shift       analysis.Duration  `yaml:"shift" doc:"added to every time; 1m for a file that labels minutes by their start; default 0s"`
	Labels      []string           `yaml:"labels" doc:"columns that are labels although their cells look like numbers; default: those with other cells only"`
	Separator   string             `yaml:"separator" doc:"between cells, one character; default a comma"`
	Consolidate answer.Consolidate `yaml:"consolidate" doc:"what becomes of several samples in one step; sum for counts; default mean" jsonschema:"enum=mean,enum=sum,enum=max,enum=min,enum=last"`
}

// New returns settings with their defaults.
func New() config.SourceSettings {
	return &Config{
		SourceCommon: config.SourceCommon{
			Type:          "csv",
			Delay:         analysis.Duration(10 * time.Second),
			MaxConcurrent: 4,
			Timeout:       analysis.Duration(20 * time.Second),
		},
		TimeUnit:    answer.TimeAuto,
		Separator:   ",",
		Consolidate: answer.ConsolidateMean,
	}
}

// Check implements config.SourceSettings.
func (c *Config) Check() []config.Problem {
	var found []config.Problem
	if c.Path == "" {
		found = append(found, config.Problem{Field: "path", Message: "missing", Hint: "a file or a folder"})
	}
	if r, n := utf8.DecodeRuneInString(c.Separator); n == 0 || n != len(c.Separator) || r == utf8.RuneError || r == '"' || r == '\n' || r == '\r' {
		found = append(found, config.Problem{Field: "separator", Message: "not one character that can stand between cells", Hint: `"," or ";" or "\t"`})
	}
	return found
}

// Open implements config.SourceSettings. It reads nothing: files may come later.
func (c *Config) Open(env config.Env) (analysis.Source, error) {
	if found := c.Check(); len(found) > 0 {
		return nil, analysis.Errorf(analysis.Invalid, "source %s: %s: %s", env.Name, found[0].Field, found[0].Message).
			WithHint("%s", found[0].Hint)
	}
	return &Source{who: "source " + env.Name, config: c}, nil
}

var _ config.SourceSettings = (*Config)(nil)
