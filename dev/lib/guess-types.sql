-- guess-types.sql: table file (all text) becomes table orders, each column with the type that all its values have:
-- bigint, numeric, timestamp or timestamptz, else text. Empty values are NULL. A first look at 1,000 rows names the
-- candidate, casting every value decides. Numbers with leading zeros stay text: they are codes.
SET client_min_messages = warning;
CREATE TEMP TABLE guess (position int, name text, type text, style text);

DO $$
DECLARE
  col record;
  candidate text;
  trial text;
BEGIN
  FOR col IN SELECT attnum, attname FROM pg_attribute WHERE attrelid = 'file'::regclass AND attnum > 0 ORDER BY attnum
  LOOP
    EXECUTE format($q$
      SELECT CASE
               WHEN count(v) = 0 THEN 'text'
               WHEN bool_and(v ~ '^\s*[-+]?([1-9]\d{0,17}|0)\s*$') THEN 'bigint,numeric'
               WHEN bool_and(v ~ '^\s*[-+]?([1-9]\d*|0)?(\.\d*)?([eE][-+]?\d+)?\s*$' AND v ~ '\d') THEN 'numeric'
               WHEN bool_and(v ~ '^\s*\d{1,4}[-/. ]\w{1,9}[-/. ]\d{1,4}.*(\d|[Zz])\s*([AaPp][Mm])?\s*$') THEN
                 CASE WHEN bool_or(v ~ ':.*([Zz]|[-+]\d\d(:?\d\d)?)\s*$') THEN 'timestamptz' ELSE 'timestamp' END
               ELSE 'text'
             END
      FROM (SELECT nullif(%1$I, '') AS v FROM file LIMIT 1000) sample$q$, col.attname) INTO candidate;
    FOREACH trial IN ARRAY string_to_array(candidate || ',text', ',')
    LOOP
      FOR n IN 1..2
      LOOP
        BEGIN
          -- 3/4/2025 is the 4th of March unless a value contradicts.
          PERFORM set_config('datestyle', CASE n WHEN 1 THEN 'ISO, MDY' ELSE 'ISO, DMY' END, true);
          EXECUTE format('SELECT count(nullif(%I, '''')::%s) FROM file', col.attname, trial);
          INSERT INTO guess VALUES (col.attnum, col.attname, trial, current_setting('datestyle'));
          EXIT;
        EXCEPTION WHEN data_exception THEN
          NULL;
        END;
      END LOOP;
      EXIT WHEN EXISTS (SELECT FROM guess WHERE position = col.attnum);
    END LOOP;
  END LOOP;
END
$$;

-- One order of day and month for the whole file: the one that the strictest column needs.
SELECT coalesce(max(style) FILTER (WHERE type LIKE 'timestamp%' AND style LIKE '%DMY'), 'ISO, MDY') AS style FROM guess \gset
SET datestyle = :'style';
SELECT format('CREATE UNLOGGED TABLE orders AS SELECT %s FROM file',
              string_agg(CASE type WHEN 'text' THEN format('%1$I', name)
                                   ELSE format('nullif(%1$I, '''')::%2$s AS %1$I', name, type) END, ', ' ORDER BY position))
FROM guess \gexec
DROP TABLE file;
ANALYZE orders;
