package report

import (
	"fmt"
	"html"
	"strings"

	"github.com/tollgate/tollgate/loadtest/record"
)

// colours of the modes, light and dark, told apart by people who see few colours
// (after Okabe and Ito), and by dashes in predictions.
var colours = map[string][2]string{
	record.ModeDirect:       {"#767676", "#9a9a9a"},
	record.ModeNone:         {"#000000", "#e8e8e8"},
	record.ModeJWT:          {"#0072b2", "#56b4e9"},
	record.ModeJWTCache:     {"#2f9bc9", "#9ad4f5"},
	record.ModeOpaque:       {"#c44e00", "#ff8c3b"},
	record.ModeOpaqueCache:  {"#b8860b", "#f0c040"},
	record.ModePhantomCache: {"#008060", "#33c9a0"},
	record.ModeJWTAgain:     {"#9b4d8c", "#d99acb"},
}

// spare are for modes of the user's.
var spare = [][2]string{{"#0072b2", "#56b4e9"}, {"#c44e00", "#ff8c3b"}, {"#008060", "#33c9a0"}, {"#9b4d8c", "#d99acb"}, {"#b8860b", "#f0c040"}}

// colour of the i-th series of a figure.
func colour(mode string, i int) [2]string {
	if c, ok := colours[mode]; ok {
		return c
	}
	return spare[i%len(spare)]
}

// Size of an SVG and of the margins around its plot.
const (
	width, plotHeight         = 760.0, 300.0
	left, right, top, under   = 70.0, 16.0, 40.0, 56.0
	legendLine, legendPerLine = 20.0, 4
)

// SVG draws the figure as an image for Markdown, dark where the reader is.
func (f *Figure) SVG() string {
	var xs, ys []float64
	for _, s := range f.Series {
		xs = append(xs, s.X...)
		ys = append(append(append(ys, s.Y...), s.Low...), s.High...)
	}
	x, y := scaleOf(f.X.Scale, xs), scaleOf(f.Y.Scale, ys)
	if f.X.Scale == "tail" {
		x.lo = 0
	}
	px := func(v float64) float64 { return left + x.at(v)*(width-left-right) }
	py := func(v float64) float64 { return top + (1-y.at(v))*plotHeight }
	var shown []Series
	for _, s := range f.Series {
		if len(s.X) > 0 {
			shown = append(shown, s)
		}
	}
	bottom := top + plotHeight
	height := bottom + under + legendLine*float64((len(shown)+legendPerLine-1)/legendPerLine)

	var b, light, dark strings.Builder
	for i, s := range shown {
		c := colour(s.Mode, i)
		fmt.Fprintf(&light, ".s%d{stroke:%s}.b%d{fill:%s}", i, c[0], i, c[0])
		fmt.Fprintf(&dark, ".s%d{stroke:%s}.b%d{fill:%s}", i, c[1], i, c[1])
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(f.Title))
	fmt.Fprintf(&b, "<style>text{font:13px system-ui,sans-serif;fill:#333}.t{font-size:15px;font-weight:600}.g{stroke:#8884;stroke-width:1}.l{fill:none;stroke-width:2}.p{stroke-dasharray:6 5;stroke-width:1.5}.b{opacity:.15}.bg{fill:#fff}%s", light.String())
	fmt.Fprintf(&b, "@media(prefers-color-scheme:dark){text{fill:#ddd}.bg{fill:#161616}%s}</style>\n", dark.String())
	fmt.Fprintf(&b, `<rect class="bg" width="100%%" height="100%%"/><text class="t" x="%g" y="22">%s</text>`+"\n", left, html.EscapeString(f.Title))
	for _, t := range x.ticks() {
		fmt.Fprintf(&b, `<line class="g" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/><text x="%.1f" y="%g" text-anchor="middle">%s</text>`+"\n", px(t.value), px(t.value), top, bottom, px(t.value), bottom+18, t.label)
	}
	for _, t := range y.ticks() {
		fmt.Fprintf(&b, `<line class="g" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`+"\n", left, width-right, py(t.value), py(t.value), left-6, py(t.value)+4, t.label)
	}
	fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="middle">%s</text><text transform="translate(16 %g) rotate(-90)" text-anchor="middle">%s</text>`+"\n",
		(left+width-right)/2, bottom+38, html.EscapeString(f.X.Label), (top+bottom)/2, html.EscapeString(f.Y.Label))
	for i, s := range shown {
		if len(s.Low) > 0 {
			b.WriteString(`<polygon class="b b` + fmt.Sprint(i) + `" points="`)
			for k := range s.X {
				fmt.Fprintf(&b, "%.1f,%.1f ", px(s.X[k]), py(s.High[k]))
			}
			for k := len(s.X) - 1; k >= 0; k-- {
				fmt.Fprintf(&b, "%.1f,%.1f ", px(s.X[k]), py(s.Low[k]))
			}
			b.WriteString("\"/>\n")
		}
		class := fmt.Sprintf("l s%d", i)
		if s.Predicted {
			class += " p"
		}
		fmt.Fprintf(&b, `<polyline class="%s" points="`, class)
		for k := range s.X {
			fmt.Fprintf(&b, "%.1f,%.1f ", px(s.X[k]), py(s.Y[k]))
		}
		b.WriteString("\"/>\n")
		lx := left + float64(i%legendPerLine)*(width-left-right)/legendPerLine
		ly := bottom + under + legendLine*float64(i/legendPerLine)
		fmt.Fprintf(&b, `<line class="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f">%s</text>`+"\n", class, lx, lx+22, ly, ly, lx+27, ly+4, html.EscapeString(s.Name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
