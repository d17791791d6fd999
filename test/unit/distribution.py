#!/usr/bin/env python3
# distribution.py: writes distribution_figures.h, the figures of test_distribution.c, by mpmath with 50 digits.
# Run it where a figure is to be added: /usr/bin/python3 test/unit/distribution.py > test/unit/distribution_figures.h
from mpmath import mp, mpf, gammainc, erfc, sqrt, quad, exp, log, inf, loggamma

mp.dps = 50


def text(x):
    return mp.nstr(x, 20)


# both sides of I_x(a, b): one by its series (A&S 26.5.4 with 15.3.3), the other is what is left at 50 digits
def beta(a, b, x):
    a, b, x = mpf(a), mpf(b), mpf(x)
    if x > (a + 1) / (a + b + 2):
        return beta(b, a, 1 - x)[::-1]
    term = total = mpf(1)
    k = 0
    while term > mpf(10) ** -60 * total:
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    lower = exp(a * log(x) + b * log(1 - x) - loggamma(a) - loggamma(b) + loggamma(a + b)) / a * total
    return lower, 1 - lower


def t_upper(t, df):
    t, df = mpf(t), mpf(df)
    if df > 500 and t * t / df < 1e-3:  # the series is slow there: the density, integrated
        c = loggamma((df + 1) / 2) - loggamma(df / 2) - log(df * mp.pi) / 2
        return quad(lambda s: exp(c - (df + 1) / 2 * log(1 + s * s / df)), [t + mpf(s) / 16 for s in range(64)] + [t + s for s in (4, 8, 16, 32)], method='gauss-legendre')
    return beta(df / 2, mpf(1) / 2, df / (df + t * t))[0] / 2


def noncentral(t, df, d):
    t, df, d = mpf(t), mpf(df), mpf(d)
    c = log(mpf(2)) + df / 2 * log(df / 2) - loggamma(df / 2)
    f = lambda s: exp(c + (df - 1) * log(s) - df * s * s / 2) * erfc((t * s - d) / sqrt(mpf(2))) / 2
    w = 9 / sqrt(df)
    points = [max(mpf(0), 1 + w * k / 8) for k in range(-8, 9)]
    return quad(f, sorted(set(points)), method='gauss-legendre', maxdegree=7)


print('/* distribution_figures.h: by test/unit/distribution.py, mpmath with 50 digits. Do not edit. */')
print('static const struct {double a, b, x, y, lower, upper;} beta_figures[] = {')
for a, b, x in [(0.5, 0.5, 0.25), (2, 3, 0.5), (0.5, 20000, 1e-5), (20000, 0.5, 0.9990234375), (20000, 0.5, 0.984375), (3, 1000, 0.125),
                (1e6, 1e6, 0.5), (1e6, 1e6, 0.498046875), (0.01, 5, 1e-12), (150.25, 2.5, 0.875), (8, 1e5, 0.0009765625), (40, 60, 0.9375)]:
    print('\t{%r, %r, %r, %s, %s, %s},' % (a, b, x, text(1 - mpf(x)), *map(text, beta(a, b, x))))
print('};')
print('static const struct {double a, x, lower, upper;} gamma_figures[] = {')
for a, x in [(0.5, 0.25), (0.5, 30), (1, 1), (1, 700), (2.5, 0.001), (10, 3), (10, 40), (100, 100), (100, 200), (1e5, 1e5), (1e5, 101000), (1e5, 98000), (0.01, 1e-20), (3.5, 250)]:
    a, x = mpf(a), mpf(x)
    if x < a + 1:
        term = total = mpf(1)
        k = 1
        while term > mpf(10) ** -60 * total:
            term *= x / (a + k)
            total += term
            k += 1
        low = exp(a * log(x) - x - loggamma(a + 1)) * total
        up = 1 - low
    else:
        up = gammainc(a, x, inf, regularized=True)
        low = 1 - up
    print('\t{%s, %s, %s, %s},' % (text(a), text(x), text(low), text(up)))
print('};')
print('static const struct {double z, upper;} normal_figures[] = {')
for z in [-8, -1.5, 0, 0.001, 0.5, 1, 1.959963984540054, 3, 6, 10, 20, 37]:
    print('\t{%r, %s},' % (float(z), text(erfc(mpf(z) / sqrt(mpf(2))) / 2)))
print('};')
print('static const struct {double t, df, upper;} t_figures[] = {')
for df in [1, 1.5, 2, 3, 7.25, 17.7764735, 30, 200, 5707.25, 36671.158, 1e6]:
    for t in [0.001, 0.7, 1.96, 5.3, 12, 37.5]:
        print('\t{%r, %r, %s},' % (t, float(df), text(t_upper(t, df))))
print('};')
print('static const struct {double f, df1, df2, upper;} f_figures[] = {')
for f, d1, d2 in [(0.5, 1, 1), (3, 2, 10), (4.0, 1, 40000), (161.4476, 1, 1), (1.05, 5000, 7000), (25, 7, 12.5), (0.01, 30, 4)]:
    f, d1, d2 = mpf(f), mpf(d1), mpf(d2)
    print('\t{%s, %s, %s, %s},' % (text(f), text(d1), text(d2), text(beta(d2 / 2, d1 / 2, d2 / (d2 + d1 * f))[0])))
print('};')
print('static const struct {double t, df, noncentrality, upper;} noncentral_figures[] = {')
for t, df, d in [(2.0243941639, 38, 3.16227766), (12.706, 1, 5), (1.96, 39904, 2.9965), (2.0, 10, 0), (3, 2, -1), (1.7, 1000, 40), (30, 3, 20), (-2, 25, 1)]:
    print('\t{%r, %r, %r, %s},' % (t, float(df), float(d), text(noncentral(t, df, d))))
print('};')
