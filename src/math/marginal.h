/*
 * marginal.h: do the same members have the same distribution at two times? The Stuart-Maxwell test.
 */
#ifndef SEGMENT_MATH_MARGINAL_H
#define SEGMENT_MATH_MARGINAL_H

#include <stdint.h>

/* Probability that chi-square with df >= 1 degrees of freedom exceeds x >= 0; closed forms, 1e-13 relative for x < 700. */
extern double segment_chi_square_tail(double x, int df);

/*
 * Stuart-Maxwell statistic d' V^-1 d of a k x k table of counts, row by row (rows: before, columns: after), with its degrees
 * of freedom, the rank of V: k - 1, less what categories without change and separate blocks take away. 0 and 0 if nobody
 * changed. work holds k * (k + 1) doubles. (Stuart, Biometrika 42, 1955; Maxwell, Br. J. Psychiatry 116, 1970.)
 */
extern double segment_stuart_maxwell(const int64_t *table, int k, double *work, int *df);

#endif
