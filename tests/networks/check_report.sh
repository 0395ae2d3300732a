#!/bin/sh
# ghostbench report: from results to one page, in each format; what it says of wrong input; and, where
# there is a browser, the page in it: no message on its console, tables that sort, nothing loaded.
#
# usage: [BUILD=build] [BROWSER=chromium] sh tests/networks/check_report.sh
cd "$(dirname "$0")/../.." && . tests/lib/script.sh || exit 1
: "${BROWSER:=chromium}"
mkdir "$tmp/there"
cd "$tmp/there" || exit 1

make_report() { # arguments
  "$program" report "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
  code=$?
}

# ---------------------------------------------------------------------------------------------

make_report
[ $code = 2 ] && holds "$tmp/err" "'results' is neither a folder nor an experiment"
result 'without results: says how to make them' $?
mkdir empty
make_report empty
[ $code = 2 ] && holds "$tmp/err" "empty holds no results of runs; 'ghostbench run EXPERIMENT' makes them"
result 'an empty folder: says so' $?
make_report --format pdf
[ $code = 2 ] && holds "$tmp/err" '--format pdf is not allowed: html, markdown, latex'
result 'a wrong format: says what is allowed' $?

"$program" run ghostnet-table5 ghostnet-table3 >/dev/null 2>"$tmp/err"
result 'two experiments run' $?
make_report
[ $code = 0 ] && holds "$tmp/out" '2 experiments in results/report.html' &&
  holds results/report.html '<!DOCTYPE html>' 'What is left of VGG-16' '17 of 18 compared figures' \
    'ghostbench run ghostnet-table5 ghostnet-table3' 'with d=3, the paper&#39;s choice' \
    'convention' '>paper<' '7 of 8' '</html>'
result 'the page has question, verdict, reasons, commands, conventions' $?
# In the order they were run.
[ "$(grep -o '<h2>GhostNet, table [35]' results/report.html | tr '\n' ' ')" = \
  '<h2>GhostNet, table 5 <h2>GhostNet, table 3 ' ]
result 'experiments stand in the order of the run' $?
if command -v gnuplot >/dev/null 2>&1; then
  [ "$(grep -c '<svg' results/report.html)" = 3 ]
  result 'plots stand inside the page' $?
else
  skip 'plots stand inside the page' 'gnuplot is not installed (Debian: gnuplot-nox)'
fi
# Nothing that a browser would fetch; links lead within the page.
! grep -oE '(src|href)="[^#][^"]*"|url\([^#][^)]*\)|@import|https?://[^"]*' results/report.html |
  grep -v '^http://www.w3.org/2000/svg$' >"$tmp/out"
result 'the page names nothing outside itself' $?

make_report ghostnet-table3 -o one.html
[ $code = 0 ] && holds one.html 'GhostNet, table 3' && ! grep -q 'GhostNet, table 5' one.html
result 'one experiment by its name' $?
make_report results/ --format markdown
[ $code = 0 ] && holds results/report.md '# ghostbench: what was found' '| VGG-16' \
  '](<ghostnet-table3/ghostnet-table3-macs.svg>)'
result 'Markdown with its pictures beside it' $?
make_report results --format latex -o -
[ $code = 0 ] && holds "$tmp/out" '\documentclass' '\toprule' \
  '{results/ghostnet-table3/ghostnet-table3-macs.pdf}' '\end{document}'
result 'LaTeX to standard output' $?

# Strangers' text: an experiment whose every text is markup.
mkdir evil
cat >evil/evil.xml <<'END'
<experiment name="evil" title="&lt;script&gt;document.title='pwned'&lt;/script&gt;">
  <question>&lt;/p&gt;&lt;img src=x onerror="document.title='pwned'"&gt;</question>
  <model label="&lt;/script&gt;&lt;script&gt;document.title='pwned'&lt;/script&gt;" architecture="eegnet"/>
  <model label="&quot; onmouseover=&quot;document.title='pwned'" architecture="eeg-tcnet"/>
  <measure>params macs latency profile</measure>
  <plot name="p" kind="scatter" x="macs" y="params" title="&lt;/text&gt;&lt;script&gt;document.title='pwned'&lt;/script&gt;"
    caption="&lt;/figcaption&gt;&lt;script&gt;document.title='pwned'&lt;/script&gt;"/>
  <plot name="s" kind="distribution" x="latency"/>
  <plot name="r" kind="ratios" x="latency"/>
  <plot name="t" kind="stacked-bars" y="time"/>
  <plot name="f" kind="pareto" x="latency" y="params"/>
