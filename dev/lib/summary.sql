-- summary.sql: one row a segment, and a total.
SELECT coalesce(segment_name, 'Total') AS segment,
       to_char(count(*), 'FM999,999,999') AS customers,
       to_char(100.0 * count(*) / nullif(sum(count(*)) FILTER (WHERE segment_name IS NOT NULL) OVER (), 0), 'FM990.0 "%"') AS share,
       to_char(sum(orders), 'FM999,999,999,990') AS orders,
       to_char(sum(revenue), 'FM999,999,999,990.00') AS revenue,
       to_char(100 * sum(revenue) / nullif(sum(sum(revenue)) FILTER (WHERE segment_name IS NOT NULL) OVER (), 0), 'FM990.0 "%"')
         AS share,
       to_char(sum(revenue) / nullif(sum(orders), 0), 'FM999,999,990.00') AS "average order",
       to_char(percentile_cont(0.5) WITHIN GROUP (ORDER BY recency_days), 'FM999,990') || ' days' AS "median recency"
FROM customer_segments
GROUP BY GROUPING SETS ((segment_name, segment_sort), ())
ORDER BY grouping(segment_name), segment_sort;
