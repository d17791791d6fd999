/*
 * test_cluster.c: the algorithms of clusters without a server: transform, micro-clusters, k-means, exact sums, assignment, JSON.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/assignment.h"
#include "math/micro_clusters.h"
#include "math/criteria.h"
#include "math/exact_sum.h"
#include "math/gmm.h"
#include "math/json_text.h"
#include "math/kmeans.h"
#include "math/text.h"
#include "math/transform.h"
#include "tap.h"

/* The signed logarithm against the C library's, and its inverse. */
static void
test_transform(void)
{
	uint64_t state = 1;
	double worst = 0.0;
	double worst_back = 0.0;
	double rows[2000];
	double copy[2000];
	bool equal = true;

	for (int i = 0; i < 100000; i++)
	{
		double x = pow(10.0, tap_uniform(&state) * 320.0 - 20.0) * (i % 2 ? 1 : -1);
		double exact = copysign((double) log1pl(fabsl((long double) x)), x);

		worst = fmax(worst, fabs(segment_signed_log(x) - exact) / fabs(exact));
		if (fabs(x) < 1e15)
			worst_back = fmax(worst_back, fabs(segment_signed_exp(segment_signed_log(x)) - x) / fabs(x));
	}
	tap_ok(worst < 4e-16, "signed log: relative error %.2g", worst);
	tap_ok(worst_back < 1e-14, "and back: relative error %.2g", worst_back);
	for (int i = 0; i < 2000; i++)
		rows[i] = pow(10.0, tap_uniform(&state) * 40.0 - 20.0) * (i % 2 ? 1 : -1);
	memcpy(copy, rows, sizeof(rows));
	segment_signed_log_array(rows + 1, 500, 4);
	for (int i = 0; i < 2000; i++)
		equal &= rows[i] == (i % 4 == 1 ? segment_signed_log(copy[i]) : copy[i]);
	tap_ok(equal, "a column of rows gets the same, the others stay");
	tap_ok(segment_signed_log(0.0) == 0.0 && !signbit(segment_signed_log(-0.0)) && isnan(segment_signed_log(NAN)),
		   "signed log of 0, -0 and NaN");
}

/* Rows go into the micro-clusters of a reduction of the first tenth of them: nothing is lost, and no micro-cluster spreads too far. */
static void
test_absorb(const double *rows, int n, int m, const double *mean, double squares)
{
	enum
	{
		DIMS = 3
	};
	int first = n / 10;
	double *copy = malloc(sizeof(double) * (size_t) n * SEGMENT_ROW_SIZE(DIMS));
	double *micros = malloc(sizeof(double) * (size_t) m * SEGMENT_MICRO_SIZE(DIMS));
	void *workspace = malloc(segment_micros_workspace(DIMS, n, m));
	double scale[DIMS];
	SegmentMicroTree tree = {malloc(sizeof(SegmentMicroNode) * 2 * (size_t) m),
							 malloc(sizeof(int32_t) * 2 * (size_t) m), scale, 0.0, 0.0};
	double weight = 0.0;
	double sum = 0.0;
	double widest = 0.0;
	double micro_weight = 0.0;
	double *row;
	int count;
	int left;

	memcpy(copy, rows, sizeof(double) * (size_t) n * SEGMENT_ROW_SIZE(DIMS));
	for (int i = 0; i < n; i++)
		weight += rows[i * SEGMENT_ROW_SIZE(DIMS) + DIMS];
	count = segment_micros_reduce(DIMS, NULL, 0, copy, first, m, micros, &tree, workspace, NULL);
	row = copy + first * SEGMENT_ROW_SIZE(DIMS);
	left = segment_micros_absorb(DIMS, &tree, micros, row, n - first, weight);
	tap_ok(left > 0 && left < (n - first) / 2, "most rows find a micro-cluster, %d of %d do not", left, n - first);
	for (int i = 0; i < count + left; i++)
	{
		const double *micro = i < count ? micros + i * SEGMENT_MICRO_SIZE(DIMS) : NULL;
		const double *at = micro ? micro + 1 : row + (i - count) * SEGMENT_ROW_SIZE(DIMS);
		double w = micro ? micro[0] : at[DIMS];
		double spread = 0.0;

		micro_weight += w;
		for (int j = 0; j < DIMS; j++)
		{
			sum += w * (at[j] - mean[j]) * (at[j] - mean[j]) + (micro ? at[DIMS + j] : 0.0);
			spread += micro ? at[DIMS + j] * scale[j] : 0.0;
		}
		widest = spread > widest ? spread : widest;
	}
	tap_ok(micro_weight == weight, "no weight is lost");
	tap_ok(fabs(sum / squares - 1.0) < 1e-9, "the sum of squares about the mean is that of the rows");
	tap_ok(widest <= tree.limit * weight / tree.weight * (1.0 + 1e-9),
		   "no micro-cluster spreads further than the limit");
	for (int i = 0; i < n; i++)
		copy[i * SEGMENT_ROW_SIZE(DIMS) + 1] = i < first ? 5.0 : 5.0 + i % 2;
	(void) segment_micros_reduce(DIMS, NULL, 0, copy, first, m, micros, &tree, workspace, NULL);
	left = segment_micros_absorb(DIMS, &tree, micros, row, n - first, weight);
	tap_ok(left >= (n - first) / 2, "another value of a feature that was constant finds none");
	free(copy);
	free(micros);
	free(workspace);
	free(tree.node);
	free(tree.micro);
}

