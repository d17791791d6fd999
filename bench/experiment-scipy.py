#!/usr/bin/env python3
# experiment-scipy.py: random inputs with what scipy and numpy make of them, as a psql script that compares them with compare.
#   /usr/bin/python3 bench/experiment-scipy.py 1000 | psql     prints one line: how many figures, how many off by more than 1e-9
#   /usr/bin/python3 bench/experiment-scipy.py 150 pgtap > test/experiment/05_scipy.sql
# Needs python3-numpy and python3-scipy; the seed is fixed.
import sys
import numpy as np
from scipy import stats, optimize

cases = int(sys.argv[1])
pgtap = len(sys.argv) > 2
rng = np.random.default_rng(20260707)


def sample(n):
    kind = rng.integers(4)
    scale = 10.0 ** rng.integers(-4, 6)
    if kind == 0:
        v = rng.normal(rng.uniform(-3, 3), 1, n) * scale
    elif kind == 1:
        v = rng.lognormal(0, 1, n) * scale
    elif kind == 2:
        v = np.where(rng.uniform(size=n) < 0.4, 0, rng.gamma(2, 1, n)) * scale
    else:
        v = rng.normal(1e4, 1, n) * scale
    return np.round(v, 9), scale


def welch(vc, nc, vt, nt):
    return (vc + vt) ** 2 / (vc ** 2 / (nc - 1) + vt ** 2 / (nt - 1))


def fieller(c, t, vc, vt, q):
    # ends of {r: |t - r c| <= q sqrt(vt + r^2 vc)} by root finding from the estimate outwards; None if unbounded
    if c * c <= q * q * vc:
        return None, None
    f = lambda r: (t - r * c) ** 2 - q * q * (vt + r * r * vc)
    ends = []
    for sign in (-1, 1):
        step = np.sqrt(vt + (t / c) ** 2 * vc) / abs(c)
        far = t / c + sign * step
        while f(far) < 0:
            step *= 2
            far = t / c + sign * step
        ends.append(optimize.brentq(f, t / c, far, xtol=1e-300, rtol=1e-15, maxiter=1000))
    lift = sorted(np.sign(c) * (r - 1) for r in ends)
    return lift


rows = []


def emit(method, control, treated, confidence, side, relative, want, scale):
    want = ', '.join('NULL' if w is None or not np.isfinite(w) else repr(float(w)) for w in want)
    rows.append("('%s', '%s'::float8[], '%s'::float8[], '%s'::float8[], '%s'::float8[], %s, '%s', '%s', ARRAY[%s]::float8[])" % (
        method, *('{%s}' % ','.join(repr(float(v)) for v in a) for a in (*control, *treated)), confidence, side, relative, want))


for i in range(cases):
    method = ('mean', 'rate', 'ratio', 'cuped')[i % 4]
    nc, nt = rng.integers(3, 9, 2)
    confidence = rng.choice([0.8, 0.9, 0.95, 0.99])
    alpha = 1 - confidence
    side = ('two-sided', 'greater', 'less')[rng.integers(3)]
    tail = alpha / 2 if side == 'two-sided' else alpha
    relative = ('fieller', 'delta')[rng.integers(2)]
    if method == 'rate':
        nc, nt = rng.integers(5, 40, 2)
        kc, kt = rng.integers(0, nc + 1), rng.integers(0, nt + 1)
        side = 'two-sided'
        wc = stats.binomtest(int(kc), int(nc)).proportion_ci(confidence, 'wilson')
        wt = stats.binomtest(int(kt), int(nt)).proportion_ci(confidence, 'wilson')
        d = kt / nt - kc / nc
        low = d - np.hypot(kt / nt - wt.low, wc.high - kc / nc)
        high = d + np.hypot(wt.high - kt / nt, kc / nc - wc.low)
        emit(method, ([1.0] * kc + [0.0] * (nc - kc), []), ([1.0] * kt + [0.0] * (nt - kt), []), confidence, side, 'fieller', [kt / nt - kc / nc, None, low, high, None, None, None], 1)
        continue
    yc, scale = sample(nc)
    yt = np.round(sample(nt)[0] / 10.0 ** rng.integers(0, 3) + yc.mean() * rng.integers(0, 2), 9)
    xc = np.round(np.abs(rng.normal(3, 1, nc)) + 0.1, 6)
    xt = np.round(np.abs(rng.normal(3, 1, nt)) + 0.1, 6)
    vc, vt = yc.var(ddof=1) / nc, yt.var(ddof=1) / nt
    c, t, cov = yc.mean(), yt.mean(), None
    if method == 'ratio':
        def ratio(y, x):
            r = y.mean() / x.mean()
            return r, np.var(y - r * x, ddof=1) / len(y) / x.mean() ** 2
        (c, vc), (t, vt) = ratio(yc, xc), ratio(yt, xt)
    if method == 'cuped':
        sxy = ((xc - xc.mean()) * (yc - yc.mean())).sum() + ((xt - xt.mean()) * (yt - yt.mean())).sum()
        sxx = ((xc - xc.mean()) ** 2).sum() + ((xt - xt.mean()) ** 2).sum()
        theta = sxy / sxx
        pooled = np.concatenate([xc, xt]).mean()
        ac, at = yc - theta * (xc - pooled), yt - theta * (xt - pooled)
        c, t, vc, vt = ac.mean(), at.mean(), ac.var(ddof=1) / nc, at.var(ddof=1) / nt
    df, se = welch(vc, nc, vt, nt), np.sqrt(vc + vt)
    if not se > 1e-9 * (abs(c) + abs(t)):
        continue
    q = stats.t.isf(tail, df)  # good to 9 digits only: one root finding more
    q = optimize.brentq(lambda x: stats.t.sf(x, df) - tail, q * (1 - 1e-6), q * (1 + 1e-6), xtol=1e-300, rtol=1e-15) if q != 0 else q
    d = t - c
    p = {'two-sided': 2 * stats.t.sf(abs(d / se), df), 'greater': stats.t.sf(d / se, df), 'less': stats.t.cdf(d / se, df)}[side]
    low, high = (d - q * se if side != 'less' else None), (d + q * se if side != 'greater' else None)
    lift, lift_low, lift_high = d / abs(c), None, None
    if method != 'cuped' and (t != 0 or vt > 0):  # its lift takes the shared mean of x into account: test/experiment/06_coverage.sql
        if relative == 'fieller':
            lift_low, lift_high = fieller(c, t, vc, vt, q)
        else:
            lse = np.sqrt(vt / c ** 2 + vc * t ** 2 / c ** 4)
            lift_low, lift_high = lift - q * lse, lift + q * lse
        lift_low = None if side == 'less' else lift_low
        lift_high = None if side == 'greater' else lift_high
    emit(method, (yc, xc), (yt, xt), confidence, side, relative, [d, p, low, high, lift, lift_low, lift_high], se)

