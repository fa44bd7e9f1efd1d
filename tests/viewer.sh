#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# The trace viewer in a browser without a window: loads, says nothing on the console, obeys its keys, its filter and its
# address, draws, saves pictures, compares; on a synthetic trace, on a large one, and on that of a run.
# viewer.sh TEST_TRACE STARPINT [FOLDER for the pictures]; 77 (skipped) without chromium.
set -uo pipefail

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "no chromium: skipped"
    exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
pictures=${3:-$dir}
mkdir -p "$pictures"
"$1" --write "$dir" 8 4 2 2 || exit 1

clock=(--virtual-time-budget=3000)
look() # ADDRESS OPTION...
{
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --user-data-dir="$dir/profile" \
        --enable-logging=stderr --window-size=1400,700 --hide-scrollbars "${clock[@]}" "${@:2}" "file://$1" \
        2>"$dir/stderr"
    if grep CONSOLE "$dir/stderr" >&2; then
        exit 1
    fi
}

# What a user does, at the end of a copy of the page; its findings become the title.
sed '/<\/body>/d' "$dir/trace.html" >"$dir/driven.html"
cat >>"$dir/driven.html" <<'PAGE'
<script>
{
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
expect($('stats').textContent.includes('tasks172workers4 on 2 ranks'), 'header');
expect(painted('tasks') > 1, 'the page draws when it is loaded');
drawChart(context('tasks', height));
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
expect(path === 'schedule' && $('paths').querySelectorAll('button')[1].getAttribute('aria-checked') === 'true',
  'c shows the critical path of the schedule');
drawChart(context('tasks', height));
const sum = list => list.reduce((s, i) => s + D.duration[i], 0) / 1e9;
expect(Math.abs(sum(chainOf(0)) - D.along) < 1e-6, 'it is as long as it says');
expect(chainOf(0).every((i, k) => !k || D.start[i] >= end(chainOf(0)[k - 1]) - 2), 'one task after the other');
expect(chainOf(0).every(i => D.slack[i] === 0) && D.slack.some(s => s > 0), 'slack is 0 on it, not everywhere');
expect(D.along <= D.makespan + 1e-9 && D.along >= D.critical, 'between the chain of data and the makespan');
press('c');
expect(path === 'data', 'c again shows that of the data');
expect(Math.abs(sum(chainOf(0)) - D.critical) < 1e-6, 'the path is as long as it says');
press('c');
expect(path === 'none', 'and off');
const slow = D.slack.indexOf(Math.max(...D.slack));
select(slow, true);
expect(tip().includes('slack' + format(D.slack[slow])), 'the slack is told');
press('Escape');
press('t');
expect(showMoves && movesInView().length === moves.length && moves.length > 20, 't shows transfers');
expect(moves.every(m => rows[rowOf[m.from]].rank !== rows[rowOf[m.to]].rank), 'between ranks');
select(moves[0].to, true);
expect(tip().includes('received808 B from rank '), 'what was received is told');
press('Escape');
press('t');
const count = text => {
  setFilter(text);
  return Number($('count').textContent.split(' ')[0]);
};
const which = test => D.id.filter((_, i) => test(i)).length, nothing = which(() => true);
expect(count('s3') === which(i => D.slice[i] === 3), 'filter by slice');
expect(count('slice:2-4 k1,3') ===
  which(i => D.slice[i] >= 2 && D.slice[i] <= 4 && [1, 3].includes(D.iteration[i])), 'ranges');
expect(count('j1 FINE -norm') === which(i => D.sweep[i] === 1 && D.codelets[D.codelet[i]] === 'step'), 'words and -words');
expect(count('>1ms rank:1') === which(i => D.duration[i] > 1e6 && rows[rowOf[i]].rank === 1), 'durations, ranks');
expect(count('path') === chainOf(0, setPath('schedule')).length, 'the critical path');
setPath('none');
expect(count('>1mile') === 0 + which(i => D.chain[i]) && $('filter').getAttribute('aria-invalid') === 'true', 'no sense');
expect(count('') === nothing && $('filter').getAttribute('aria-invalid') === 'false', 'no filter');
const svg = new DOMParser().parseFromString(pictureSvg(), 'image/svg+xml').documentElement;
expect(svg.tagName === 'svg' && !svg.querySelector('parsererror') && svg.querySelectorAll('rect').length > 172, 'SVG');
expect([...svg.querySelectorAll('text')].some(t => t.textContent === 's3 k1'), 'SVG has labels');
expect(picturePng().toDataURL().length > 50000, 'PNG');
const dark = getComputedStyle(document.body).backgroundColor;
press('d');
expect(getComputedStyle(document.body).backgroundColor !== dark, 'd changes the theme');
press('d');
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
press('Home');
press('Escape');
let after = 1;                      // the longest pause of the first worker
for (let i = 1; i < rows[0].to; i++) if (D.start[i] - end(i - 1) > D.start[after] - end(after - 1)) after = i;
$('tasks').dispatchEvent(new PointerEvent('pointermove', {clientY: box.top + rows[0].y + 5,
  clientX: box.left + xOf((D.start[after] + end(after - 1)) / 2)}));
expect(tip().startsWith('idle ' + format(D.start[after] - end(after - 1)) + 'Next: '), 'hovering where nothing ran tells so');
expect(document.querySelectorAll('#totals tbody tr').length === D.codelets.length + rows.length, 'tables');
document.title = wrong.length ? 'WRONG: ' + wrong.join('; ') : 'DRIVEN';
}
</script>
</body>
</html>
PAGE
shows() # FILE WORDS: the page holds them when it has drawn
{
    if ! grep -qF "$2" "$1"; then
        echo "not in the page: $2"
        exit 1
    fi
}
big_enough() { [ "$(stat -c %s "$1")" -gt 20000 ] || { echo "$1 is empty"; exit 1; }; }