/* Micro-clusters keep weight, mean and sum of squares of what they summarize. */
static void
test_micros(void)
{
	enum
	{
		DIMS = 3,
		N = 20000,
		M = 500
	};
	uint64_t state = 2;
	double *rows = malloc(sizeof(double) * N * SEGMENT_ROW_SIZE(DIMS));
	double *micros = malloc(sizeof(double) * M * SEGMENT_MICRO_SIZE(DIMS));
	double *merged = malloc(sizeof(double) * M * SEGMENT_MICRO_SIZE(DIMS));
	void *workspace = malloc(segment_micros_workspace(DIMS, N + M, M));
	double total[3] = {0};
	double mean[3] = {0};
	int half = N / 2;
	int count;

	for (int i = 0; i < N; i++)
	{
		double *row = rows + i * SEGMENT_ROW_SIZE(DIMS);

		row[0] = exp(6.0 * tap_uniform(&state));
		row[1] = 1e6 + tap_uniform(&state);
		row[2] = (double) (tap_random(&state) % 5);
		row[3] = (double) (1 + tap_random(&state) % 3);
		total[0] += row[3];
		for (int j = 0; j < DIMS; j++)
			mean[j] += row[3] * row[j];
	}
	for (int j = 0; j < DIMS; j++)
		mean[j] /= total[0];
	for (int i = 0; i < N; i++)
		for (int j = 0; j < DIMS; j++)
			total[1] += rows[i * 4 + 3] * (rows[i * 4 + j] - mean[j]) * (rows[i * 4 + j] - mean[j]);
	count = segment_micros_reduce(DIMS, NULL, 0, rows, half, M, micros, NULL, workspace, NULL);
	tap_ok(count == M, "the first half becomes %d micro-clusters", count);
	count = segment_micros_reduce(DIMS, micros, count, rows + half * 4, N - half, M, merged, NULL, workspace, NULL);
	tap_ok(count == M, "and with the second half %d", count);
	for (int i = 0; i < count; i++)
	{
		const double *micro = merged + i * SEGMENT_MICRO_SIZE(DIMS);

		total[0] -= micro[0];
		for (int j = 0; j < DIMS; j++)
			total[2] += micro[0] * (micro[1 + j] - mean[j]) * (micro[1 + j] - mean[j]) + micro[1 + DIMS + j];
	}
	tap_ok(total[0] == 0.0, "their weight is exact");
	tap_ok(fabs(total[2] / total[1] - 1.0) < 1e-9, "their sum of squares about the mean is that of the rows");
	test_absorb(rows, N, M, mean, total[1]);
	for (int i = 0; i < N; i++)
		rows[i * 4] = rows[i * 4 + 1] = rows[i * 4 + 2] = 7.0;
	count = segment_micros_reduce(DIMS, NULL, 0, rows, N, M, micros, NULL, workspace, NULL);
	tap_ok(count == 1 && micros[4] + micros[5] + micros[6] == 0.0, "equal rows are one micro-cluster");
	rows[0] = nextafter(7.0, 8.0);
	count = segment_micros_reduce(DIMS, NULL, 0, rows, N, M, micros, NULL, workspace, NULL);
	tap_ok(count >= 1 && count <= 2, "neighbouring doubles end");
	tap_ok(segment_micros_reduce(DIMS, NULL, 0, rows, 0, M, micros, NULL, workspace, NULL) == 0,
		   "nothing is no micro-cluster");
	free(rows);
	free(micros);
	free(merged);
	free(workspace);
}

