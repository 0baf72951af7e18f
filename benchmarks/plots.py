# SPDX-License-Identifier: BSL-1.0

"""Plots as SVG, for light and dark backgrounds."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 20, 44, 52
COLOURS = ["#2f6fb0", "#c8642b", "#4b9a53", "#8a5fb5", "#767676"]
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; font-size: 15px; }
.cut { fill: #ffffff; }
.grid { stroke: #88888855; stroke-width: 1; }
</style>"""


def short(value):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def start(title):
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        STYLE,
        f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>',
    ]


def write(path, parts):
    with open(path, "w") as file:
        file.write("\n".join([*parts, "</svg>"]) + "\n")


class Scale:
    """Logarithmic, between powers of ten."""

    def __init__(self, values, first, last):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
        self.first, self.last = first, last

    def place(self, value):
        return self.first + (math.log10(value) - self.low) / (self.high - self.low) * (self.last - self.first)

    def ticks(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def lines(path, title, x_title, unit, series):
    """series: name -> [(x, y)]; both axes are logarithmic."""
    series = {name: [(x, y) for x, y in points if x > 0 and y > 0] for name, points in series.items()}
    series = {name: points for name, points in series.items() if points}
    if not series:
        return
    all_points = [point for points in series.values() for point in points]
    x_scale = Scale([x for x, _ in all_points], LEFT, WIDTH - RIGHT)
    y_scale = Scale([y for _, y in all_points], HEIGHT - BOTTOM, TOP)
    parts = start(title + (f", {unit}" if unit else ""))
    for tick in x_scale.ticks():
        x = x_scale.place(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{short(tick)}</text>')
    for tick in y_scale.ticks():
        y = y_scale.place(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x_title)}</text>')
    for index, (name, points) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        placed = [(x_scale.place(x), y_scale.place(y)) for x, y in points]
        polyline = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{polyline}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        if len(series) > 1:
            x = WIDTH - RIGHT - 110
            y = 20 + 18 * index
            parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
            parts.append(f'<text x="{x + 18}" y="{y}">{escape(name)}</text>')
    write(path, parts)


def bars(path, title, unit, values):
    """values: name -> number; the first has its own colour. A bar four times as long as the next one is cut."""
    *_, second, longest = sorted([0, *values.values()])
    if longest > 4 * second > 0:
        longest = 2 * second
    step = (HEIGHT - TOP - 10) / len(values)
    left = 120
    parts = start(f"{title}, {unit}")
    for index, (name, value) in enumerate(values.items()):
        y = TOP + 6 + step * index
        cut = value > longest
        width = (WIDTH - left - RIGHT - 80) * min(value / longest, 1)
        colour = COLOURS[0] if index == 0 else COLOURS[-1]
        parts.append(f'<text x="{left - 8}" y="{y + step * 0.45 + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        parts.append(
            f'<rect x="{left}" y="{y + step * 0.1:.1f}" width="{max(width, 1):.1f}" height="{step * 0.7:.1f}" '
            f'fill="{colour}"/>'
        )
        if cut:
            x, top, bottom = left + width - 24, y + step * 0.1 - 2, y + step * 0.8 + 2
            outline = f"M{x + 6:.1f} {top:.1f} L{x - 2:.1f} {bottom:.1f} h6 L{x + 12:.1f} {top:.1f} Z"
            parts.append(f'<path class="cut" d="{outline}"/>')
        parts.append(f'<text x="{left + width + 8:.1f}" y="{y + step * 0.45 + 4:.1f}">{value:,.3g}</text>')
    write(path, parts)
