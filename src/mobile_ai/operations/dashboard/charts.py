"""Charts as Vega-Lite specifications (https://vega.github.io/vega-lite/docs/)."""

from typing import Any, Final

from mobile_ai.operations.dashboard.board import Chart

DATA: Final = "rows"
"""Name of a chart's data, which the page fills."""
_HEIGHT: Final = 220


def specification(chart: Chart) -> dict[str, Any]:
    """Return a chart's specification; its rows are named data that the page fills and filters."""
    layers = [_main(chart)]
    if any("low" in row for row in chart.rows):
        layers.insert(0, _interval(chart))
    if chart.limit is not None:
        layers.append(_limit(chart.limit))
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"name": DATA},
        "width": "container",
        "height": _HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": layers,
        "resolve": {"scale": {"color": "shared"}},
    }


def _main(chart: Chart) -> dict[str, Any]:
    value: dict[str, Any] = {"field": "value", "type": "quantitative", "title": chart.unit}
    value["axis"] = {"format": "%" if chart.share else ".3~g"}
    if chart.mark in {"area", "bar"}:
        value |= {"aggregate": "sum", "stack": "normalize" if chart.share else "zero"}
    else:
        value["scale"] = {"zero": False}
    mark: dict[str, Any] = {"type": chart.mark, "tooltip": True}
    if chart.mark == "line":
        mark["point"] = {"size": 18}
    if chart.mark == "area":
        mark |= {"opacity": 0.85, "line": False}
    return {"mark": mark, "encoding": {"x": _at(chart), "y": value, "color": _series()}}


def _interval(chart: Chart) -> dict[str, Any]:
    """Return the interval layer: a band around a line, a rule through a point."""
    line = chart.mark == "line"
    return {
        "mark": {"type": "errorband", "opacity": 0.2} if line else {"type": "rule"},
        "encoding": {
            "x": _at(chart),
            "y": {"field": "low", "type": "quantitative", "title": chart.unit},
            "y2": {"field": "high"},
            "color": _series(),
        },
    }


def _limit(value: float) -> dict[str, Any]:
    return {
        "data": {"values": [{"limit": value}]},
        "mark": {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 1.5, "color": "#b3261e"},
        "encoding": {"y": {"field": "limit", "type": "quantitative"}},
    }


def _at(chart: Chart) -> dict[str, Any]:
    # Bars aggregate a day or a month; lines have points in time.
    units = {"day": "utcyearmonthdate", "month": "utcyearmonth"}
    bar = {"timeUnit": units[chart.step]} if chart.mark in {"bar", "area"} else {}
    form = "%d %b" if chart.step == "day" else "%b %Y"
    axis = {"labelOverlap": True, "format": form, "grid": False, "tickCount": chart.step}
    return {"field": "at", "type": "temporal", "title": None, "axis": axis} | bar


def _series() -> dict[str, Any]:
    legend = {
        "orient": "bottom",
        "title": None,
        "columns": 4,
        "labelLimit": 220,
        "symbolOpacity": 1,
    }
    return {"field": "series", "type": "nominal", "legend": legend}