head = '''-- 05_scipy.sql: compare against scipy 1.10 and numpy on random inputs. Written by bench/experiment-scipy.py, which makes as
-- many as one likes; do not edit.
\\ir ../lib/begin.sql
SELECT plan(2);
''' if pgtap else '\\set QUIET on\n\\pset tuples_only on\n\\pset format unaligned\nBEGIN;\n'
print(head + 'SET search_path = public, segment;\nCREATE TEMP TABLE input (method text, yc float8[], xc float8[], yt float8[], xt float8[], confidence float8, side text, relative text, want float8[]);\nINSERT INTO input VALUES')
print(',\n'.join(rows) + ';')
print('''CREATE TEMP TABLE figure AS
SELECT i.method, f.name, f.want, CASE WHEN abs(f.have) < 'Infinity' THEN f.have END AS have, coalesce(r.se, 1) AS se
FROM (SELECT row_number() OVER () AS id, i.* FROM input i) i,
     LATERAL (SELECT CASE WHEN cardinality(xc) = 0 THEN (SELECT outcome_agg(y) FROM unnest(yc) y) ELSE (SELECT outcome_agg(y, x) FROM unnest(yc, xc) u(y, x)) END AS c,
                     CASE WHEN cardinality(xt) = 0 THEN (SELECT outcome_agg(y) FROM unnest(yt) y) ELSE (SELECT outcome_agg(y, x) FROM unnest(yt, xt) u(y, x)) END AS t) o,
     compare(c, t, method, relative, confidence, side) r,
     unnest(ARRAY['diff', 'p_value', 'ci_low', 'ci_high', 'lift', 'lift_low', 'lift_high'], i.want, ARRAY[r.diff, r.p_value, r.ci_low, r.ci_high, r.lift, r.lift_low, r.lift_high]) f(name, want, have)
WHERE f.want IS NOT NULL OR NOT (i.method = 'rate' OR f.name LIKE 'lift_%');
-- 1e-9 of the figure, or of the standard error where it is near 0''')
wrong = "(want IS NULL) <> (have IS NULL) OR abs(have - want) > 1e-9 * greatest(abs(want), CASE WHEN name LIKE 'lift%' THEN 1e-3 WHEN name = 'p_value' THEN 1e-300 ELSE se END)"
if pgtap:
    print("SELECT is(count(want), %d::bigint, 'figures') FROM figure;" % sum(sum(v.strip() != 'NULL' for v in r.split('ARRAY[')[1].split(']')[0].split(',')) for r in rows))
    print("SELECT is_empty($$SELECT * FROM figure WHERE %s$$, 'compare = scipy, to 1e-9');\nSELECT * FROM finish();\nROLLBACK;" % wrong)
else:
    print("SELECT * FROM figure WHERE %s LIMIT 20;\nSELECT count(*) || ' figures of %d inputs, off by more than 1e-9: ' || count(*) FILTER (WHERE %s) FROM figure;\nROLLBACK;" % (wrong, len(rows), wrong))