</experiment>
END
mkdir -p hostile/peers
cat >hostile/peers/onnxruntime.json <<'END'
{"schema": "ghostbench-peers-1", "date": "</p><script>document.title='pwned'</script>", "rounds": 3,
 "machine": {"cpu": "<img src=x onerror=\"document.title='pwned'\">", "kernel": "k"},
 "versions": {"onnxruntime": "1", "ghostbench": "1"}, "networks": [{"network": "</td><script>document.title='pwned'</script>",
 "isa": "avx2", "threads": 1, "batch": 1, "unsettled": 0, "onnxruntime_ms": {"median": 4, "low": 3, "high": 5},
 "ghostbench_ms": {"median": 2, "low": 1, "high": 3}, "ratio": 2, "ratio_low": 1.5, "ratio_high": 2.5}]}
END
evil() { # on a busy machine a time may be invalid, which is no fault here
  "$program" run evil/evil.xml -o hostile --runs 8 >/dev/null 2>"$tmp/err"
  code=$?
  [ $code = 0 ] || [ $code = 3 ]
}
evil
result 'an experiment of hostile texts runs' $?
make_report hostile
[ $code = 0 ] && [ "$(grep -c '<script' hostile/report.html)" = 1 ] &&
  ! grep -qE '<img|<[a-z]+ [^>]*" on[a-z]+=' hostile/report.html
result 'its texts are text' $?

# LaTeX as it is: the page of hostile texts, with plans and figures, becomes a PDF.
if ! command -v pdflatex >/dev/null 2>&1 || ! kpsewhich adjustbox.sty >/dev/null 2>&1; then
  skip 'LaTeX compiles' 'pdflatex or adjustbox is not installed (Debian: texlive-latex-base, texlive-latex-extra)'
elif ! command -v gnuplot >/dev/null 2>&1; then
  skip 'LaTeX compiles' 'without gnuplot there are no figures for it'
else
  make_report hostile --format latex -o hostile/report.tex
  [ $code = 0 ] && (cd hostile && timeout 300 pdflatex -no-shell-escape -interaction=nonstopmode -halt-on-error report.tex) \
    >"$tmp/out" 2>&1 </dev/null && [ -s hostile/report.pdf ] || { grep -A 6 '^!' "$tmp/out" >"$tmp/err"; : >"$tmp/out"; false; }
  result 'LaTeX compiles' $?
fi

# What was measured stands there, from the store.
"$program" export --format json hostile >stored.json 2>>"$tmp/err"
medians=$(sed -n 's/.*"kind": "latency".*"median_s": \([^,]*\),.*/\1/p' stored.json |
  awk '{ ms = 1e3 * $1; printf ms < 1 ? "%.4f\n" : ms < 10 ? "%.3f\n" : "%.2f\n", ms }')
set -- $medians
[ $# = 2 ] && holds hostile/report.html ">$1</td>" ">$2</td>" || {
  grep -o '<td[^>]*>0[.][0-9]*</td>' hostile/report.html | head -n 4 >>"$tmp/err"
  false
}
result 'medians are those of the store' $?
holds hostile/report.html 'Times, and ratios to &lt;/script&gt;' 'paired by round' 'engine native, threads 1, batch 1, runs 8' \
  'instruction set' 'Beside ONNX Runtime' 'ghostbench faster' '&lt;/figcaption&gt;'
