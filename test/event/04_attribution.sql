-- 04_attribution.sql: attribution by Snowplow's expected rows, credits that add up to the cent, channels of customers
\ir ../lib/begin.sql
SELECT plan(49);
SET search_path = public, segment;

CREATE FUNCTION credits(value numeric, path text, model text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(a.credit::text, ' ' ORDER BY touch)
  FROM (SELECT array_agg(timestamp '2024-01-01' + make_interval(days => n::int) ORDER BY n) AS ats, array_agg(trim(c) ORDER BY n) AS channels FROM unnest(string_to_array(path, '>')) WITH ORDINALITY u(c, n)) p,
       attribution(timestamp '2024-01-15', value, ats, channels, model) a
$$;
SELECT is(credits(value, path, model), want, format('%s of %s, %s', value, path, model))
FROM (VALUES (50, 'Direct', 'first', '50.00'), (50, 'Direct', 'last', '50.00'), (50, 'Direct', 'linear', '50.00'), (50, 'Direct', 'position', '50.00'),
             (66.50, 'Display > Organic', 'first', '66.50 0.00'), (66.50, 'Display > Organic', 'last', '0.00 66.50'), (66.50, 'Display > Organic', 'linear', '33.25 33.25'), (66.50, 'Display > Organic', 'position', '33.25 33.25'),
             (140, 'Direct > Organic > Direct', 'first', '140.00 0.00 0.00'), (140, 'Direct > Organic > Direct', 'last', '0.00 0.00 140.00'), (140, 'Direct > Organic > Direct', 'linear', '46.67 46.67 46.66'),
             (140, 'Direct > Organic > Direct', 'position', '56.00 28.00 56.00'), (140, 'Direct > Organic > Direct', 'last_non_direct', '0.00 140.00 0.00'), (140, 'Direct > Direct', 'last_non_direct', '0.00 140.00'),
             (0.01, 'a > b > c', 'linear', '0.01 0.00 0.00'), (-140, 'a > b > c', 'linear', '-46.67 -46.67 -46.66'), (1.005, 'a > b', 'linear', '0.503 0.502')) v(value, path, model, want);
SELECT is((SELECT string_agg(credit::text, ' ' ORDER BY touch) FROM attribution(timestamptz '2024-01-15 00:00+00', 140, '{2024-01-01 00:00+00,2024-01-08 00:00+00,2024-01-15 00:00+00}', '{a,b,c}', 'time_decay', half_life => '7 days')),
  '46.67 93.33', 'a touch at the conversion is none');
SELECT is(split_exact(140, attribution_shares(3, 'time_decay', '{14,7,0}', 7)), '{20.00,40.00,80.00}', 'time decay: 14, 7 and 0 days, half-life 7');
SELECT is(attribution_shares(2, 'time_decay', '{100000,100001}', 1), ARRAY[2.0 / 3, 1.0 / 3]::float8[], 'no weight is lost, however old');
SELECT is((SELECT string_agg(coalesce(touch::text, '-') || channel || credit, ' ') FROM attribution(timestamp '2024-02-15', 10, ARRAY[t]::timestamp[], '{a}', look_back => '30 days')), want, 'touched ' || t)
FROM (VALUES ('2024-01-16 00:00:00', '1a10.00'), ('2024-01-15 23:59:59', '-no touch10'), ('2024-02-15 00:00:00', '-no touch10'), ('2024-02-14 23:59:59', '1a10.00'), (NULL, '-no touch10')) v(t, want);
SELECT is((SELECT string_agg(channel, ' ' ORDER BY touch) FROM attribution(timestamp '2024-02-15', 10, '{2024-02-02,2024-02-01,2024-02-02}', '{b,NULL,a}')), 'unknown a b', 'in order of time, ties by channel');
SELECT is((SELECT string_agg(channel, ' ' ORDER BY touch) FROM attribution(timestamp '2024-02-15', 10, '{2024-02-02,2024-02-01}', '{b,a}', touched_from => '2024-02-02')), 'b', 'since the conversion before');

SELECT is((SELECT string_agg(channel || credit, ' ' ORDER BY touch) FROM attribution(date '2024-02-15', 10, '{2024-02-14,2024-02-15,2024-01-16,2024-01-15}', '{a,b,c,d}')), 'c5.00 a5.00', 'dates: the same day is not before');

-- the credits of 1,000 random paths add up exactly, under every model
CREATE TABLE path AS
SELECT p, model, round((hashint8(p)::bigint + 2147483648) % 10000000 / 10.0 ^ (p % 5) * CASE WHEN p % 9 = 0 THEN -1 ELSE 1 END, p % 5) AS value,
       ARRAY(SELECT timestamp '2024-03-01' - make_interval(secs => (hashint8(p * 100::bigint + n)::bigint + 2147483648) % 3000000) FROM generate_series(0, (p * 7) % 12) n) AS ats,
       ARRAY(SELECT (ARRAY['Direct', 'email', 'social', 'search'])[1 + (p + n * n) % 4] FROM generate_series(0, (p * 7) % 12) n) AS channels
FROM generate_series(1, 1000) p, unnest('{first,last,last_non_direct,linear,position,time_decay}'::text[]) model;
SELECT is_empty($$SELECT p, model, value, sum(credit) FROM path, attribution(timestamp '2024-03-01', value, ats, channels, model, '20 days') GROUP BY p, model, value HAVING sum(credit) <> value OR abs(sum(share) - 1) > 1e-12$$, 'credits add up to the value');
SELECT is_empty($$SELECT p, model FROM path, attribution(timestamp '2024-03-01', value, ats, channels, model, '20 days') WHERE abs(credit - value * share::numeric) > 0.010000001$$, 'each within a cent of its share');
SELECT cmp_ok((SELECT count(*) FROM path, attribution(timestamp '2024-03-01', value, ats, channels, model, '20 days') WHERE touch IS NULL), '>', 50::bigint, 'and some have no touch');

-- paths
SELECT is(array_to_string(attribution_path(string_to_array('a a a Direct a Direct Direct', ' '), transform), ' '), want, transform)
FROM (VALUES ('exposure', 'a Direct a Direct'), ('first', 'a Direct'), ('remove_direct', 'a a a a'), ('remove_last_direct', 'a a a Direct a')) v(transform, want);
SELECT is(attribution_path('{Direct,Direct}', transform), '{Direct,Direct}', 'all direct: ' || transform) FROM unnest('{remove_direct,remove_last_direct}'::text[]) transform;

-- errors
SELECT throws_ok($$SELECT attribution_shares(2, 'markov')$$, '22023', 'unknown model: "markov"', 'an unknown model');
SELECT throws_ok($$SELECT attribution_shares(2, 'time_decay', '{1}')$$, '2202E', 'ages is no list of the touches', 'too few ages');
SELECT throws_ok($$SELECT attribution_shares(1, 'time_decay', '{-1}')$$, '22003', NULL, 'a touch after the conversion');
SELECT throws_ok($$SELECT split_exact(1, '{0,0}')$$, '22023', NULL, 'no share');
SELECT throws_ok($$SELECT split_exact(1e18, '{1}')$$, '22003', NULL, 'too large to be split');

-- channels of customers
SELECT is(string_agg(channel_type(o, s), ', ' ORDER BY n), 'none, online only, store only, omnichannel, none, omnichannel', 'by orders') FROM (VALUES (1, 0, 0), (2, 3, 0), (3, 0, 1), (4, 1, 9), (5, NULL, 0), (6, 1, 1)) v(n, o, s);
SELECT is(string_agg(channel_type(o, s, 0.2), ', ' ORDER BY n), 'online only, store only, omnichannel, omnichannel', 'at least a fifth in each') FROM (VALUES (1, 9, 1), (2, 1, 9), (3, 2, 8), (4, 1, 1)) v(n, o, s);
SELECT is(string_agg(channel_type(o, s), ', ' ORDER BY n), 'none, online only, store only, omnichannel, none', 'by whether there were any') FROM (VALUES (1, false, false), (2, true, false), (3, false, true), (4, true, true), (5, NULL, false)) v(n, o, s);
SELECT is(string_agg(t.mode, ' ' ORDER BY n), 'isolation equilibrium equilibrium transfer', 'where customers go') FROM (VALUES (1, 19, 100), (2, 20, 100), (3, 50, 100), (4, 51, 100)) v(n, another, again), channel_transfer(another, again) t;
SELECT is((channel_transfer(0, 0)).mode, NULL, 'nobody came again');

-- an engagement score as docs/event.md has it
SELECT is(round(sum(weight * 0.5 ^ (age / 30.0)), 10), 7.2937005260, 'engagement by weights and half-life') FROM (VALUES (5, 0), (1, 10), (1, 30), (3, 60), (2, 90)) v(weight, age);
SELECT is(round(ledger_decayed(ledger_agg(date '2025-12-31' - age, weight), '2025-12-31', '30 days')::numeric, 10), 7.2937005260, 'and by a ledger of weights') FROM (VALUES (5, 0), (1, 10), (1, 30), (3, 60), (2, 90)) v(weight, age);

SELECT * FROM finish();
ROLLBACK;
