#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# The trace viewer in a browser without a window: loads, says nothing on the console, obeys its keys, draws.
# viewer.sh TEST_TRACE [PICTURE.png]; 77 (skipped) without chromium.
set -uo pipefail

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "no chromium: skipped"
    exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" --write "$dir" 8 4 2 2 || exit 1

look() # PAGE OPTION...
{
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
        --user-data-dir="$dir/profile" --enable-logging=stderr --window-size=1400,700 --hide-scrollbars \
        --virtual-time-budget=3000 "${@:2}" "file://$1" 2>"$dir/stderr"
    if grep CONSOLE "$dir/stderr" >&2; then
        exit 1
    fi
}

# What a user does, at the end of a copy of the page; its findings become the title.
sed '/<\/body>/d' "$dir/trace.html" >"$dir/driven.html"
cat >>"$dir/driven.html" <<'PAGE'
<script>
setTimeout(() => {                  // after the first frames
const wrong = [], press = (key, options) => $('tasks').dispatchEvent(
  new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true, ...options}));
const expect = (condition, what) => condition || wrong.push(what);
const tip = () => $('tip').hidden ? '' : $('tip').textContent;
const span = () => view.to - view.from;
const pixels = id => {             // of a copy: reading the canvas itself makes the browser warn
  const copy = document.createElement('canvas'), c = copy.getContext('2d', {willReadFrequently: true});
  copy.width = $(id).width;
  copy.height = $(id).height;
  c.drawImage($(id), 0, 0);
  return c.getImageData(0, 0, copy.width, copy.height);
};
const painted = id => new Set(new Uint32Array(pixels(id).data.buffer)).size;
const colourAt = (x, y) => {
  const image = pixels('tasks'), at = 4 * (Math.round(y * devicePixelRatio) * image.width + Math.round(x * devicePixelRatio));
  return '#' + [...image.data.slice(at, at + 3)].map(v => v.toString(16).padStart(2, '0')).join('');
};
expect($('stats').textContent.includes('tasks172workers on 2 ranks4'), 'header');
expect(painted('tasks') > 1, 'the page draws when it is loaded');
drawTasks();
expect(painted('tasks') > 20, 'tasks are drawn');
const longest = D.duration.indexOf(Math.max(...D.duration)), lower = rows[rowOf[longest]].y + rowHeight - 3;
expect(colourAt(xOf(D.start[longest]) + 4, lower) === mode.colours[mode.of[longest]], 'the longest task has its colour');
const all = span();
press('+');
expect(span() < all, '+ zooms in');
const from = view.from;
press('ArrowRight');
expect(view.from > from, 'right moves');
press('Home');
expect(span() === all && view.from === 0, 'Home resets');
press('n');
expect(selected === 0 && tip().includes('slice') && tip().includes('priority'), 'n selects and tells');
expect($('live').textContent.startsWith(D.codelets[D.codelet[0]]), 'the selection is announced');
expect(!press('Tab') && selected === 1, 'Tab goes on');
press('n');
expect(selected === 2, 'n goes on');
press('p');
press('p');
expect(selected === 0, 'p goes back');
expect(press('Tab', {shiftKey: true}), 'Shift-Tab leaves at the first task');
press('ArrowDown');
expect(rowOf[selected] === 1, 'down changes the worker');
select(D.waits.findLastIndex(n => n > 0), true);
const late = selected;
press('w');
expect(end(selected) <= D.start[late], 'w goes to what it waited for');
press('Enter');
expect(span() <= 3 * Math.max(100, D.duration[selected]) + 1, 'Enter zooms to the task');
press('Escape');
expect(selected === NONE && tip() === '' && press('Tab'), 'Escape frees Tab');
press('Home');
press('c');
expect(critical && $('critical').getAttribute('aria-pressed') === 'true', 'c shows the critical path');
drawTasks();
expect(Math.abs(D.chain.reduce((s, i) => s + D.duration[i], 0) / 1e9 - D.critical) < 1e-6, 'the path is as long as it says');
$('legend').querySelector('button').click();
expect(!shown[0], 'the legend hides');
press('n');
expect(mode.of[selected] !== 0, 'what is hidden cannot be selected');
[...$('modes').querySelectorAll('button')].forEach((b, k) => {
  b.click();
  expect(mode === modes[k].made && shown.every(s => s), 'colours by ' + b.textContent);
});
const box = $('tasks').getBoundingClientRect(), row = rows[rowOf[1]];
press('Home');
$('tasks').dispatchEvent(new PointerEvent('pointermove', {clientY: box.top + row.y + 5,
  clientX: box.left + xOf(D.start[1] + D.duration[1] / 2)}));
expect(hover === 1 && tip().includes('duration'), 'hovering tells');
$('tasks').dispatchEvent(new WheelEvent('wheel', {deltaY: -100, clientX: box.left + width / 2, cancelable: true}));
expect(span() < all, 'the wheel zooms');
expect(document.querySelectorAll('#totals tbody tr').length === D.codelets.length + rows.length, 'tables');
document.title = wrong.length ? 'WRONG: ' + wrong.join('; ') : 'DRIVEN';
}, 500);
</script>
</body>
</html>
PAGE
look "$dir/driven.html" --dump-dom >"$dir/dom.html"
title=$(grep -o '<title>[^<]*' "$dir/dom.html" | head -1)
echo "${title#<title>}"
[ "$title" = '<title>DRIVEN' ] || exit 1

look "$dir/trace.html" --screenshot="${2:-$dir/picture.png}" >/dev/null
[ "$(stat -c %s "${2:-$dir/picture.png}")" -gt 20000 ] || { echo "the picture is empty"; exit 1; }