look "$dir/driven.html" --dump-dom >"$dir/dom.html"
title=$(grep -o '<title>[^<]*' "$dir/dom.html" | head -1)
echo "${title#<title>}"
[ "$title" = '<title>DRIVEN' ] || exit 1

# the address holds the state
look "$dir/trace.html#filter=k2%20fine&path=schedule&colour=slice&task=60" --dump-dom >"$dir/dom.html"
shows "$dir/dom.html" '>28 of 172 tasks<'
shows "$dir/dom.html" 'aria-checked="true" tabindex="0">Schedule<'
shows "$dir/dom.html" 'aria-checked="true" tabindex="0">Slice<'

# a run, looked at and compared with another
export STARPU_SILENT=1
run() # NAME SCHEDULER
{
    STARPU_NCPU=2 "$2" run "${SPT_SOURCE:-.}/examples/dahlquist.yaml" -o "$dir/$1" --set trace.enabled=true \
        --set "machine.scheduler=$3" --set method.iterations=3 --set method.tolerance=0 >"$dir/log" 2>&1 ||
        { cat "$dir/log"; exit 1; }
}
run first "$2" prio
run second "$2" lws
tasks=$(grep -c '^JobId' "$dir/first/trace/tasks.rec")
others=$(grep -c '^JobId' "$dir/second/trace/tasks.rec")
look "$dir/first/trace/trace.html#path=schedule" --dump-dom >"$dir/dom.html"
shows "$dir/dom.html" ">$tasks of $tasks tasks<"
look "$dir/first/trace/trace.html#path=schedule" --screenshot="$pictures/run.png" >/dev/null
big_enough "$pictures/run.png"
"$2" trace "$dir/first" --compare "$dir/second" --html >/dev/null || exit 1
look "$dir/first/trace/compare.html#filter=run:b" --dump-dom >"$dir/dom.html"
shows "$dir/dom.html" ">$others of $((tasks + others)) tasks<"
shows "$dir/dom.html" 'A against B'
look "$dir/first/trace/compare.html" --screenshot="$pictures/compare.png" >/dev/null
big_enough "$pictures/compare.png"
look "$dir/trace.html#transfers=1" --screenshot="$pictures/ranks.png" >/dev/null
big_enough "$pictures/ranks.png"

# 10^5 tasks, in real time: until they have been drawn, and per frame
clock=()
mkdir "$dir/big"
"$1" --write "$dir/big" 400 40 8 2 || exit 1
sed '/<\/body>/d' "$dir/big/trace.html" >"$dir/big/driven.html"
cat >>"$dir/big/driven.html" <<'PAGE'
<script>
{
const opened = performance.now(), frames = 20;
for (let k = 0; k < frames; k++) {
  zoom(k < 10 ? .7 : 1 / .7, D.span / 2);
  drawChart(context('tasks', height));
  drawOverview();
}
const each = (performance.now() - opened) / frames;
document.title = (opened < 3000 && each < 200 ? 'FAST' : 'SLOW') +
  `: open after ${Math.round(opened)} ms, a frame in ${Math.round(each)} ms`;
}
</script>
</body>
</html>
PAGE
look "$dir/big/driven.html" --dump-dom >"$dir/dom.html"
title=$(grep -o '<title>[^<]*' "$dir/dom.html" | head -1)
echo "${title#<title>}"
[[ $title == '<title>FAST'* ]]
