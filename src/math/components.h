/*
 * components.h: connected components of a graph, by union-find: in nearly linear time, whatever the shape.
 */
#ifndef SEGMENT_MATH_COMPONENTS_H
#define SEGMENT_MATH_COMPONENTS_H

#include <stddef.h>
#include <stdint.h>

#include "math/poll.h"

/* An edge between two vertices; a < b. */
typedef struct SegmentEdge
{
	uint32_t a;
	uint32_t b;
} SegmentEdge;

/*
 * Vertices with more than max_degree edges are left out, with all their edges; 0: none are. degree[n] is filled, the
 * edges must be distinct; root[v] becomes the lowest vertex of the component of v, size[root] how many vertices it has.
 */
extern void segment_components(const SegmentEdge *edges, size_t m, uint32_t n, uint32_t max_degree, uint32_t *degree,
							   uint32_t *root, uint32_t *size, SegmentPoll poll);

#endif
