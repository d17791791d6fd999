/*
 * assignment.c: the assignment problem.
 */
#include <stddef.h>

#include "math/assignment.h"

#include <math.h>
#include <string.h>

/*
 * Rows and columns count from 1 in here; 0 is "none". Rows enter one after the other; each looks for the cheapest
 * augmenting path in reduced costs, as Dijkstra would, and the potentials keep all reduced costs non-negative.
 */
void
segment_assign_rows(const double *cost, int rows, int columns, int *column, double *scratch, SegmentPoll poll)
{
	double *of_column = scratch;			 /* potentials */
	double *least = of_column + columns + 1; /* cheapest way to a column so far */
	double *owner = least + columns + 1;	 /* the row that has the column */
	double *from = owner + columns + 1;		 /* the column before it on that way; sign: visited */
	double *of_row = from + columns + 1;
	int row;
	int j;

	memset(scratch, 0, SEGMENT_ASSIGNMENT_SCRATCH(rows, columns) * sizeof(double));
	for (row = 1; row <= rows; row++)
	{
		int at = 0;

		if (poll)
			poll();
		owner[0] = row;
		for (j = 0; j <= columns; j++)
		{
			least[j] = INFINITY;
			from[j] = 0;
		}
		/* from[j] is previous + 1, negative once j is done. */
		do
		{
			int i = (int) owner[at];
			double step = INFINITY;
			int next = 0;

			from[at] = from[at] == 0 ? -1 : -fabs(from[at]);
			for (j = 1; j <= columns; j++)
			{
				double reduced;

				if (from[j] < 0)
					continue;
				reduced = cost[(size_t) (i - 1) * (size_t) columns + (size_t) (j - 1)] - of_row[i] - of_column[j];
				if (reduced < least[j])
				{
					least[j] = reduced;
					from[j] = at + 1;
				}
				if (least[j] < step)
				{
					step = least[j];
					next = j;
				}
			}
			for (j = 0; j <= columns; j++)
			{
				if (from[j] < 0)
				{
					of_row[(int) owner[j]] += step;
					of_column[j] -= step;
				}
				else
					least[j] -= step;
			}
			at = next;
		} while (owner[at] != 0);
		while (at != 0)
		{
			int previous = (int) fabs(from[at]) - 1;

			owner[at] = owner[previous];
			at = previous;
		}
	}
	for (j = 1; j <= columns; j++)
		if (owner[j] > 0)
			column[(int) owner[j] - 1] = j - 1;
}
