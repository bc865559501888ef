"""Scaling curves as SVG: one file for each, ours and the peer's over a logarithmic axis."""
import math
import statistics

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 80, 50, 30, 60
COLORS = {"ours": "#1f6feb", "peer": "#6e7781"}


def draw(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    curves = {}
    for name, result in results:
        if not result.why_not:
            curves.setdefault((name, result.curve), []).append(result)
    for (name, title), points in curves.items():
        (folder / (name.lower() + ".svg")).write_text(picture(name, title, points), encoding="utf-8")


def picture(name, title, points):
    highest = max(statistics.median(values) for point in points for values in (point.ours, point.peer)) * 1.15
    first, last = math.log10(points[0].at), math.log10(points[-1].at)

    def x(at):
        return LEFT + (math.log10(at) - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT)

    def y(value):
        return HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<title>{name}: {title}</title><rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="28" font-size="16">{name}: {title}</text>',
    ]
    for step in range(5):
        value = highest * step / 4
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="#d0d7de"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    for point in points:
        parts.append(f'<text x="{x(point.at):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{point.at:g}</text>')
    for number, side in enumerate(("ours", "peer")):
        color = COLORS[side]
        places = [(x(point.at), y(statistics.median(getattr(point, side)))) for point in points]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{color}"/>' for a, b in places]
        parts.append(f'<text x="{LEFT + 120 * number}" y="{HEIGHT - 14}" fill="{color}">{side}</text>')
    return "\n".join(parts) + "\n</svg>\n"
