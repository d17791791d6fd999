-- RESPECT and IGNORE NULLS, which came to all window functions with 19: rfm_score has no use for them and says so.
\ir ../lib/begin.sql
SELECT plan(2);

SELECT CASE WHEN current_setting('server_version_num')::int >= 190000
  THEN throws_ok(format($$SELECT segment.rfm_score(r, date '2024-06-01') %s NULLS OVER ()
    FROM (SELECT segment.rfm_agg(date '2024-01-01' + g, g) AS r FROM generate_series(1, 50) g GROUP BY g) q$$, treatment), '0A000', NULL, treatment || ' NULLS')
  ELSE skip(treatment || ' NULLS: before PostgreSQL 19') END
FROM unnest('{IGNORE,RESPECT}'::text[]) treatment;

SELECT * FROM finish();
ROLLBACK;