/* After some centroids moved, labels and distances brought up to date are those of a full search, to the bit. */
static void
test_reassign(void)
{
	enum
	{
		N = 2000,
		K = 24,
		DIMS = 3
	};
	uint64_t state = 11;
	double x[N * DIMS];
	double w[N];
	double centroid[K * DIMS];
	double nearest[N];
	double expected[N];
	int32_t label[N];
	int32_t right[N];
	SegmentPoints points = {N, DIMS, x, w};
	bool same = true;

	for (int i = 0; i < N * DIMS; i++)
		x[i] = (double) (tap_random(&state) % 12); /* a grid: many ties */
	for (int i = 0; i < K * DIMS; i++)
		centroid[i] = (double) (tap_random(&state) % 12);
	segment_nearest(&points, 0, N, centroid, K, label, nearest, NULL);
	for (int round = 0; round < 200; round++)
	{
		bool moved[K] = {false};

		for (int i = 0; i < 1 + round % 14; i++)
		{
			int c = (int) (tap_random(&state) % K);

			moved[c] = true;
			for (int j = 0; j < DIMS; j++)
				centroid[c * DIMS + j] = (double) (tap_random(&state) % 24) / 2.0;
		}
		segment_reassign(&points, centroid, K, moved, label, nearest);
		segment_nearest(&points, 0, N, centroid, K, right, expected, NULL);
		same = same && memcmp(label, right, sizeof(label)) == 0 && memcmp(nearest, expected, sizeof(nearest)) == 0;
	}
	tap_ok(same, "labels brought up to date are those of a full search, ties included");
}

/* k-means on points whose clusters are known, and on fewer distinct points than centroids. */
static void
test_kmeans(void)
{
	enum
	{
		N = 600,
		K = 6,
		DIMS = 2
	};
	uint64_t state = 3;
	double x[N * DIMS];
	double w[N];
	double centroid[K * DIMS];
	double weight[K];
	double sse[K];
	double nearest[N];
	double second[N];
	double scratch[N + 2 * K];
	int32_t label[N];
	SegmentPoints points = {N, DIMS, x, w};
	SegmentKmeansOptions options = {.k = K, .starts = 4, .swaps = 20, .max_iter = 100, .seed = 1};
	SegmentKmeansFit fit = {.centroid = centroid, .label = label, .nearest = nearest, .weight = weight, .sse = sse};
	SegmentCriteria criteria;
	void *workspace = malloc(segment_kmeans_workspace(N, DIMS, K));
	double sum = 0.0;
	double rand;
	bool pure = true;
	int32_t truth[N];
	double table[K * K + 2 * K];

	for (int i = 0; i < N; i++)
	{
		truth[i] = i % K;
		x[i] = 10.0 * (i % K) + tap_uniform(&state);
		x[N + i] = (i % 2) * 100.0 + tap_uniform(&state);
		w[i] = 1.0 + i % 3;
	}
	segment_kmeans(&points, &options, &fit, workspace);
	for (int i = 0; i < N; i++)
	{
		pure = pure && label[i] == label[i % K];
		sum += w[i] * nearest[i];
	}
	tap_ok(pure && fit.stop == SEGMENT_STOP_CONVERGED, "six clusters are found");
	tap_ok(fabs(sum / fit.inertia - 1.0) < 1e-12, "inertia is the sum of squared distances");
	tap_ok(weight[0] >= weight[1] && weight[4] >= weight[5], "centroids come heaviest first");
	rand = segment_adjusted_rand(label, truth, w, N, K, table);
	tap_ok(fabs(rand - 1.0) < 1e-12, "adjusted Rand index of the same clusters is 1");
	segment_criteria(&points, K, &fit, NULL, 1000.0 * fit.inertia, fit.inertia, &criteria, scratch);
	tap_ok(criteria.silhouette > 0.9 && criteria.davies_bouldin < 0.2, "criteria see them apart");
	segment_nearest(&points, 0, N, centroid, K, label, nearest, second);
	pure = true;
	for (int i = 0; i < N; i++)
		pure = pure && second[i] > nearest[i];
	tap_ok(pure, "the second nearest is farther");
	for (int i = 0; i < N; i++)
	{
		x[i] = i % 3;
		x[N + i] = 0.0;
	}
	segment_kmeans(&points, &options, &fit, workspace);
	tap_ok(fit.inertia == 0.0 && weight[2] > 0.0 && weight[3] == 0.0,
		   "three distinct points leave three of six centroids empty");
	free(workspace);
}

