"""Colours and measures, for people who see colours differently too, in light and in dark."""

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
VERMILLION, SKY, PURPLE, YELLOW = "#D55E00", "#56B4E9", "#CC79A7", "#F0E442"
"""The palette of Okabe and Ito (2008), which all kinds of colour vision tell apart."""

LIGHT = (BLUE, VERMILLION, GREEN, PURPLE, "#B07900", SKY, "#595959")
"""For charts on white: its yellow and orange are too pale there."""
DARK = (SKY, ORANGE, GREEN, PURPLE, YELLOW, VERMILLION, "#BFBFBF")
"""For charts on black: its blue is too dark there."""

LIGHT_SCALE = (
    "#EAF3FA", "#D2E6F4", "#B3D6EC", "#8FC3E2", "#68ADD6",
    "#4595C8", "#277CB6", "#12639F", "#084B83", "#053560",
)  # fmt: skip
"""From little to much, on white."""
DARK_SCALE = (
    "#14222E", "#173247", "#194461", "#1B577C", "#206B98",
    "#3381B1", "#5198C5", "#75B0D6", "#9CC9E5", "#C6E2F2",
)  # fmt: skip

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#277CB6" '
    'stroke-width="2" stroke-linecap="round"><path d="M2 7v2M5 4v8M8 2v12M11 5v6M14 7v2"/></svg>'
)
"""The page's icon in the browser; a name or an emoji would be fetched from another host."""

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 116 20" fill="none">'
    '<path d="M2 9v2M6 5.5v9M10 2v16M14 7v6M18 9v2" stroke="#277CB6" stroke-width="2.2" '
    'stroke-linecap="round"/><text x="27" y="15" font-family="sans-serif" font-size="15" '
    'font-weight="600" fill="#277CB6">MusicFlow</text></svg>'
)
"""The name in the sidebar, in a blue that is read on white and on black."""

STYLE = """
<style>
/* Tiles: the name is a small link to its definition, the number is what one sees. */
[class*="st-key-tile-"] [data-testid="stPageLink"] a { padding: 0; min-height: 0; }
[class*="st-key-tile-"] [data-testid="stPageLink"] p { font-size: 0.85rem; }
[class*="st-key-chart-"] [data-testid="stPageLink"] a { padding: 0; }
[class*="st-key-chart-"] [data-testid="stPageLink"] p { font-weight: 600; }
[class*="st-key-tile-"] [data-testid="stCaptionContainer"] { min-height: 1.2rem; }
[data-testid="stMainBlockContainer"] { padding: 4rem 2rem 3rem; }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 1rem; padding-right: 1rem; }
}
</style>
"""
"""The few rules that the theme has no option for; nothing of the data is in them."""


def options() -> dict[str, str | list[str]]:
    """The options of Streamlit's theme; light or dark is what the reader's system says."""
    return {
        "theme.headingFontSizes": ["2rem", "1.5rem", "1.25rem"],
        "theme.metricValueFontSize": "1.75rem",
        "theme.light.primaryColor": BLUE,
        "theme.dark.primaryColor": SKY,
        "theme.light.chartCategoricalColors": list(LIGHT),
        "theme.dark.chartCategoricalColors": list(DARK),
        "theme.light.chartSequentialColors": list(LIGHT_SCALE),
        "theme.dark.chartSequentialColors": list(DARK_SCALE),
    }
