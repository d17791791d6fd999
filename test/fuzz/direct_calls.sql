-- Calls of every function of the extension, straight from SQL, with arguments that nobody had in mind. Loaded by
-- test/t/015_direct_calls.pl into an empty database with the extension, as a superuser; the calls are made as role fuzzer.
CREATE SCHEMA fz;
GRANT USAGE, CREATE ON SCHEMA fz TO fuzzer;
SET search_path = fz, public;

-- What arguments are made of: expressions of each type.
CREATE TABLE value (type oid, k int, expression text, PRIMARY KEY (type, k));
CREATE FUNCTION add_values(type regtype, VARIADIC expressions text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO value SELECT type, (SELECT count(*) FROM value v WHERE v.type = $1) + n - 1, e FROM unnest(expressions) WITH ORDINALITY t (e, n)
$$;
CREATE TABLE orders AS SELECT g % 7 AS customer, date '2024-01-01' + g % 50 AS at, (g % 13 - 2)::numeric AS amount, g FROM generate_series(1, 100) g;
GRANT SELECT ON orders TO fuzzer;

SELECT add_values('int', '0', '1', '2', '3', '5', '-1', '64', '1000', '2147483647', '-2147483648'),
  add_values('smallint', '0::smallint', '1::smallint', '-1::smallint', '32767::smallint', '(-32768)::smallint'),
  add_values('bigint', '0::bigint', '1::bigint', '-1::bigint', '1000000::bigint', '9223372036854775807', '(-9223372036854775808)'),
  add_values('numeric', '0.0', '1.5', '-1.25', '12345.67', '1e-20::numeric', '1e29::numeric', '1e30::numeric', '1e200::numeric', '''NaN''::numeric', '''Infinity''::numeric', '0.000000000000000000001'),
  add_values('float8', '0::float8', '1::float8', '-1::float8', '0.5::float8', '2.5::float8', '30::float8', '365.25::float8', '1e-300::float8', '1e300::float8', '5e-324::float8', '''NaN''::float8', '''Infinity''::float8', '''-Infinity''::float8', '''-0''::float8'),
  add_values('real', '0::real', '1.5::real', '''NaN''::real', '3e38::real'),
  add_values('boolean', 'true', 'false'),
  add_values('date', 'date ''2024-03-01''', 'date ''2024-02-29''', 'date ''2000-01-01''', 'date ''infinity''', 'date ''-infinity''', 'date ''4714-11-24 BC''', 'date ''5874897-12-31'''),
  add_values('timestamp', 'timestamp ''2024-03-01 12:00''', 'timestamp ''infinity''', 'timestamp ''4714-11-24 BC''', 'timestamp ''294276-12-31 23:59:59.999999'''),
  add_values('timestamptz', 'timestamptz ''2024-03-01 12:00 UTC''', 'timestamptz ''-infinity''', 'timestamptz ''4714-11-24 BC UTC''', 'timestamptz ''294276-12-31 23:59 UTC'''),
  add_values('interval', 'interval ''1 day''', 'interval ''1 mon''', 'interval ''0''', 'interval ''-3 days''', 'interval ''178000000 years''', 'interval ''1 microsecond'''),
  add_values('text', '''''', '''UTC''', '''Europe/Berlin''', '''classic''', '''log''', '''none''', '''sqrt''', '''standard''', '''skip''', '''error''', '''mean''', '''quantile''', '''equal_width''', '''natural''', '''total''', '''average''',
    '''bgnbd''', '''nbd''', '''pareto_nbd''', '''bgbb''', '''full''', '''diag''', '''month''', '''week''', '''5''', '''within {30,90}''', '''a"b\c%d''', 'repeat(''x'', 70000)', '''é€😀''', '''r = 5 and f >= 3''', '''select 1'''),
  add_values('name', '''x''::name', '''''::name', '''at''::name', '''customer''::name'),
  add_values('bytea', '''\x''::bytea', '''\x0100''::bytea', '''\xffffffffffffffffffffffffffffffff''::bytea', 'decode(repeat(''01'', 5000), ''hex'')'),
  add_values('jsonb', '''{}''::jsonb', '''[]''::jsonb', '''null''::jsonb', '''{"a":[1,{"b":null}],"label":"x"}''::jsonb', '''"x"''::jsonb', '''1e400''::jsonb'),
  add_values('json', '''{}''::json', '''[1,2]''::json'),
  add_values('uuid', '''00000000-0000-0000-0000-000000000001''::uuid'),
  add_values('oid', '0::oid', '1259::oid', '4294967295::oid'),
  add_values('regclass', '''fz.orders''::regclass', '''pg_class''::regclass', '0::regclass', '999999999::regclass'),
  add_values('regtype', '''int''::regtype', '0::regtype'),
  add_values('regprocedure', '0::regprocedure'),
  add_values('regrole', '''fuzzer''::regrole', '0::regrole'),
  add_values('"char"', '''x''::"char"', '''''::"char"'),
  add_values('cstring', '''''', '''1''', '''{1,2}''', '''\x00'''),
  add_values('internal', 'NULL'),
  add_values('float8[]', '''{}''::float8[]', '''{1}''::float8[]', '''{1,2}''::float8[]', '''{1,2,3}''::float8[]', '''{1,NULL}''::float8[]', '''{NULL,NULL,NULL}''::float8[]', '''{NaN,1,2}''::float8[]', '''{Infinity,1}''::float8[]', '''{{1,2},{3,4}}''::float8[]',
    '''[0:1]={1,2}''::float8[]', '''{1e300,-1e300}''::float8[]', 'array_fill(1.5::float8, ARRAY[64])', 'array_fill(1.5::float8, ARRAY[65])', 'array_fill(2::float8, ARRAY[5000])'),
  add_values('int[]', '''{}''::int[]', '''{1,2,3}''::int[]', '''{NULL,1}''::int[]', '''{{1,2},{3,4}}''::int[]', '''[5:6]={-1,2147483647}''::int[]', 'array_fill(7, ARRAY[3000])'),
  add_values('bigint[]', '''{}''::bigint[]', '''{1,2,3}''::bigint[]', '''{NULL,9223372036854775807}''::bigint[]', '''{{1},{2}}''::bigint[]'),
  add_values('numeric[]', '''{}''::numeric[]', '''{1,2.5}''::numeric[]', '''{NaN,NULL}''::numeric[]'),
  add_values('text[]', '''{}''::text[]', '''{a,b,c}''::text[]', '''{NULL}''::text[]', '''{{a,b},{c,d}}''::text[]', '''[0:1]={x,y}''::text[]', '''{"",""}''::text[]', 'array_fill(''z''::text, ARRAY[2000])'),
  add_values('name[]', '''{}''::name[]', '''{at,customer}''::name[]', '''{NULL}''::name[]'),
  add_values('date[]', '''{}''::date[]', '''{2024-01-01,2024-02-01,2024-03-01}''::date[]', '''{2024-03-01,2024-01-01}''::date[]', '''{NULL,infinity}''::date[]', '''{{2024-01-01},{2024-02-01}}''::date[]'),
  add_values('timestamptz[]', '''{}''::timestamptz[]', '''{2024-01-01,infinity}''::timestamptz[]'),
  add_values('boolean[]', '''{}''::boolean[]', '''{t,NULL,f}''::boolean[]'),
  add_values('anyelement', '1', '''x''::text', 'ARRAY[1,2]', '1.5', '''1''::json', 'NULL::int', 'ROW(1,''a'')'),
  add_values('anyarray', 'ARRAY[1,2]', '''{}''::text[]', 'NULL::int[]'),
  add_values('"any"', '1', '''x''::text'),
  add_values('record', 'ROW(1,2)', 'ROW()');

-- Values of our own types, stored in tables as users store them: from the texts that the other fuzzers start from, from
-- changed texts that are accepted, and states of aggregates that have no final function.
CREATE TABLE seed (type name, line text);
CREATE FUNCTION make_pools(rounds int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t record;
  s record;
  changed text;
  at int;
  found int;
BEGIN
  PERFORM setseed(0.25);
  FOR t IN SELECT p.oid::regtype AS type, typname FROM pg_type p WHERE typnamespace = 'segment'::regnamespace AND typtype = 'b' AND typcategory <> 'A' ORDER BY 2 LOOP
    EXECUTE format('CREATE TABLE fz.%I (n int GENERATED ALWAYS AS IDENTITY (MINVALUE 0), v %s)', 'pool_' || t.typname, t.type);
    EXECUTE format('GRANT SELECT ON fz.%I TO fuzzer', 'pool_' || t.typname);
    FOR s IN SELECT line FROM seed WHERE type = t.typname LOOP
      EXECUTE format('INSERT INTO fz.%I (v) VALUES ($1::%s)', 'pool_' || t.typname, t.type) USING s.line;
      PERFORM add_values('cstring', quote_literal(s.line));
      found := 0;
      FOR i IN 1 .. rounds LOOP
        EXIT WHEN found = 6;
        at := 1 + floor(random() * length(s.line))::int;
        changed := overlay(s.line PLACING substr('0123456789-.,{}:;eN infx', 1 + floor(random() * 24)::int, floor(random() * 3)::int) FROM at FOR floor(random() * 3)::int);
        BEGIN
          EXECUTE format('INSERT INTO fz.%I (v) VALUES ($1::%s)', 'pool_' || t.typname, t.type) USING changed;
          found := found + 1;
        EXCEPTION WHEN OTHERS THEN
          IF i <= 3 THEN
            PERFORM add_values('cstring', quote_literal(changed));
          END IF;
        END;
      END LOOP;
    END LOOP;
  END LOOP;
END
$$;
CREATE FUNCTION list_pools() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t record;
  n int;
BEGIN
  FOR t IN SELECT p.oid::regtype AS type, typname FROM pg_type p WHERE typnamespace = 'segment'::regnamespace AND typtype = 'b' AND typcategory <> 'A' LOOP
    EXECUTE format('SELECT count(*) FROM fz.%I', 'pool_' || t.typname) INTO n;
    FOR i IN 0 .. n - 1 LOOP
      PERFORM add_values(t.type, format('(SELECT v FROM fz.%I WHERE n = %s)', 'pool_' || t.typname, i));
    END LOOP;
  END LOOP;
END
$$;
CREATE FUNCTION add_states() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  CREATE AGGREGATE raw_rfm(date, numeric) (SFUNC = segment_internal.rfm_agg_trans, STYPE = segment.rfm);
  CREATE AGGREGATE raw_quantiles(float8) (SFUNC = segment_internal.quantiles_agg_trans, STYPE = segment.quantiles);
  CREATE AGGREGATE raw_coreset(float8[], text) (SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset);
  CREATE AGGREGATE raw_quality(segment.kmeans_model, float8[]) (SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality);
  INSERT INTO pool_rfm (v) SELECT raw_rfm(at, amount) FROM orders GROUP BY customer % 2;
  INSERT INTO pool_rfm (v) SELECT raw_rfm(at, amount * 9e28) FROM orders;
  INSERT INTO pool_rfm (v) SELECT raw_rfm(at, 1e-20) FROM orders;
  INSERT INTO pool_quantiles (v) SELECT raw_quantiles(amount) FROM orders GROUP BY customer % 2;
  INSERT INTO pool_coreset (v) SELECT raw_coreset(ARRAY[amount, customer], 'none') FROM orders GROUP BY customer % 2;
  INSERT INTO pool_coreset (v) SELECT raw_coreset(NULL, 'log') FROM orders;
  INSERT INTO pool_coreset (v) SELECT segment.coreset_compress(raw_coreset(ARRAY[sqrt(g), g % 91], 'none'), 40) FROM generate_series(1, 10000) g;
  INSERT INTO pool_cluster_quality (v) SELECT raw_quality(m, ARRAY[amount, customer]) FROM orders, (SELECT segment.kmeans(segment.coreset_agg(ARRAY[amount, customer]), 2) FROM orders) k (m);
  INSERT INTO pool_cluster_quality (v) SELECT raw_quality(m, NULL) FROM orders, (SELECT segment.kmeans(segment.coreset_agg(ARRAY[amount, customer]), 2) FROM orders) k (m);
END
$$;

-- The functions.
CREATE TABLE function AS
SELECT (row_number() OVER (ORDER BY p.oid::regprocedure::text) - 1)::int AS k, format('%I.%I', n.nspname, proname) AS name, prokind AS kind, proargtypes::oid[] AS types, pronargs AS args, pronargdefaults AS defaults,
  proretset AS is_set, prorettype AS result, provariadic <> 0 AS is_variadic
FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
WHERE nspname IN ('segment', 'segment_internal');
CREATE UNIQUE INDEX ON function (k);
GRANT SELECT ON value, function TO fuzzer;

ALTER TABLE function ADD is_callable boolean;
UPDATE function SET is_callable = NOT 'internal'::regtype = ANY (types);
-- the functions that SQL can call, numbered
CREATE TABLE callable AS SELECT (row_number() OVER (ORDER BY k) - 1)::int AS n, k FROM function WHERE is_callable;
CREATE UNIQUE INDEX ON callable (n);
GRANT SELECT ON callable, seed TO fuzzer;

CREATE FUNCTION below(n bigint) RETURNS int LANGUAGE sql VOLATILE AS $$SELECT least(floor(random() * n), n - 1)::int$$;

-- An expression for an argument of a type.
CREATE FUNCTION argument(type_wanted oid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  of_type regtype := type_wanted;
  n int;
  chosen int;
  result text;
BEGIN
  IF fz.below(12) = 0 THEN
    RETURN CASE WHEN type_wanted = ANY ('{internal,cstring,anyelement,anyarray,"\"any\"",record}'::regtype[]) THEN 'NULL' ELSE format('NULL::%s', of_type) END;
  END IF;
  SELECT count(*) INTO n FROM fz.value v WHERE v.type = type_wanted;
  IF n = 0 THEN
    RETURN CASE WHEN (SELECT typcategory = 'A' FROM pg_type WHERE oid = type_wanted) THEN format('''{}''::%s', of_type) ELSE format('NULL::%s', of_type) END;
  END IF;
  chosen := fz.below(n);
  SELECT expression INTO result FROM fz.value v WHERE v.type = type_wanted AND v.k = chosen;
  RETURN coalesce(result, 'NULL');
END
$$;

-- A text for an input function: one that the type takes, changed in up to three places.
CREATE FUNCTION changed_text(of_type oid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  lines text[] := (SELECT array_agg(line ORDER BY line) FROM fz.seed s JOIN pg_type t ON t.typname = s.type WHERE t.oid = of_type);
  result text;
BEGIN
  IF lines IS NULL THEN
    RETURN fz.argument('cstring'::regtype);
  END IF;
  result := lines[1 + fz.below(cardinality(lines))];
  FOR i IN 1 .. fz.below(4) LOOP
    result := overlay(result PLACING substr('0123456789-.,{}:;eN infx"\*/()', 1 + fz.below(30), fz.below(3)) FROM 1 + fz.below(length(result) + 1) FOR fz.below(4));
  END LOOP;
  RETURN quote_literal(result) || '::cstring';
END
$$;

-- Call number n of a seed, as a query.
CREATE FUNCTION call(seed int, n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  f fz.function;
  functions int;
  chosen int;
  args int;
  form int;
  rows int;
  list text := '';
  names text := '';
  tuple text;
  any_type text[] := '{}';
  called text;
BEGIN
  PERFORM setseed(((seed::bigint * 1000003 + n) % 2000001) / 1000000.0 - 1.0);
  PERFORM random(), random();
  -- the first calls are one of each function
  functions := (SELECT count(*) FROM fz.callable);
  chosen := CASE WHEN n < (SELECT count(*) FROM fz.function) THEN n ELSE (SELECT c.k FROM (SELECT fz.below(functions) AS n OFFSET 0) b JOIN fz.callable c USING (n)) END;
  SELECT * INTO f FROM fz.function WHERE k = chosen;
  args := f.args - CASE WHEN f.defaults > 0 THEN below(f.defaults + 1) ELSE 0 END;
  form := below(10);
  IF f.kind = 'f' AND (form < 5 OR f.is_set) THEN
    FOR i IN 1 .. args LOOP
      list := list || CASE WHEN i > 1 THEN ', ' ELSE '' END || CASE WHEN f.is_variadic AND i = f.args THEN 'VARIADIC ' ELSE '' END || CASE WHEN f.types[i - 1] = 'cstring'::regtype THEN fz.changed_text(f.result) ELSE fz.argument(f.types[i - 1]) END;
    END LOOP;
    IF f.is_set THEN
      RETURN format('SELECT count(x::text) FROM (SELECT x FROM %s(%s) x LIMIT 50) s', f.name, list);
    END IF;
    RETURN format('SELECT %s(%s)', f.name, list) || CASE WHEN f.result = ANY ('{internal,trigger,event_trigger,void}'::regtype[]) THEN '' ELSE '::text' END;
  END IF;
  -- several rows: what a call keeps from one row to the next
  IF f.kind = 'p' THEN
    FOR i IN 1 .. args LOOP
      list := list || CASE WHEN i > 1 THEN ', ' ELSE '' END || fz.argument(f.types[i - 1]);
    END LOOP;
    RETURN format('CALL %s(%s)', f.name, list);
  END IF;
  rows := 1 + below(5);
  FOR r IN 1 .. rows LOOP
    tuple := '';
    FOR i IN 1 .. args LOOP
      IF f.types[i - 1] = 'cstring'::regtype THEN
        tuple := tuple || ', ' || fz.changed_text(f.result);
      -- any type, but one
      ELSIF f.types[i - 1] = ANY ('{internal,cstring,anyelement,anyarray,"\"any\"",record}'::regtype[]) THEN
        IF r = 1 THEN
          any_type[i] := fz.argument(f.types[i - 1]);
        END IF;
        tuple := tuple || ', ' || any_type[i];
      ELSE
        tuple := tuple || format(', (%s)::%s', fz.argument(f.types[i - 1]), f.types[i - 1]::regtype);
      END IF;
    END LOOP;
    list := list || CASE WHEN r > 1 THEN ' UNION ALL ' ELSE '' END || format('SELECT %s%s', r, tuple);
  END LOOP;
  FOR i IN 1 .. args LOOP
    names := names || CASE WHEN i > 1 THEN ', ' ELSE '' END || CASE WHEN f.is_variadic AND i = f.args THEN 'VARIADIC ' ELSE '' END || 'a' || i;
  END LOOP;
  called := format('%s(%s)', f.name, names);
  IF f.kind = 'w' THEN
    called := called || ' OVER (' || (ARRAY['', 'PARTITION BY no % 2', 'ORDER BY no'])[1 + below(3)] || ')';
  ELSIF f.kind = 'a' THEN
    called := CASE form
      WHEN 0 THEN called || ' OVER (ORDER BY no)'
      WHEN 1 THEN called || ' OVER (ORDER BY no ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)'
      WHEN 2 THEN called || ' FILTER (WHERE no > 1)'
      WHEN 3 THEN format('%s(DISTINCT %s)', f.name, names)
      WHEN 4 THEN format('%s(%s ORDER BY no DESC)', f.name, names)
      ELSE called END;
  END IF;
  RETURN format('SELECT count(result) FROM (SELECT (%s)%s FROM (%s) rows (no%s)%s OFFSET 0) called (result)', called, CASE WHEN f.result = ANY ('{internal,trigger,event_trigger,void}'::regtype[]) THEN '' ELSE '::text' END, list,
    (SELECT coalesce(string_agg(', a' || i, '' ORDER BY i), '') FROM generate_series(1, args) i),
    CASE WHEN f.kind = 'a' AND form BETWEEN 2 AND 9 AND form % 2 = 0 THEN ' GROUP BY no % 2' ELSE '' END);
END
$$;

-- Makes the calls from number a to b; what is wrong with them. An error is right if it has a SQLSTATE of its own.
CREATE FUNCTION make(seed int, a int, b int) RETURNS TABLE (n int, problem text, query text) LANGUAGE plpgsql AS $$
DECLARE
  began timestamptz;
  states text[] := '{}';
BEGIN
  FOR i IN a .. b LOOP
    query := fz.call(seed, i);
    n := i;
    began := clock_timestamp();
    BEGIN
      EXECUTE query;
      states := states || '00000'::text;
    EXCEPTION WHEN OTHERS THEN
      states := states || SQLSTATE;
      IF SQLSTATE LIKE 'XX%' OR SQLSTATE LIKE '58%' OR SQLERRM = '' THEN
        problem := SQLSTATE || ' ' || SQLERRM;
        RETURN NEXT;
      END IF;
    END;
    IF clock_timestamp() > began + interval '5 s' THEN
      problem := 'takes ' || clock_timestamp() - began;
      RETURN NEXT;
    END IF;
  END LOOP;
  n := -1;
  problem := '';
  query := (SELECT string_agg(s || ' ' || c, ',') FROM (SELECT s, count(*) c FROM unnest(states) s GROUP BY s) t);
  RETURN NEXT;
END
$$;
