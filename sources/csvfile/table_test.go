package csvfile

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// export is the example of the package's documentation, and a little more.
const export = `time,version,region,p99,errors,build
2024-05-01T12:01:00Z,1.4.2,eu,212.5,3,7
2024-05-01T12:01:00Z,1.4.1,eu,198,,7
2024-05-01T12:02:00Z,1.4.2,eu,NaN,0,7
2024-05-01T12:03:00Z,1.4.2,us,-Inf,1e3,8
2024-05-01T12:03:00Z,1.4.2,eu,+Inf,,8
`

func TestAnswers(t *testing.T) {
	plain := func(*Config) {}
	for _, c := range []struct {
		change  func(*Config)
		content string
		query   string
		reduce  analysis.Reduce
		want    string
	}{
		{plain, export, `p99{version="1.4.2", region="eu"}`, "", `version=1.4.2 region=eu [212.5,"NaN","+Inf"]`},
		{plain, export, `p99{version="1.4.1"}`, "", `version=1.4.1 region=eu [198,null,null]`},
		{plain, export, `errors{version="1.4.2"}`, "all", "version=1.4.2 region=eu [3,0,null]\nversion=1.4.2 region=us [null,null,1000]"},
		{plain, export, `errors{version="1.4.2"}`, "sum", "[3,0,1000]"},
		{plain, export, `errors{version="1.4.1"}`, "", "[null,null,null]"},
		{plain, export, `errors{version="1.4.3"}`, "", ""},
		{plain, export, `errors{version!="1.4.2"}`, "", "[null,null,null]"},
		{plain, export, `errors{build="8"}`, "all", "version=1.4.2 region=us build=8 [null,null,1000]"},
		{func(c *Config) { c.Labels = []string{"build", "nothing"} }, export, `errors{region="eu", version="1.4.2"}`, "all", "version=1.4.2 region=eu build=7 [3,0,null]"},
		{plain, export, `build{region="eu", version="1.4.2"}`, "", "version=1.4.2 region=eu [7,7,8]"},

		{plain, "t,v\n1714564860,1\n1714564920000,2\n", "v", "", "[1,2,null]"},
		{plain, "\ufefft, v\r\n1714564860, 1\r\n", "v", "", "[1,null,null]"},
		{plain, "t,v\n\n1714564860,1\n\n", "v", "", "[1,null,null]"},
		{plain, "t,v\n1714564920,2\n1714564860,1\n", "v", "", "[1,2,null]"},
		{plain, "t,v\n1714564830,2\n1714564860,4\n1714564861,5\n", "v", "", "[3,5,null]"},
		{func(c *Config) { c.Consolidate = "sum" }, "t,v\n1714564830,2\n1714564860,4\n", "v", "", "[6,null,null]"},
		{func(c *Config) { c.Shift = analysis.Duration(time.Minute) }, "t,v\n1714564800,1\n1714564980,2\n", "v", "", "[1,null,null]"},
		{func(c *Config) { c.Time = "t" }, "v,t\n1,1714564860\n", "v", "", "[1,null,null]"},
		{func(c *Config) { c.TimeUnit = "ms" }, "t,v\n1714564860000,1\n", "v", "", "[1,null,null]"},
		{func(c *Config) { c.Separator = ";" }, "t;v\n1714564860;1\n", "v", "", "[1,null,null]"},
		{func(c *Config) { c.Separator = "\t" }, "t\tv\n1714564860\t1\n", "v", "", "[1,null,null]"},
		{plain, "t,v,region\n1714564860,1,\"a, \"\"b\"\"\nc\"\n1714564860,2,\n", "v", "all", "[2,null,null]\nregion=a, \"b\"\nc [1,null,null]"},
		{plain, "t,v\n", "v", "", ""},
		{plain, "t,v\n1714564800,1\n1714564981,2\n", "v", "", ""},
	} {
		q := ask(c.query)
		q.Reduce = c.reduce
		s := settings("")
		c.change(s)
		got, err := with(t, s, c.content, q)
		if err != nil || show(t, got) != c.want {
			t.Errorf("%s of %.40q: %s, error %v, want %s", c.query, c.content, show(t, got), err, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	plain := func(*Config) {}
	for _, c := range []struct {
		change               func(*Config)
		content, query, want string
	}{
		{plain, export, "p98", `file a.csv: there is no column "p98" (try: one of time, version, region`},
		{plain, export, `p99{vers="1"}`, `file a.csv: there is no column "vers"`},
		{plain, export, "version", `file a.csv: line 2, column version: "1.4.2" is not a number`},
		{plain, export, "time", "file a.csv: column time holds the times"},
		{plain, export, `p99{version="1.4.2"}`, "the answer has 2 series, not one; they differ in region"},
		{plain, export, `p99{`, "the query, column 5: want a label"},
		{plain, "t,v\n1714564860,1\n1714564860,2\n", "v", "file a.csv: lines 2 and 3 are of the same time and have the same labels (try: labels: [...]"},
		{plain, "t,v\n1714564800,x\n1714564860,1\n1714564920,0x1p4\n", "v", `line 4, column v: "0x1p4" is not a number`},
		{plain, "t,v\n1714564860,1_0\n", "v", `"1_0" is not a number`},
		{plain, "t,v\n1714564860,1e999\n", "v", `"1e999" is not a number`},
		{plain, "t,v\n1714564860,null\n", "v", `"null" is not a number`},
		{plain, "t,v\n\nnoon,1\n", "v", `file a.csv: line 3, column t: "noon" is not a time (try: seconds`},
		{plain, "t,v\n,1\n", "v", `line 2, column t: "" is not a time`},
		{plain, "", "v", "file a.csv: it is empty"},
		{plain, "\n\n", "v", "file a.csv: it is empty"},
		{plain, "t,\n", "v", "file a.csv: line 1: column 2 has no name"},
		{plain, "t,v,v\n", "v", "file a.csv: line 1: two columns are called v"},
		{plain, "t,v\n1714564860\n", "v", "file a.csv: line 2: another number of cells than in line 1"},
		{plain, "t,v\n1714564860,\"1\n", "v", "file a.csv: line 2: a quotation mark where none may stand, or one too few"},
		{plain, "t,v\n1714564860,\xff\n", "v", "file a.csv: its text is not UTF-8"},
		{func(c *Config) { c.Time = "when" }, export, "p99", `file a.csv: there is no column "when"`},
	} {
		s := settings("")
		c.change(s)
		got, err := with(t, s, c.content, ask(c.query))
		if got != nil || analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "source exported: ") {
			t.Errorf("%s of %.40q: %s, error %v, want an invalid one about %q", c.query, c.content, show(t, got), err, c.want)
		}
	}
}

// FuzzTable reads anything at all. There is no panic, no error without a kind of ours,
// and no series that is not on the grid.
func FuzzTable(f *testing.F) {
	for _, seed := range []string{export, "t,v\n1714564860,1\n", "t\tv\n1714564860\t\"\"\n", "v,t\n1,1714564860", "\ufeff", "t,v\n1714564860,null"} {
		f.Add([]byte(seed), `v{region="eu"}`)
		f.Add([]byte(seed), "p99")
	}
	f.Fuzz(func(t *testing.T, content []byte, query string) {
		table, wrong := readTable(content, settings("x"))
		if wrong == nil {
			q, bad := parse(query)
			if bad != nil {
				return
			}
			var list []series
			if list, wrong = table.series(q, ask("").Window); wrong == nil {
				for _, s := range list {
					if len(s.samples) == 0 || len(s.samples) != len(s.lines) {
						t.Fatalf("%+v", s)
					}
				}
				return
			}
		}
		if wrong.Kind != analysis.Invalid || wrong.Message == "" {
			t.Fatalf("error %#v", wrong)
		}
	})
}
