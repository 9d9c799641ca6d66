"""The data usability report as one HTML page that needs nothing else: no script, no other file."""

from html import escape
from typing import Any

from features.usability.finding import ORDER
from pipelines.reports.usability_drawing import return_picture, volume_picture

WORDS = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "advice": ("advice",) * 2,
}
STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f5; --paper: #fff; --ink: #1c2321; --soft: #56615d;
  --line: #d9dedb; --accent: #0b6b57; --error: #a3241c; --error-ground: #fbe6e3; --warning: #7a5200;
  --warning-ground: #fbf0d3; --advice: #135f93; --advice-ground: #d6e9f5; }
@media (prefers-color-scheme: dark) { :root { --ground: #131816; --paper: #1b211f; --ink: #e7ece9;
  --soft: #a2ada8; --line: #343d39; --accent: #5cc7ab; --error: #ffb1a8; --error-ground: #4b1b17;
  --warning: #f2cf86; --warning-ground: #40310f; --advice: #8cc8f0; --advice-ground: #1d3a4c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 0 1rem 3rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 1.4rem 0 .2rem; }
h2 { font-size: 1.15rem; margin: 1.8rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; }
p { margin: .2rem 0; }
.soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .7rem;
  margin: 1rem 0; padding: 0; }
.tiles div, .picture, .finding, .scroll { background: var(--paper); border: 1px solid var(--line);
  border-radius: .5rem; padding: .7rem .9rem; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.2rem; font-weight: 600; }
.tiles small { display: block; color: var(--soft); font-size: .82rem; font-weight: 400; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr));
  gap: .8rem; }
.picture { margin: 0; }
figcaption { color: var(--soft); font-size: .88rem; }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 14px; fill: var(--soft); }
svg .mark { fill: var(--ink); }
.grid { stroke: var(--line); } .axis { stroke: var(--soft); }
.line { fill: none; stroke: var(--accent); stroke-width: 2.5; } .dot { fill: var(--accent); }
.area { fill: var(--accent); fill-opacity: .55; stroke: var(--accent); stroke-width: .7; }
.chosen { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 3; }
.suggested { stroke: var(--advice); stroke-width: 1.5; stroke-dasharray: 2 3; }
rect.dead { fill: var(--error); fill-opacity: .35; }
rect.gap { fill: var(--warning); fill-opacity: .35; }
rect.known { fill: var(--advice); fill-opacity: .3; }
.findings { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem; }
.finding { border-left: .35rem solid var(--mark); }
.error { --mark: var(--error); } .warning { --mark: var(--warning); }
.advice { --mark: var(--advice); }
.badge { display: inline-block; border-radius: .3rem; padding: 0 .45rem; font-size: .82rem;
  font-weight: 600; }