result 'ratios, protocol, plans, captions and peers stand there' $?
for word in $(sed -n 's/.*"kind": "latency".*"reasons": \[\(.*\)\], "plan.*/\1/p' stored.json | grep -o '"code": "[a-z-]*"' | cut -d '"' -f 4); do
  grep -qF ">$word<" hostile/report.html || echo "no reason $word" >>"$tmp/err"
done
! grep -q 'no reason' "$tmp/err"
result 'every reason of a verdict stands there' $?
mv hostile/ghostbench.db hostile/away.db
make_report hostile -o gone.html
[ $code = 0 ] && holds gone.html 'The samples cannot be shown: there is no hostile/ghostbench.db' && ! grep -q 'paired by round' gone.html
result 'without the store: says so, and reports the rest' $?
echo 'no store' >hostile/ghostbench.db
make_report hostile -o gone.html
[ $code = 0 ] && holds gone.html 'The samples cannot be shown: ' 'hostile/ghostbench.db'
result 'a file that is no store: says so' $?
mv hostile/away.db hostile/ghostbench.db
cp hostile/evil/record.json record.json
sed 's/\("name": "latency", "key": "\)[0-9a-f]\{8\}/\1ffffffff/' record.json >hostile/evil/record.json
make_report hostile -o gone.html
[ $code = 0 ] && holds gone.html '2 of the measurements are no longer in the store'
result 'cells that are no longer there: says how many' $?
sed 's/"median": 4/"median": 0/' hostile/peers/onnxruntime.json >faulty.json && cp hostile/peers/onnxruntime.json peers.json &&
  cp faulty.json hostile/peers/onnxruntime.json
make_report hostile -o gone.html
[ $code = 2 ] && holds "$tmp/err" 'hostile/peers/onnxruntime.json: median must be a number above 0'
result 'a faulty file of peers: names file and fault' $?
cp peers.json hostile/peers/onnxruntime.json
printf '{"schema": "ghostbench-record-1", "name": "../../x"}' >hostile/evil/record.json
make_report hostile
[ $code = 2 ] && holds "$tmp/err" 'hostile/evil/record.json: name must be a plain file name'
result 'a faulty record: names file and fault' $?
evil
make_report hostile

# ---------------------------------------------------------------------------------------------
# In a browser

if ! command -v "$BROWSER" >/dev/null 2>&1; then
  skip 'the page in a browser' "$BROWSER is not installed (Debian: chromium, 80 MB; harness/setup.sh browser)"
  echo "1..$count"
  [ $failed = 0 ]
  exit
fi

# What the page is after its script; messages of its console go to $tmp/err.
browse() { # file
  timeout 120 "$BROWSER" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --user-data-dir="$tmp/profile" --enable-logging=stderr --virtual-time-budget=3000 \
    --dump-dom "file://$PWD/$1" >"$tmp/out" 2>"$tmp/log" </dev/null
  code=$?
  grep -E 'CONSOLE' "$tmp/log" >"$tmp/err"
}

browse results/report.html
[ $code = 0 ] && holds "$tmp/out" '<button type="button">' && [ ! -s "$tmp/err" ]
result 'no message on the console, and the script has run' $?
browse hostile/report.html
[ $code = 0 ] && holds "$tmp/out" '<title>ghostbench: what was found</title>' && [ ! -s "$tmp/err" ]
result 'no hostile text acts' $?

# The policy itself: a script that slipped in does not run, a picture is not fetched.
sed 's|<main id="main">|&<script>document.title = "pwned";</script><img src="https://example.org/x.png">|' \
  results/report.html >policy.html
browse policy.html
[ $code = 0 ] && holds "$tmp/out" '<title>ghostbench: what was found</title>' &&
  grep -q 'Content Security Policy' "$tmp/err"
result 'the policy stops a foreign script' $?

