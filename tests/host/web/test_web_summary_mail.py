"""A summary mail in a real browser: its pictures are decoded, with the curve and the limit in their colours."""

from __future__ import annotations

from host.web.test_web_hostile import opened
from summary_mail import octets

CURVE, LIMIT = [31, 95, 168], [192, 57, 43]
POINTS = """image => {
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const found = {};
  for (let at = 0; at < data.length; at += 4) {
    const key = data.slice(at, at + 3).join(' ');
    found[key] = (found[key] || 0) + 1;
  }
  return [canvas.width, canvas.height, found];
}"""


def test_the_charts_of_a_summary_are_shown(site, watched, tmp_path):
    (key,) = site.send(octets(tmp_path / "history"))
    opened(site, watched, key)
    frame = watched.page.frame_locator("iframe")
    found = [image.evaluate(POINTS) for image in frame.locator("img").all()]
    assert [one[:2] for one in found] == [[480, 96], [480, 96]]
    for _, _, colours in found:
        assert colours[" ".join(map(str, CURVE))] > 480
    # Only the freezer has a limit, which is a line.
    assert 300 < found[0][2][" ".join(map(str, LIMIT))] <= 480
    assert " ".join(map(str, LIMIT)) not in found[1][2]
    text = frame.locator("body").inner_text()
    assert "Summary of freezer-3 from 2026-11-24 07:00:00 CET to 2026-11-25 07:00:00 CET." in text
    assert "Lowest\t-19.1 °C" in text
