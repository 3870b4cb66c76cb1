package report

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"strings"
)

// uPlot 1.6.32 (MIT, assets/uPlot.LICENSE) as its authors publish it.
//
//go:embed assets
var assets embed.FS

var page = template.Must(template.New("report.html.tmpl").Funcs(template.FuncMap{
	"join": strings.Join,
}).ParseFS(assets, "assets/report.html.tmpl"))

// HTML shows the summary as one file that needs no other.
func (s *Summary) HTML() ([]byte, error) {
	read := func(name string) string {
		b, err := assets.ReadFile("assets/" + name)
		if err != nil {
			panic("BUG: not embedded: " + name)
		}
		return string(b)
	}
	type drawn struct {
		Figure
		Colours [][2]string `json:"colours"`
	}
	figures := make([]drawn, len(s.Figures))
	for i, f := range s.Figures {
		figures[i].Figure = f
		for k, series := range f.Series {
			figures[i].Colours = append(figures[i].Colours, colour(series.Mode, k))
		}
	}
	// In a script element JSON is safe once no tag can end it; json.Marshal
	// escapes <, > and &.
	data, err := json.Marshal(figures)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page.Execute(&b, map[string]any{
		"Summary": s, "Tables": s.tables(), "Trust": s.trustLines(), "Started": s.Meta.Started.Format("2006-01-02 15:04 MST"),
		"Data": template.JS(data), "UPlot": template.JS(read("uPlot.iife.min.js")), "UPlotCSS": template.CSS(read("uPlot.min.css")),
		"License": read("uPlot.LICENSE"), "Style": template.CSS(read("report.css")), "Script": template.JS(read("report.js")),
	})
	return b.Bytes(), err
}
