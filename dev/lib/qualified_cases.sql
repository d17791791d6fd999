SET LOCAL search_path = pg_catalog, pg_temp;
-- What dev/lib/qualified.pl must find, a line each; dev/lint sees that it does, and that it finds nothing else here.
CREATE TABLE segment.mine (a int);
CREATE TYPE segment.kind AS (a int);
CREATE FUNCTION segment.fine(x int) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT pg_catalog.abs(x); END;
CREATE FUNCTION segment.pinned() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER good BEFORE INSERT ON segment.mine FOR EACH ROW EXECUTE FUNCTION segment.pinned();
GRANT SELECT ON segment.mine TO PUBLIC;
GRANT USAGE ON SCHEMA segment, segment_internal TO PUBLIC;
CREATE INDEX ON segment.mine (a);
DO $$ BEGIN EXECUTE format('SELECT segment.fine(a) FROM segment.mine WHERE a = %s', 1); EXECUTE 'TABLE pg_class'; RAISE EXCEPTION 'mine (1) is broken'; END $$;
DO $$ BEGIN EXECUTE 'SELECT fine(1)'; END $$; -- found
DO $$ BEGIN EXECUTE format('SELECT %s', 1) || ' FROM mine'; END $$; -- found
DO $$ BEGIN EXECUTE format($f$INSERT INTO mine VALUES (%s)$f$, 1); END $$; -- found
DO $$ BEGIN EXECUTE format('SELECT %L::kind', '(1)'); END $$; -- found
DO $$ BEGIN PERFORM segment_internal.run_restricted(concat('DELETE FROM ', 'segment.mine', ' USING mine')); END $$; -- found
GRANT SELECT ON mine TO PUBLIC; -- found
GRANT SELECT ON segment.mine, theirs TO PUBLIC; -- found
GRANT EXECUTE ON FUNCTION fine(int) TO PUBLIC; -- found
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC; -- found
CREATE TRIGGER bad BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION segment.pinned(); -- found
CREATE TRIGGER bad BEFORE INSERT ON segment.mine FOR EACH ROW EXECUTE FUNCTION theirs(); -- found
CREATE POLICY bad ON mine USING (true); -- found
CREATE UNIQUE INDEX bad ON mine (a); -- found
COMMENT ON COLUMN mine.a IS 'a column'; -- found
COMMENT ON TRIGGER bad ON mine IS 'a trigger'; -- found
SELECT fine(1); -- found
SELECT * FROM theirs; -- found
CREATE FUNCTION segment.loose() RETURNS int LANGUAGE sql AS 'SELECT 1'; -- found
