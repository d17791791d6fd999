-- 60_policies.sql: row-level security on the scheme tables: what a policy reads may change between two calls of one place.
\ir ../lib/begin.sql
SELECT plan(4);

INSERT INTO segment.scheme (name, bins) VALUES ('by_shop', 5);
INSERT INTO segment.scheme_rule (scheme, position, segment) VALUES ('by_shop', 1, 'north'), ('by_shop', 2, 'south');
CREATE ROLE segment_shop;
GRANT CREATE, USAGE ON SCHEMA public TO segment_shop;
ALTER TABLE segment.scheme_rule ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_shop ON segment.scheme_rule USING (segment = current_setting('shop.name', true));

-- one call site in a loop: nothing is written between its calls
CREATE FUNCTION by_loop() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  shop text;
  answer text := '';
BEGIN
  FOREACH shop IN ARRAY '{north,south,north,elsewhere}'::text[] LOOP
    PERFORM set_config('shop.name', shop, true);
    answer := answer || segment.label('5-5-5', 'by_shop') || ' ';
  END LOOP;
  RETURN answer;
END
$$;
SELECT is(by_loop(), 'north north north north ', 'a user whom no policy binds sees all rules');
SET LOCAL ROLE segment_shop;
SELECT is(by_loop(), 'north south north Others ', 'a user under a policy sees his own, whatever the setting was before');
SELECT is((SELECT string_agg(segment.label('5-5-5', 'by_shop') || set_config('shop.name', next, true), ' ' ORDER BY n)
           FROM (SELECT * FROM (VALUES (1, 'south'), (2, 'north'), (3, 'south')) v (n, next) ORDER BY n OFFSET 0) v),
          'Otherssouth southnorth northsouth', 'also from row to row');
SELECT is((SELECT max(segment.label(s, 'by_shop')) FROM (SELECT '5-5-5'::segment.rfm_score AS s FROM generate_series(1, 2000)) q), 'south',
          'many rows');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
