-- 10_check.sql: the shipped schemes against their publications, cell by cell, and what check_scheme says of them. The
-- counts come from an enumeration of every cell that was made without this extension.
\ir ../lib/begin.sql
SELECT plan(39);

-- All cells of a scheme with its label.
CREATE FUNCTION pg_temp.cells(scheme text) RETURNS TABLE (code int, segment text) LANGUAGE sql AS $$
  SELECT r * 100 + f * 10 + m, segment.label(segment.rfm_score(r, f, m, s.bins), s.name)
  FROM segment.scheme s, generate_series(1, s.bins) r, generate_series(1, s.bins) f, generate_series(1, s.bins) m
  WHERE s.name = scheme
$$;
-- "Segment count, Segment count, …" by count, then name.
CREATE FUNCTION pg_temp.sizes(scheme text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(segment || ' ' || n, ', ' ORDER BY n DESC, segment COLLATE "C")
  FROM (SELECT segment, count(*) AS n FROM pg_temp.cells(scheme) GROUP BY segment) s
$$;
-- How many rows of a kind check_scheme gives, and how many different cells they name.
CREATE FUNCTION pg_temp.found(scheme text, what text) RETURNS text LANGUAGE sql AS $$
  SELECT count(*) || ' ' || count(DISTINCT cells[1]) FROM segment.check_scheme(scheme) WHERE kind = what
$$;

-- The R package's rules, now and before (README and old tests of the package).
SELECT is(pg_temp.sizes('r_package'),
  'Potential Loyalist 35, Loyal Customers 15, New Customers 15, Lost 14, About To Sleep 10, Others 10, Promising 8, '
  'At Risk 7, Can''t Lose Them 6, Need Attention 4, Champions 1', 'r_package: cells of each segment');
SELECT is((SELECT array_agg(cells[1] ORDER BY cells) FROM segment.check_scheme('r_package') WHERE kind = 'gap'),
  '{2-1-5,2-4-1,2-5-1,2-5-2,3-4-1,3-5-1,4-4-1,4-5-1,5-4-1,5-5-1}', 'r_package: its ten gaps');
SELECT is(pg_temp.found('r_package', 'overlap'), '58 58', 'r_package: 58 cells match more than one rule');
SELECT is(pg_temp.found('r_package', 'dead rule'), '0 0', 'r_package: every rule fires');
SELECT is(pg_temp.sizes('r_package_old'),
  'Others 36, Loyal Customers 28, Potential Loyalist 24, At Risk 20, Champions 8, About To Sleep 3, Lost 3, '
  'Need Attention 3', 'r_package_old: cells of each segment');
SELECT is(pg_temp.found('r_package_old', 'gap'), '36 36', 'r_package_old: 36 cells without a rule');
SELECT is((SELECT array_agg(message ORDER BY positions) FROM segment.check_scheme('r_package_old') WHERE kind = 'dead rule'),
  ARRAY['Rule 4 (New Customers) never fires: earlier rules take every customer that it would match.',
        'Rule 5 (Promising) never fires: earlier rules take every customer that it would match.',
        'Rule 9 (Can''t Lose Them) never fires: earlier rules take every customer that it would match.'],
  'r_package_old: three dead rules');
SELECT is((SELECT cells FROM segment.check_scheme('r_package_old') WHERE kind = 'dead rule' AND positions = '{9}'),
  '{1-4-4,1-4-5,1-5-4,1-5-5}', 'a dead rule comes with the cells that it covers');

-- Lists of cells, as published.
CREATE TEMP TABLE published (scheme text, segment text, codes text);
INSERT INTO published VALUES
  ('classic', 'Champions', '555,554,544,545,454,455,445'),
  ('classic', 'Loyal', '543,444,435,355,354,345,344,335'),
  ('classic', 'Potential Loyalist',
   '553,551,552,541,542,533,532,531,452,451,442,441,431,453,433,432,423,353,352,351,342,341,333,323'),
  ('classic', 'New', '512,511,422,421,412,411,311'),
  ('classic', 'Promising', '525,524,523,522,521,515,514,513,425,424,413,414,415,315,314,313'),
  ('classic', 'Need Attention', '535,534,443,434,343,334,325,324'),
  ('classic', 'About To Sleep', '331,321,312,221,213,231,241,251'),
  ('classic', 'At Risk', '255,254,245,244,253,252,243,242,235,234,225,224,153,152,145,143,142,135,134,133,125,124'),
  ('classic', 'Cannot Lose', '155,154,144,214,215,115,114,113'),
  ('classic', 'Hibernating', '332,322,233,232,223,222,132,123,122,212,211'),
  ('classic', 'Lost', '111,112,121,131,141,151'),
  ('klaviyo', 'Champions', '333,332,323'),
  ('klaviyo', 'Loyal', '321,322,331,232,233'),
  ('klaviyo', 'Recent', '312,313,311,222,223'),
  ('klaviyo', 'Needs attention', '213,221,123,132,133'),
  ('klaviyo', 'At risk', '231,212,122,131,211'),
  ('klaviyo', 'Inactive', '111,112,113,121'),
  ('quartiles', 'Premium', '334,443,444,344,434,433,343,333'),
  ('quartiles', 'Repeat', '244,234,232,332,143,233,243'),
  ('quartiles', 'Top Spender', '424,414,144,314,324,124,224,423,413,133,323,313,134'),
  ('quartiles', 'At Risk', '422,223,212,122,222,132,322,312,412,123,214'),
  ('quartiles', 'Inactive', '411,111,113,114,112,211,311'),
  ('quartiles', 'Others', '121,131,141,142,213,221,231,241,242,321,331,341,342,421,431,432,441,442');
SELECT set_eq(format('SELECT code, segment FROM pg_temp.cells(%L)', s),
  format('SELECT code::int, segment FROM published, string_to_table(codes, '','') code WHERE scheme = %L', s),
  s || ': cell by cell as published')
FROM unnest(ARRAY['classic', 'klaviyo', 'quartiles']) s;

SELECT is(pg_temp.found(s, 'gap') || ', ' || pg_temp.found(s, 'overlap') || ', ' || pg_temp.found(s, 'dead rule'), '0 0, 0 0, 0 0',
  s || ': complete, no overlap, no dead rule')
FROM unnest(ARRAY['classic', 'grid', 'klaviyo', 'high_low', 'standard']) s;
SELECT is(pg_temp.found('quartiles', 'gap') || ', ' || pg_temp.found('quartiles', 'overlap'), '18 18, 0 0',
  'quartiles: 18 of 64 cells have no rule, none has two');

-- Braze: scores 0 to 3 in the publication.
SELECT is((SELECT array_agg(cells[1]) FROM segment.check_scheme('braze') WHERE kind = 'gap'), '{1-4-1}',
  'braze: one hole, (0, 3, 0)');
SELECT is(pg_temp.found('braze', 'overlap'), '39 39', 'braze: 39 cells match more than one rule');
SELECT is(segment.label('4-3-3/4', 'braze'), 'Champions', 'braze: 3/2-3/2-3');
SELECT is(segment.label('4-1-1/4', 'braze'), 'New Customer', 'braze: 3/0-3/0-3 behind the others');
SELECT is(segment.label('1-3-3/4', 'braze'), 'Cannot lose them', 'braze: 0-1/2-3/2-3');
SELECT is(segment.label('1-3-1/4', 'braze'), 'Hibernating', 'braze: 0/0-2/0-3');

-- The grid does not look at money.
SELECT is((SELECT count(DISTINCT (code / 10, segment))::int FROM pg_temp.cells('grid')), 25, 'grid: 25 cells of recency and frequency');
SELECT is((SELECT string_agg(segment || ' ' || n, ', ' ORDER BY segment COLLATE "C")
           FROM (SELECT segment, count(*) / 5 AS n FROM pg_temp.cells('grid') GROUP BY 1) g),
  'about_to_sleep 2, at_risk 4, cant_loose 2, champions 2, hibernating 4, loyal_customers 4, need_attention 1, '
  'new_customers 1, potential_loyalists 4, promising 1', 'grid: cells of recency and frequency of each segment');
SELECT is((SELECT count(*)::int FROM pg_temp.cells('high_low')), 8, 'high_low: eight types');
SELECT is((SELECT count(DISTINCT segment)::int FROM pg_temp.cells('high_low')), 8, 'high_low: each with a name of its own');

-- Our own: nothing at all to say about it; and its words.
SELECT is_empty($$SELECT * FROM segment.check_scheme('standard')$$, 'standard: complete, no overlap, monotone');
SELECT is((SELECT string_agg(segment, ', ' ORDER BY sort) FROM segment.scheme_segments WHERE scheme = 'standard' AND sort < 1000),
  'Champions, Loyal, Big Spenders, Potential Loyalists, New, Promising, Need Attention, Cannot Lose, At Risk, '
  'Hibernating, Lost', 'standard: its segments, best first');
SELECT is_empty($$SELECT * FROM segment.scheme_segments
  WHERE sort IS NULL OR meaning IS NULL OR action IS NULL OR colour IS NULL$$, 'every shipped segment has sort, meaning, action, colour');
SELECT is_empty($$SELECT scheme, sort FROM segment.scheme_segments GROUP BY 1, 2 HAVING count(*) > 1$$,
  'sort keys are distinct within a scheme');
SELECT is_empty($$SELECT scheme, colour FROM segment.scheme_segments GROUP BY 1, 2 HAVING count(*) > 1$$,
  'so are colours');
SELECT is_empty($$SELECT * FROM segment.scheme WHERE title IS NULL OR source IS NULL OR NOT shipped$$, 'each states title and source');

-- Faults that are put in on purpose.
SELECT segment.copy_scheme('standard', 'broken') \g /dev/null
DELETE FROM segment.scheme_rule WHERE scheme = 'broken' AND segment = 'Lost';
SELECT is(pg_temp.found('broken', 'gap'), '6 6', 'a deleted rule leaves its cells open');
UPDATE segment.scheme_rule SET position = 900 WHERE scheme = 'broken' AND segment = 'New';
SELECT is((SELECT message FROM segment.check_scheme('broken') WHERE kind = 'dead rule'),
  'Rule 900 (New) never fires: earlier rules take every customer that it would match.',
  'an exception behind its rule is dead');
UPDATE segment.scheme_rule SET position = 1, tenure_days_upper = NULL WHERE scheme = 'broken' AND segment = 'New';
SELECT is((SELECT array_agg(DISTINCT positions::text) FROM segment.check_scheme('broken') WHERE kind = 'overlap'), '{"{1,11}"}',
  'a rule that lost its condition overlaps');
UPDATE segment.scheme_rule SET tenure_days_upper = 60, sort = 999 WHERE scheme = 'broken' AND segment = 'New';
SELECT is((SELECT message FROM segment.check_scheme('broken') WHERE kind = 'non-monotone' LIMIT 1),
  '3-1-1 is Need Attention, but 4-1-1, better in recency, is New (with 1 to 2 orders, first order 0 to 60 days ago).',
  'a better score with a worse name is told, with the customers it concerns');

SELECT throws_ok($$SELECT * FROM segment.check_scheme('standart')$$, '42704', 'scheme "standart" does not exist', 'an unknown scheme');
SELECT is_empty('SELECT * FROM segment.check_scheme(NULL)', 'NULL gives no rows');

SELECT * FROM finish();
ROLLBACK;