/* Sums do not depend on the order, and are right. */
static void
test_exact_sum(void)
{
	enum
	{
		N = 5000
	};
	static double term[N];
	uint64_t state = 4;
	SegmentSum forward = {{0}};
	SegmentSum backward = {{0}};
	SegmentSum half = {{0}};
	long double sum = 0.0L;

	for (int i = 0; i < N; i++)
	{
		term[i] = ldexp(tap_uniform(&state) - 0.5, (int) (tap_random(&state) % 60));
		sum += term[i];
		segment_sum_add(&forward, term[i]);
	}
	for (int i = N - 1; i >= 0; i--)
		segment_sum_add(i % 2 ? &backward : &half, term[i]);
	segment_sum_settle(&forward);
	segment_sum_settle(&backward);
	segment_sum_settle(&half);
	segment_sum_merge(&backward, &half);
	tap_ok(memcmp(&forward, &backward, sizeof(SegmentSum)) == 0, "backwards and in two parts: the same digits");
	tap_ok(fabs(segment_sum_value(&forward) - (double) sum) <= 1e-15 * fabs((double) sum), "and the right value");
	tap_ok(segment_sum_valid(&forward), "canonical");
	memset(&half, 0, sizeof(half));
	segment_sum_add(&half, 1e308);
	segment_sum_add(&half, 1e308);
	segment_sum_add(&half, -1.5e308);
	segment_sum_settle(&half);
	tap_ok(fabs(segment_sum_value(&half) / 5e307 - 1.0) < 1e-15, "beyond the range of doubles and back");
	segment_sum_add(&half, -1e308);
	segment_sum_settle(&half);
	tap_ok(fabs(segment_sum_value(&half) / -5e307 - 1.0) < 1e-15 && segment_sum_valid(&half), "negative");
}

/* The least total cost by trying all permutations. */
static double
cheapest(const double *cost, int rows, int columns, int row, unsigned used)
{
	double best = INFINITY;

	if (row == rows)
		return 0.0;
	for (int j = 0; j < columns; j++)
		if (!(used >> j & 1))
			best = fmin(best, cost[row * columns + j] + cheapest(cost, rows, columns, row + 1, used | 1u << j));
	return best;
}

static void
test_assignment(void)
{
	uint64_t state = 5;
	int wrong = 0;

	for (int trial = 0; trial < 1000; trial++)
	{
		int rows = 1 + (int) (tap_random(&state) % 5);
		int columns = rows + (int) (tap_random(&state) % 3);
		double cost[64];
		double scratch[64];
		double sum = 0.0;
		int column[8];

		for (int i = 0; i < rows * columns; i++)
			cost[i] = (double) (tap_random(&state) % 20);
		segment_assign_rows(cost, rows, columns, column, scratch, NULL);
		for (int i = 0; i < rows; i++)
			sum += cost[i * columns + column[i]];
		wrong += sum != cheapest(cost, rows, columns, 0, 0);
	}
	tap_ok(wrong == 0, "assignments are the cheapest");
}

