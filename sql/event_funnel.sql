-- event: how far people get through steps; ties, repeated steps, people in progress, errors
\set VERBOSITY terse
SET datestyle = ISO;
SET intervalstyle = postgres;
SET search_path = public, segment;

CREATE TEMP TABLE e (person int, at timestamp, kind text);
INSERT INTO e VALUES
  (1, '2024-03-01 10:00', 'view'), (1, '2024-03-01 10:05', 'basket'), (1, '2024-03-03 09:00', 'purchase'),
  (2, '2024-03-02 11:00', 'view'), (2, '2024-03-08 11:00', 'view'), (2, '2024-03-09 11:00', 'basket'), (2, '2024-03-09 11:00', 'purchase'),
  (3, '2024-03-05 12:00', 'basket'), (4, NULL, 'view'), (5, '2024-03-20 12:00', 'view');

CREATE TEMP TABLE f AS SELECT person, funnel_agg(at, '7 days', kind = 'view', kind = 'basket', kind = 'purchase') AS funnel FROM e GROUP BY person;
SELECT person, funnel::jsonb FROM f ORDER BY person;
SELECT person, funnel_time(funnel, 3), funnel_in_progress(funnel, '2024-03-24') FROM f ORDER BY person;
SELECT step, reached, entered, rate, median_step_time, median_time, in_progress FROM (SELECT funnel_table_agg(funnel) AS x FROM f) y, funnel_table(x, '2024-03-24');
SELECT person, funnel_reached(funnel_agg(at, '7 days', 'later', 'ordered', kind = 'view', kind = 'basket', kind = 'purchase')) FROM e GROUP BY person ORDER BY person;
SELECT person, funnel_reached(funnel_agg(at, '7 days', 'any', 'any_order', kind = 'purchase', kind = 'view', kind = 'view')) FROM e GROUP BY person ORDER BY person;
SELECT funnel FROM f WHERE person = 3;
SELECT (x + y)::jsonb FROM (SELECT funnel_table_agg(funnel) FILTER (WHERE person < 3) AS x, funnel_table_agg(funnel) FILTER (WHERE person >= 3) AS y FROM f) z;
SELECT funnel_agg(at, '1 month', true) FROM e;
SELECT funnel_agg(at, '1 day', 'none', 'ordered', true) FROM e;
SELECT funnel_table(x, '2024-03-01') FROM (SELECT funnel_table_agg(funnel) AS x FROM f) y;
SELECT '01'::funnel;
