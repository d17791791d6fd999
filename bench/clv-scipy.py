#!/usr/bin/env python3
"""The BG/NBD likelihood as it is usually fitted: numpy, scipy's BFGS on the logs of the parameters.
Takes a file of x, t_x, t, count; prints what was fitted, seconds and log-likelihood."""
import sys
import time

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

x, t_x, t, count = np.loadtxt(sys.argv[1], unpack=True)


def cost(theta):
    r, alpha, a, b = np.exp(theta)
    known = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    both = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -(r + x) * np.log(alpha + t)
    left = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf)
    return -np.sum(count * (known + both + np.logaddexp(alive, left))) / count.sum()


start = time.perf_counter()
fit = minimize(cost, np.log([1, t.mean(), 1, 1]), method="BFGS")
seconds = time.perf_counter() - start
what = "rows" if len(x) == count.sum() else "cells"
print(f"{'scipy, on ' + what:<44s} {seconds:9.3f} s  log-likelihood {-fit.fun * count.sum():.6f}")
