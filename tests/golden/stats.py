#!/usr/bin/python3
"""Makes stats.txt: what SciPy, NumPy and R say of small data sets, for tests/unit/test_stats_golden.c.

Needs Debian's python3-scipy, r-base-core and r-cran-diptest; run by hand:

    /usr/bin/python3 tests/golden/stats.py > tests/golden/stats.txt

Lines: `data NAME COUNT v1 v2 …` and `value QUANTITY DATA [DATA] NUMBER`. Numbers have all digits.
"""
import subprocess

import numpy as np
import scipy
from scipy import stats

random = np.random.default_rng(20240229)
sets = {}


def r(code):
    """Numbers that R prints for `code`, which may use the data sets by name."""
    head = "".join(f"{n} <- c({','.join(repr(float(v)) for v in x)});" for n, x in sets.items())
    done = subprocess.run(["R", "--vanilla", "--slave", "-e", head + code],
                          check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def value(quantity, names, number):
    print("value", quantity, names, repr(float(number)))


def make_sets():
    sets["normal"] = random.normal(10, 2, 20)
    sets["shifted"] = random.normal(11, 2, 15)
    sets["heavy"] = random.lognormal(0, 1, 60)
    sets["tied"] = np.round(random.normal(5, 1.5, 40))
    sets["tied2"] = np.round(random.normal(5.6, 1.5, 35))
    sets["bimodal"] = np.concatenate([random.normal(0, 1, 45), random.normal(5, 1, 35)])
    sets["skewed"] = random.gamma(2, 1, 100)
    sets["even"] = np.arange(1, 13)
    sets["pair"] = np.array([3.0, 1.0])
    sets["wave"] = np.sin(np.arange(30) / 3) + random.normal(0, 0.2, 30) + np.arange(30) * 0.02
    sets["follow"] = sets["normal"] * 0.8 + random.normal(0, 1.5, 20)
    sets["tied_follow"] = np.round(sets["tied"] * 0.5 + random.normal(0, 1, 40))
    sets["eruptions"] = np.array(r("cat(format(faithful$eruptions, digits=17))"))


def one_set(name, x):
    for q in (0.1, 0.25, 0.5, 0.9, 0.99):
        value(f"quantile{q}", name, np.quantile(x, q))
    value("mad", name, stats.median_abs_deviation(x))
    q1, q3 = np.quantile(x, [0.25, 0.75])
    value("severe_high", name, np.sum(x > q3 + 3 * (q3 - q1)))
    value("mild_high", name, np.sum(x > q3 + 1.5 * (q3 - q1)) - np.sum(x > q3 + 3 * (q3 - q1)))
    value("mild_low", name, np.sum(x < q1 - 1.5 * (q3 - q1)) - np.sum(x < q1 - 3 * (q3 - q1)))
    value("dip", name, r(f"library(diptest); cat(format(dip({name}), digits=17))")[0])
    s = np.sort(x)
    k = max(j for j in range(len(x) // 2 + 1)
            if j == 0 or 2 * stats.binom.cdf(j - 1, len(x), 0.5) <= 0.05)
    value("median_low", name, s[k - 1] if k > 0 else np.nan)
    value("median_high", name, s[len(x) - k] if k > 0 else np.nan)
    ranks = stats.rankdata(x)
    for i in (0, len(x) // 2, len(x) - 1):
        value(f"rank{i}", name, ranks[i])


def two_sets(a, b):
    x, y = sets[a], sets[b]
    names = f"{a} {b}"
    ties = len(np.unique(np.concatenate([x, y]))) < len(x) + len(y)
    method = "exact" if not ties and len(x) + len(y) <= 50 else "asymptotic"
    u = stats.mannwhitneyu(x, y, method=method)
    value("u", names, u.statistic)
    value("u_p", names, u.pvalue)
    value("shift", names, np.median(np.subtract.outer(x, y)))
    value("cliff", names, np.mean(np.sign(np.subtract.outer(x, y))))


def columns(a, b):
    x, y = sets[a], sets[b]
    names = f"{a} {b}"
    ties = len(np.unique(x)) < len(x) or len(np.unique(y)) < len(y)
    tau = stats.kendalltau(x, y, method="asymptotic" if ties or len(x) > 50 else "exact")
    value("tau", names, tau.correlation)
    value("tau_p", names, tau.pvalue)
    value("rho", names, stats.spearmanr(x, y).correlation)


def trend(name):
    x = sets[name]
    slope, _, low, high = stats.theilslopes(x, np.arange(len(x)), 0.95)
    value("slope", name, slope)
    n = len(x)
    value("mk_tau", name, sum(np.sign(x[j] - x[i]) for j in range(n) for i in range(j))
          / (n * (n - 1) / 2))


make_sets()
print(f"# Made by stats.py: SciPy {scipy.__version__}, NumPy {np.__version__}, "
      f"R {r('cat(R.version$major, R.version$minor)')[0]:.0f}, diptest. Do not edit.")
for name, x in sets.items():
    print("data", name, len(x), *(repr(float(v)) for v in x))
for name, x in sets.items():
    one_set(name, x)
for a, b in (("normal", "shifted"), ("tied", "tied2"), ("heavy", "skewed"), ("pair", "even"),
             ("bimodal", "heavy"), ("shifted", "normal")):
    two_sets(a, b)
for a, b in (("normal", "follow"), ("tied", "tied_follow")):
    columns(a, b)
for name in ("wave", "heavy", "tied"):
    trend(name)
p = [0.01, 0.04, 0.03, 0.005, 0.7, 0.04, 1.0, 0.0001]
print("data pvalues", len(p), *p)
print("data holm", len(p), *(repr(v) for v in r(
    f"cat(format(p.adjust(c({','.join(map(str, p))}), 'holm'), digits=17))")))