static void
test_json(void)
{
	static const char *const bad[] = {"",
									  "{",
									  "{}",
									  "[1]",
									  "{\"a\":}",
									  "{\"a\":1,}",
									  "{\"a\":1 \"b\":2}",
									  "{\"a\":1,\"a\":2}",
									  "{\"a\":[1,]}",
									  "{\"a\":nan}",
									  "{\"a\":1e999}",
									  "{\"a\":\"x}",
									  "{\"a\":\"\\u0041\"}",
									  "{\"a\":1}x",
									  "{\"a\":{}}"};
	static const char *const words[] = {"none", "log"};
	SegmentJson json;
	double numbers[3];
	int64_t count;
	int word;
	int refused = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused += !segment_json_parse(bad[i], &json);
	tap_ok(refused == (int) (sizeof(bad) / sizeof(bad[0])), "what is no flat object is refused");
	tap_ok(segment_json_parse(" { \"b\" : [1, 2.5,-3e2] ,\"k\":7,\"t\":\"log\" } ", &json) && json.n_members == 3 &&
			   segment_json_array(&json, "b", numbers, 3) && numbers[2] == -300.0 &&
			   !segment_json_array(&json, "b", numbers, 2) && segment_json_count(&json, "k", 0, 7, &count) &&
			   count == 7 && !segment_json_count(&json, "k", 0, 6, &count) &&
			   segment_json_word(&json, "t", words, 2, &word) && word == 1 && !segment_json_double(&json, "x", numbers),
		   "members are found whatever their order");
}

static double
no_floor(int feature, double mean, const void *arg)
{
	(void) feature;
	(void) mean;
	return *(const double *) arg;
}

/* Two normal clouds, in all covariance kinds, and equal points at the floor. */
static void
test_gmm(void)
{
	enum
	{
		N = 2000,
		DIMS = 2
	};
	static double x[N * DIMS];
	static double w[N];
	static int32_t label[N];
	uint64_t state = 6;
	double least = 1e-6;
	SegmentPoints points = {N, DIMS, x, w};
	SegmentGmmOptions options = {.max_iter = 500, .tolerance = 1e-9, .floor = no_floor, .floor_arg = &least};

	for (int full = 0; full < 2; full++)
	{
		double weight[2];
		double mean[4];
		double covariance[6];
		bool at_floor[2];
		SegmentGmm gmm = {2, DIMS, full, weight, mean, covariance, at_floor, 0.0, 0, false};
		double *scratch = malloc(sizeof(double) * segment_gmm_scratch(N, DIMS, 2, full));

		for (int i = 0; i < N; i++)
		{
			double radius = sqrt(-2.0 * log(1.0 - tap_uniform(&state)));
			double angle = 6.283185307179586 * tap_uniform(&state);

			label[i] = i % 4 == 0;
			x[i] = radius * cos(angle) + (i % 4 == 0 ? 8.0 : 0.0);
			x[N + i] = 2.0 * radius * sin(angle);
			w[i] = 1.0;
		}
		segment_gmm_fit(&points, NULL, label, &options, &gmm, scratch);
		tap_ok(gmm.converged && fabs(weight[0] - 0.75) < 0.01 && fabs(mean[2] - 8.0) < 0.15 &&
				   fabs(covariance[full ? 2 : 1] - 4.0) < 0.4 && !at_floor[0],
			   "two clouds, %s", full ? "full" : "diagonal");
		for (int i = 0; i < N; i++)
			x[i] = x[N + i] = label[i];
		segment_gmm_fit(&points, NULL, label, &options, &gmm, scratch);
		tap_ok(at_floor[0] && at_floor[1] && isfinite(gmm.log_likelihood), "two points: at the floor, finite");
		free(scratch);
	}
}

/* What a server with assertions holds micro-clusters to. */
static void
test_micros_sound(void)
{
	const double broken[] = {0.0, -1.0, INFINITY, NAN};
	double micros[] = {2.0, 5.0, -3.0, 0.0, 1.5, 1.0, 0.0, 0.0, 0.0, 0.0};
	bool all_refused = true;

	tap_ok(segment_micros_sound(2, micros, 2),
		   "micro-clusters of positive weight, finite, without negative deviations are sound");
	for (int i = 0; i < 10; i++)
		for (int j = 0; j < 4; j++)
		{
			double whole = micros[i];
			bool may_be = i % 5 == 0 ? false : isfinite(broken[j]) && (i % 5 < 3 || broken[j] >= 0.0);

			micros[i] = broken[j];
			all_refused &= segment_micros_sound(2, micros, 2) == may_be;
			micros[i] = whole;
		}
	tap_ok(all_refused, "and with any number broken they are not");
}

int
main(void)
{
	test_transform();
	test_micros();
	test_micros_sound();
	test_reassign();
	test_kmeans();
	test_exact_sum();
	test_assignment();
	test_json();
	test_gmm();
	return tap_done();
}