# A copy without the policy, with a script of ours at its end that clicks and writes what it saw.
cat >probe.js <<'END'
(() => {
  const table = [...document.querySelectorAll("table.sort")].find(t => t.caption.textContent.includes("table 5"));
  const column = name => [...table.tHead.rows[0].cells].findIndex(c => c.textContent.trim() === name);
  const macs = column("MACs"), model = column("Model");
  const read = i => [...table.tBodies[0].rows].map(r => r.cells[i].textContent);
  const press = i => table.tHead.rows[0].cells[i].querySelector("button").click();
  const sort = i => table.tHead.rows[0].cells[i].getAttribute("aria-sort");
  const say = (name, text) => {
    const p = document.createElement("p");
    p.textContent = name + "=" + text;
    document.body.append(p);
  };
  const before = read(model).join(";");
  say("none", sort(macs));
  press(macs);
  say("up", sort(macs) + ":" + read(macs).join(";"));
  press(macs);
  say("down", sort(macs) + ":" + read(macs).join(";"));
  press(macs);
  say("back", sort(macs) + ":" + (read(model).join(";") === before));
  const head = table.tHead.rows[0].cells[model].querySelector("button");
  head.focus();
  say("focus", document.activeElement === head);
  press(model);
  say("words", read(model)[0]);
  const theme = document.getElementById("theme"), dark = () => getComputedStyle(document.body).backgroundColor;
  const first = dark();
  theme.click();
  say("theme", first !== dark());
  say("wide", document.documentElement.scrollWidth <= document.documentElement.clientWidth);
  say("ids", new Set([...document.querySelectorAll("[id]")].map(e => e.id)).size === document.querySelectorAll("[id]").length);
  say("refs", [...document.querySelectorAll("use")].every(u => document.getElementById(u.getAttribute("href").slice(1))));
  say("links", [...document.querySelectorAll("a")].every(a => document.getElementById(a.hash.slice(1))));
  say("heads", [...document.querySelectorAll("table")].every(t => t.caption && [...t.tHead.rows[0].cells].every(c => c.scope === "col")));
  // The contrast of each piece of text with its page (WCAG 2, at least 4.5).
  const rgb = c => c.match(/[\d.]+/g).map(Number);
  const light = c => rgb(c).slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (rgb(c)[3] !== 0) return c;
    }
    return "rgb(255, 255, 255)";
  };
  const worst = () => {
    let least = 99, where = "";
    for (const e of document.querySelectorAll("h1,h2,p,td,th,th button,th small,li,b,span,dt,dd,code,summary,caption,a,footer,figcaption")) {
      if (!e.textContent.trim() || e.closest("svg")) continue;
      const a = light(getComputedStyle(e).color), b = light(behind(e));
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < least) { least = ratio; where = e.tagName + "." + e.className; }
    }
    return (least >= 4.5) + " (" + least.toFixed(2) + " at " + where + ")";
  };
  say("contrast-dark", worst());
  theme.click();
  say("contrast-light", worst());
})();
END
probe() { # page made of the report
  {
    sed -e '/Content-Security-Policy/d' -e '/<\/body>/,$d' results/report.html
    echo '<script>'
    cat probe.js
    echo '</script></body></html>'
  } >probe.html
  browse probe.html
}
probe
said() { # name, text it must say
  grep -qF "<p>$1=$2" "$tmp/out" || { grep -F "<p>$1=" "$tmp/out" >"$tmp/err"; false; }
}
said none null && said up 'ascending:63.01 M;65.14 M;125.49 M;158.11 M;313.46 M;'
result 'a click sorts by number, dashes last' $?
said down 'descending:313.46 M;158.11 M;125.49 M;65.14 M;63.01 M;'
result 'a second click turns the order round' $?
said back 'null:true'
result 'a third click brings the first order back' $?
said focus true && said words AMC-ResNet-56
result 'headers take the focus, words sort' $?
said theme true
result 'the theme changes' $?
said contrast-light true && said contrast-dark true
result 'text has a contrast of 4.5 to its page, light and dark' $?
said wide true
result 'nothing is wider than the window' $?
said ids true && said refs true && said links true && said heads true
result 'names are unique, references and links lead somewhere, tables have captions' $?

finish