.error .badge { background: var(--error-ground); color: var(--error); }
.warning .badge { background: var(--warning-ground); color: var(--warning); }
.advice .badge { background: var(--advice-ground); color: var(--advice); }
.scroll { overflow-x: auto; padding: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .4rem .7rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { color: var(--soft); font-size: .82rem; }
"""


def page(report: dict[str, Any]) -> str:
    """The page of a usability report. Whatever the data holds is escaped."""
    title = "Data usability"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n"
        f'<p class="soft">{_day_range(report)}. {escape(headline(report))}.</p>\n'
        f"{_tiles(report)}\n{_pictures(report)}\n{_findings(report['findings'])}\n"
        f"{_tables(report)}\n</main>\n</body>\n</html>\n"
    )


def headline(report: dict[str, Any]) -> str:
    """One line: how many errors and warnings there are, and the most severe of them."""
    told = [one for one in report["findings"] if one["severity"] != "advice"]
    if not told:
        return "no errors, no warnings"
    counts = ", ".join(
        _counted(sum(one["severity"] == severity for one in told), severity)
        for severity in ORDER
        if any(one["severity"] == severity for one in told)
    )
    first = told[0]["meaning"].split(". ")[0].rstrip(".")
    return f"{counts}; first: {told[0]['table']}: {first}"


def _counted(number: int, severity: str) -> str:
    return f"{number} {WORDS[severity][number != 1]}"


def _day_range(report: dict[str, Any]) -> str:
    return f"{report['first_day']} to {report['last_day']}"


def _tiles(report: dict[str, Any]) -> str:
    week = report["volume"]["orders"]
    of_week = "too little to say"
    if week["usual_week"]:
        share = week["last_week"] / week["usual_week"]
        of_week = f"{share:.0%}"
    auto = " (auto)" if report["horizon_is_auto"] else ""
    gap = report["long_gap_days"]
    late = report["late"]["orders"]
    tiles = [
        ("Span", f"{report['history_days']:,} days", _day_range(report)),
        ("Customers", f"{report['customers']:,}", "who bought"),
        ("Orders", f"{report['orders']:,}", "of customers, guests not counted"),
        ("Bought once", _percent(report["one_time_share"]), "of the customers, on one day only"),
        (
            "Orders against the usual",
            of_week,
            f"{week['last_week']:,} in the last full week, {week['usual_week']:,.0f} usual"
            if week["usual_week"]
            else "no eight weeks to compare with",
        ),
        (
            "History",
            f"{report['history_in_horizons']:.1f} horizons",
            f"of {report['horizon_days']} days{auto}",
        ),
        (
            "Suggested horizon",
            f"{report['suggested_horizon_days']} days",
            "too few repeat customers to measure"
            if gap is None
            else f"nine of ten gaps are at most {gap:.0f} days",
        ),
        (
            "Refunds",
            _percent(report["refund_line_share"]),
            "no amounts"
            if report["refund_money_share"] is None
            else f"of the lines; {_percent(report['refund_money_share'])} of the money",
        ),
        ("Guests", _percent(report["guest_share"]), "of the order lines have no customer"),
        (
            "Known late",
            _percent(late["share"] if late else None),
            _late_words(late),
        ),
    ]
    inner = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
        for name, value, note in tiles
    )
    return f'<dl class="tiles">{inner}</dl>'


def _late_words(late: dict[str, Any] | None) -> str:
    if late is None:
        return "orders have no known_at: taken as known at once"
    if not late["rows"]:
        return "every row was known on its day"
    return (
        f"of the rows, after {late['median_days']:.1f} days (median), "
        f"{late['days_of_95_percent']:.1f} (95 %)"
    )


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"


def _pictures(report: dict[str, Any]) -> str:
    horizon, suggested = report["horizon_days"], report["suggested_horizon_days"]
    figures = [
        _figure(
            "Do the silent come back?",
            return_picture(report["return_curve"], horizon, suggested, report["long_gap_days"]),
            "Of the silences that reached so many days, the share that ended within as many days "
            "again. Where the curve is low, who is silent so long is gone; where it is high, a "
            "horizon of that length calls many lost who are only between two purchases.",
        )
    ]
    for table, volume in report["volume"].items():
        unit = "orders" if table == "orders" else f"rows of {table}"
        what = "What is judged ends before " + volume["judged_until"] + "."
        if volume["quiet"]:
            what += " Shaded: far fewer than usual (red: dead feed, yellow: gap, blue: known)."
        figures.append(_figure(f"{unit[0].upper()}{unit[1:]}", volume_picture(volume, unit), what))
    return f'<h2>Pictures</h2>\n<div class="pictures">{"".join(figures)}</div>'


def _figure(title: str, svg: str, caption: str) -> str:
    return (
        f'<figure class="picture"><h3>{escape(title)}</h3>{svg}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _findings(findings: list[dict[str, Any]]) -> str:
    if not findings:
        return "<h2>Findings</h2>\n<p>None.</p>"
    items = "".join(_finding(one) for one in findings)
    counts = ", ".join(
        _counted(sum(one["severity"] == severity for one in findings), severity)
        for severity in ORDER
    )
    return f'<h2>Findings ({counts})</h2>\n<ul class="findings">{items}</ul>'


def _finding(one: dict[str, Any]) -> str:
    where = one["table"] + (f".{one['column']}" if one["column"] else "")
    rows = f"{one['rows']:,} rows · " if one["rows"] else ""
    return (
        f'<li class="finding {escape(one["severity"])}">'
        f'<p><span class="badge">{escape(one["severity"])}</span> <b>{escape(where)}</b> '
        f'<span class="soft">{rows}{escape(one["check"].replace("_", " "))} · step '
        f"{escape(one['step'])}</span></p>"
        f"<p>{escape(_sentence(one['meaning']))}</p>"
        f"<p><b>What to do:</b> {escape(_sentence(one['what_to_do']))}</p></li>"
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def _tables(report: dict[str, Any]) -> str:
    names = ("rows_in", "kept", "quarantined", "duplicates", "guests", "left_out")
    head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in ("table", *names))
    body = "".join(
        f"<tr><td>{escape(table)}</td>"
        + "".join(f"<td>{counts.get(name, 0):,}</td>" for name in names)
        + "</tr>"
        for table, counts in report["tables"].items()
    )
    return (
        "<h2>Tables</h2>\n"
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
