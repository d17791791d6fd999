-- affinity: what to offer next, and from what to what customers switch

CREATE FUNCTION segment.next_best(affinity segment.affinity, items segment.items, k integer DEFAULT 3, allow_repeat boolean DEFAULT false, min_count bigint DEFAULT 10,
  OUT rank integer, OUT item text, OUT score double precision, OUT because text, OUT n_together bigint, OUT n_because bigint, OUT n_item bigint) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 3 AS 'MODULE_PATHNAME', 'segment_next_best';
COMMENT ON FUNCTION segment.next_best(segment.affinity, segment.items, integer, boolean, bigint) IS
  'the k items (1 to 1000) that go best with these: score is the sum over the items owned of n_ab / sqrt(n_a n_b) (their cosine), over pairs in at least min_count baskets. What is owned is not offered unless allow_repeat says so, for things that are used up. because: the item owned that adds most to the score; n_together, n_because, n_item: baskets with both, with that item, with the offer. Ties go to the item in more baskets, then to the first one. Fewer rows where fewer items go with these; no row for NULL. 22023 for options out of range, or texts among integers';

CREATE FUNCTION segment.next_best_check(affinity segment.affinity, items segment.items, later segment.items, k integer DEFAULT 3, allow_repeat boolean DEFAULT false, min_count bigint DEFAULT 10,
  OUT n_later bigint, OUT n_offers integer, OUT hits bigint, OUT popular_hits bigint) RETURNS record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_next_best_check';
COMMENT ON FUNCTION segment.next_best_check(segment.affinity, segment.items, segment.items, integer, boolean, bigint) IS
  'one customer of a check of next_best: of what was bought later, n_later could have been offered (all of it if allow_repeat, else what is not among items); n_offers: how many offers there were; hits: how many of them were bought later; popular_hits: how many of the k items in most baskets, those owned left out likewise, would have been. The hit rate at k is the share of customers with n_later > 0 that have a hit. The affinity must not know the later baskets. NULL for NULL; 22023 as next_best';

CREATE FUNCTION segment.switching(focus_before numeric, comparison_before numeric, focus_after numeric, comparison_after numeric,
  OUT new numeric, OUT lost numeric, OUT focus_up numeric, OUT focus_down numeric, OUT switched_in numeric, OUT switched_out numeric) RETURNS record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  BEGIN ATOMIC
    SELECT CASE WHEN kind = 'new' THEN focus ELSE 0 END, CASE WHEN kind = 'lost' THEN focus ELSE 0 END,
           CASE WHEN kind = 'both' AND focus > 0 THEN focus - least(focus, greatest(-comparison, 0)) ELSE 0 END,
           CASE WHEN kind = 'both' AND focus < 0 THEN focus + least(-focus, greatest(comparison, 0)) ELSE 0 END,
           CASE WHEN kind = 'both' AND focus > 0 THEN least(focus, greatest(-comparison, 0)) ELSE 0 END,
           CASE WHEN kind = 'both' AND focus < 0 THEN -least(-focus, greatest(comparison, 0)) ELSE 0 END
    FROM (SELECT coalesce(focus_after, 0) - coalesce(focus_before, 0) AS focus, coalesce(comparison_after, 0) - coalesce(comparison_before, 0) AS comparison,
                 CASE WHEN coalesce(focus_before, 0) = 0 AND coalesce(comparison_before, 0) = 0 THEN 'new'
                      WHEN coalesce(focus_after, 0) = 0 AND coalesce(comparison_after, 0) = 0 THEN 'lost' ELSE 'both' END AS kind) c;
  END;
COMMENT ON FUNCTION segment.switching(numeric, numeric, numeric, numeric) IS
  'why one customer''s spend on the focus (a product, brand, category, channel) changed between two periods, beside a comparison: all of it new where there was no spend on either before, lost where there is none after; else, what went up while the comparison went down was switched in, and what went down while it went up was switched out (as far as both moved), and the rest is focus_up and focus_down. The six add up to the change; lost, focus_down and switched_out are negative. NULL counts as 0: no spend';
