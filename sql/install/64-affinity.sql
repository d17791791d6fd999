-- affinity: the set of things in one basket, and which of them go together

CREATE TYPE segment.items;

CREATE FUNCTION segment_internal.items_in(cstring) RETURNS segment.items
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_in';
COMMENT ON FUNCTION segment_internal.items_in(cstring) IS
  'reads the text of items';

CREATE FUNCTION segment_internal.items_out(segment.items) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_out';
COMMENT ON FUNCTION segment_internal.items_out(segment.items) IS
  'writes items as text';

CREATE FUNCTION segment_internal.items_recv(internal) RETURNS segment.items
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_recv';
COMMENT ON FUNCTION segment_internal.items_recv(internal) IS
  'reads the binary form of items, checking it';

CREATE FUNCTION segment_internal.items_send(segment.items) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_send';
COMMENT ON FUNCTION segment_internal.items_send(segment.items) IS
  'writes the binary form of items';

CREATE TYPE segment.items (
  INPUT = segment_internal.items_in, OUTPUT = segment_internal.items_out, RECEIVE = segment_internal.items_recv, SEND = segment_internal.items_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE segment.items IS
  'a set of items, each once: what lies in one basket, or what one customer has bought. Items are integers or texts, in order; as text a JSON array: [17, 4711] or ["bread", "milk"]';

CREATE FUNCTION segment_internal.items_to_jsonb(items segment.items) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  BEGIN ATOMIC SELECT ((items)::text)::jsonb; END;
COMMENT ON FUNCTION segment_internal.items_to_jsonb(segment.items) IS
  'behind the cast to jsonb: the text form is JSON';
CREATE CAST (segment.items AS jsonb) WITH FUNCTION segment_internal.items_to_jsonb(segment.items);
COMMENT ON CAST (segment.items AS jsonb) IS 'the text form as jsonb';

CREATE FUNCTION segment_internal.items_agg_trans(internal, item anyelement) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_agg_trans';
COMMENT ON FUNCTION segment_internal.items_agg_trans(internal, anyelement) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.items_rollup_trans(internal, items segment.items) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_rollup_trans';
COMMENT ON FUNCTION segment_internal.items_rollup_trans(internal, segment.items) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.items_agg_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_agg_combine';
COMMENT ON FUNCTION segment_internal.items_agg_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.items_agg_final(internal) RETURNS segment.items
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_agg_final';
COMMENT ON FUNCTION segment_internal.items_agg_final(internal) IS
  'Final function.';

CREATE FUNCTION segment_internal.items_agg_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_agg_final';
COMMENT ON FUNCTION segment_internal.items_agg_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.items_agg_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_agg_deserialize';
COMMENT ON FUNCTION segment_internal.items_agg_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE AGGREGATE segment.items_agg(item anyelement) (
  SFUNC = segment_internal.items_agg_trans,
  STYPE = internal, SSPACE = 256, FINALFUNC = segment_internal.items_agg_final,
  COMBINEFUNC = segment_internal.items_agg_combine, SERIALFUNC = segment_internal.items_agg_serialize, DESERIALFUNC = segment_internal.items_agg_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.items_agg(anyelement) IS
  'the items of one group, each once; NULL is skipped, NULL without an item. smallint, integer and bigint are kept as integers, any other type by its text: a text by its bytes, whatever its collation; char(n) without the blanks at its end, numeric without zeros at its end. 22023 where integers and texts meet; 42883 for a type that cannot be hashed; 42804 for one whose text depends on settings (dates, floating-point numbers): make a text of it';

CREATE AGGREGATE segment.items_rollup(items segment.items) (
  SFUNC = segment_internal.items_rollup_trans,
  STYPE = internal, SSPACE = 256, FINALFUNC = segment_internal.items_agg_final,
  COMBINEFUNC = segment_internal.items_agg_combine, SERIALFUNC = segment_internal.items_agg_serialize, DESERIALFUNC = segment_internal.items_agg_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.items_rollup(segment.items) IS
  'the items of all sets: of all baskets of a customer. NULL is skipped, NULL without a set; 22023 where integers and texts meet';

CREATE FUNCTION segment_internal.items_add(segment.items, segment.items) RETURNS segment.items
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_add_items';
COMMENT ON FUNCTION segment_internal.items_add(segment.items, segment.items) IS
  'behind +: the items of both. 22023 where integers and texts meet';

CREATE OPERATOR segment.+ (LEFTARG = segment.items, RIGHTARG = segment.items, FUNCTION = segment_internal.items_add,
  COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.items, segment.items) IS 'the items of both';

CREATE FUNCTION segment.items_count(items segment.items) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_count';
COMMENT ON FUNCTION segment.items_count(segment.items) IS
  'how many items there are; NULL for NULL';

CREATE FUNCTION segment.items_array(items segment.items) RETURNS text[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_array';
COMMENT ON FUNCTION segment.items_array(segment.items) IS
  'the items as texts, in order: integers by value, texts by their bytes; NULL for NULL';

CREATE FUNCTION segment.has(items segment.items, item bigint) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_has';
COMMENT ON FUNCTION segment.has(segment.items, bigint) IS
  'true if the item is one of these; NULL if an argument is NULL. 22023 for a text among integers, or the other way round';

CREATE FUNCTION segment.has(items segment.items, item integer) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_has';
COMMENT ON FUNCTION segment.has(segment.items, integer) IS
  'true if the item is one of these; NULL if an argument is NULL. 22023 for a text among integers, or the other way round';

CREATE FUNCTION segment.has(items segment.items, item smallint) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_has';
COMMENT ON FUNCTION segment.has(segment.items, smallint) IS
  'true if the item is one of these; NULL if an argument is NULL. 22023 for a text among integers, or the other way round';

CREATE FUNCTION segment.has(items segment.items, item text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_has';
COMMENT ON FUNCTION segment.has(segment.items, text) IS
  'true if the item is one of these; NULL if an argument is NULL. 22023 for a text among integers, or the other way round';

CREATE FUNCTION segment.has(items segment.items, item anynonarray) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_items_has';
COMMENT ON FUNCTION segment.has(segment.items, anynonarray) IS
  'true if the item is one of these; NULL if an argument is NULL. 22023 for a text among integers, or the other way round';

CREATE TYPE segment.affinity;

CREATE FUNCTION segment_internal.affinity_in(cstring) RETURNS segment.affinity
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_in';
COMMENT ON FUNCTION segment_internal.affinity_in(cstring) IS
  'reads the text of affinity';

CREATE FUNCTION segment_internal.affinity_out(segment.affinity) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_out';
COMMENT ON FUNCTION segment_internal.affinity_out(segment.affinity) IS
  'writes affinity as text';

CREATE FUNCTION segment_internal.affinity_recv(internal) RETURNS segment.affinity
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_recv';
COMMENT ON FUNCTION segment_internal.affinity_recv(internal) IS
  'reads the binary form of affinity, checking it';

CREATE FUNCTION segment_internal.affinity_send(segment.affinity) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_send';
COMMENT ON FUNCTION segment_internal.affinity_send(segment.affinity) IS
  'writes the binary form of affinity';

CREATE TYPE segment.affinity (
  INPUT = segment_internal.affinity_in, OUTPUT = segment_internal.affinity_out, RECEIVE = segment_internal.affinity_recv, SEND = segment_internal.affinity_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = external
);
COMMENT ON TYPE segment.affinity IS
  'how often two items lie in one basket: all items with the number of their baskets, and all pairs that occur with theirs, counted exactly. What affinity_table and next_best read. Values merge: affinity_rollup, +';

CREATE FUNCTION segment_internal.affinity_to_jsonb(affinity segment.affinity) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  BEGIN ATOMIC SELECT ((affinity)::text)::jsonb; END;
COMMENT ON FUNCTION segment_internal.affinity_to_jsonb(segment.affinity) IS
  'behind the cast to jsonb: the text form is JSON';
CREATE CAST (segment.affinity AS jsonb) WITH FUNCTION segment_internal.affinity_to_jsonb(segment.affinity);
COMMENT ON CAST (segment.affinity AS jsonb) IS 'the text form as jsonb';

CREATE FUNCTION segment_internal.affinity_agg_trans(internal, items segment.items) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_agg_trans';
COMMENT ON FUNCTION segment_internal.affinity_agg_trans(internal, segment.items) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.affinity_agg_trans(internal, items segment.items, max_items integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_agg_trans';
COMMENT ON FUNCTION segment_internal.affinity_agg_trans(internal, segment.items, integer) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.affinity_rollup_trans(internal, affinity segment.affinity) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_rollup_trans';
COMMENT ON FUNCTION segment_internal.affinity_rollup_trans(internal, segment.affinity) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.affinity_agg_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_agg_combine';
COMMENT ON FUNCTION segment_internal.affinity_agg_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.affinity_agg_final(internal) RETURNS segment.affinity
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_agg_final';
COMMENT ON FUNCTION segment_internal.affinity_agg_final(internal) IS
  'Final function.';

CREATE FUNCTION segment_internal.affinity_agg_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_agg_serialize';
COMMENT ON FUNCTION segment_internal.affinity_agg_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.affinity_agg_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_agg_deserialize';
COMMENT ON FUNCTION segment_internal.affinity_agg_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE AGGREGATE segment.affinity_agg(items segment.items) (
  SFUNC = segment_internal.affinity_agg_trans,
  STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.affinity_agg_final,
  COMBINEFUNC = segment_internal.affinity_agg_combine, SERIALFUNC = segment_internal.affinity_agg_serialize, DESERIALFUNC = segment_internal.affinity_agg_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.affinity_agg(segment.items) IS
  'counts items and pairs of items over baskets, a basket a row: exactly, in any order and under any plan, with baskets beyond work_mem times hash_mem_multiplier in temporary files. A basket of more than 1000 items counts, and so do its items, but it gives no pairs: affinity_info says how many there were. NULL is skipped; NULL without a basket. 22023 where integers and texts meet';

CREATE AGGREGATE segment.affinity_agg(items segment.items, max_items integer) (
  SFUNC = segment_internal.affinity_agg_trans,
  STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.affinity_agg_final,
  COMBINEFUNC = segment_internal.affinity_agg_combine, SERIALFUNC = segment_internal.affinity_agg_serialize, DESERIALFUNC = segment_internal.affinity_agg_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.affinity_agg(segment.items, integer) IS
  'counts items and pairs of items over baskets, a basket a row: exactly, in any order and under any plan, with baskets beyond work_mem times hash_mem_multiplier in temporary files. A basket of more than max_items items (2 to 100000; the same in every row) counts, and so do its items, but it gives no pairs: affinity_info says how many there were. A basket of n items costs n(n-1)/2 steps. NULL is skipped; NULL without a basket. 22023 where integers and texts meet';

CREATE AGGREGATE segment.affinity_rollup(affinity segment.affinity) (
  SFUNC = segment_internal.affinity_rollup_trans,
  STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.affinity_agg_final,
  COMBINEFUNC = segment_internal.affinity_agg_combine, SERIALFUNC = segment_internal.affinity_agg_serialize, DESERIALFUNC = segment_internal.affinity_agg_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.affinity_rollup(segment.affinity) IS
  'the affinity of the baskets of all parts; each basket must lie in one part. NULL is skipped, NULL without a part; 22023 where integers and texts or different max_items meet';

CREATE FUNCTION segment_internal.affinity_add(segment.affinity, segment.affinity) RETURNS segment.affinity
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_affinity_add';
COMMENT ON FUNCTION segment_internal.affinity_add(segment.affinity, segment.affinity) IS
  'behind +: the baskets of both. 22023 where integers and texts or different max_items meet';

CREATE OPERATOR segment.+ (LEFTARG = segment.affinity, RIGHTARG = segment.affinity, FUNCTION = segment_internal.affinity_add,
  COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.affinity, segment.affinity) IS 'the baskets of both';

CREATE FUNCTION segment.affinity_table(affinity segment.affinity, min_count bigint DEFAULT 10, level double precision DEFAULT 0.95, OUT item_a text, OUT item_b text, OUT n_ab bigint, OUT n_a bigint, OUT n_b bigint, OUT n_baskets bigint, OUT support double precision, OUT confidence double precision, OUT lift double precision, OUT lift_low double precision, OUT leverage double precision, OUT conviction double precision) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 AS 'MODULE_PATHNAME', 'segment_affinity_table';
COMMENT ON FUNCTION segment.affinity_table(segment.affinity, bigint, double precision) IS
  'every pair of items that at least min_count baskets hold, in both directions: who has item_a, how likely is item_b? n_ab, n_a, n_b, n_baskets: baskets with both, with each, and all. support = n_ab / n_baskets; confidence = n_ab / n_a; lift = confidence / (n_b / n_baskets), above 1 if they go together; lift_low the lower end of its interval at level (0.95), by which to order: the lift of rare pairs is high by chance; leverage = support - n_a / n_baskets * n_b / n_baskets; conviction = (1 - n_b / n_baskets) / (1 - confidence), Infinity where the confidence is 1. No row for NULL; 22023 for options out of range';

CREATE FUNCTION segment.affinity_items(affinity segment.affinity, OUT item text, OUT n bigint, OUT n_baskets bigint, OUT support double precision) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 AS 'MODULE_PATHNAME', 'segment_affinity_items';
COMMENT ON FUNCTION segment.affinity_items(segment.affinity) IS
  'every item with the number of baskets that hold it, the number of baskets, and the first by the second; in the order of items. No row for NULL';

CREATE FUNCTION segment.affinity_info(affinity segment.affinity, OUT item_kind text, OUT n_baskets bigint, OUT single_item_baskets bigint, OUT largest_basket bigint, OUT n_items bigint, OUT incidences bigint, OUT n_pairs bigint, OUT max_items integer, OUT baskets_above_max_items bigint) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'segment_affinity_info';
COMMENT ON FUNCTION segment.affinity_info(segment.affinity) IS
  'what it was made of: integer or text items; baskets, those of one item (which count but give no pairs), the items of the largest; different items, and items counted once a basket; pairs that occur; max_items, and how many baskets had more and gave no pairs. No row for NULL';
