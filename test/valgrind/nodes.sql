SELECT count(segment.rfm_frequency(x)) FROM (SELECT c, segment.rfm_agg(d, a) x FROM o GROUP BY c) s
SELECT count(segment.rfm_frequency(x)) FROM (SELECT c, segment.rfm_agg(d, a, id) x FROM o GROUP BY c) s
SELECT count(segment.rfm_frequency(x)) FROM (SELECT c, segment.rfm_agg(d, a, id) x FROM o WHERE a > 20 GROUP BY c) s
SELECT sum(length(x::text)) FROM (SELECT c, segment.ledger_agg(d, a, id) x FROM o GROUP BY c) s
SELECT count(segment.score_code(s)) FROM (SELECT c, segment.rfm_score(segment.rfm_agg(d, a, id), date '2025-12-31') OVER () s FROM o GROUP BY c) s
SELECT count(segment.score_code(s)) FROM (SELECT c, segment.rfm_score(segment.rfm_agg(d, a), date '2025-12-31') OVER (PARTITION BY c % 5) s FROM o GROUP BY c) s
