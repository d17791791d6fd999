/*
 * components.c: connected components by union-find (Tarjan 1975; path halving: Tarjan and van Leeuwen 1984).
 */
#include "math/components.h"

static uint32_t
find(uint32_t *root, uint32_t vertex)
{
	while (root[vertex] != vertex)
	{
		root[vertex] = root[root[vertex]];
		vertex = root[vertex];
	}
	return vertex;
}

void
segment_components(const SegmentEdge *edges, size_t m, uint32_t n, uint32_t max_degree, uint32_t *degree,
				   uint32_t *root, uint32_t *size, SegmentPoll poll)
{
	for (uint32_t v = 0; v < n; v++)
	{
		degree[v] = 0;
		root[v] = v;
		size[v] = 0;
	}
	for (size_t i = 0; i < m; i++)
	{
		SEGMENT_POLL(poll, i);
		degree[edges[i].a]++;
		degree[edges[i].b]++;
	}
	for (size_t i = 0; i < m; i++)
	{
		uint32_t a;
		uint32_t b;

		SEGMENT_POLL(poll, i);
		if (max_degree > 0 && (degree[edges[i].a] > max_degree || degree[edges[i].b] > max_degree))
			continue;
		a = find(root, edges[i].a);
		b = find(root, edges[i].b);
		/* the lower one names the component: halving paths keeps that fast enough */
		if (a < b)
			root[b] = a;
		else
			root[a] = b;
	}
	for (uint32_t v = 0; v < n; v++)
	{
		SEGMENT_POLL(poll, v);
		root[v] = find(root, v);
		size[root[v]]++;
	}
}
